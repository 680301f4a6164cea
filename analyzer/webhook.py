"""Tells a web address of each alert, in a thread of its own, until it has answered.

What is still to be told lies in the store: a process that is killed between the answer and its
note tells once more, under the same name, and forgets nothing. Only whoever starts the analyzer
names the address; nothing that comes over the broker changes it, and no redirection is followed.
"""

import hashlib
import hmac
import json
import logging
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any, Final
from urllib.parse import urlsplit

from analyzer.store.alerts import AlertBook, Post
from sacmes_core import __version__
from sacmes_core.errors import ConfigError
from sacmes_core.logs import concerning

logger = logging.getLogger(__name__)

SIGNATURE_HEADER: Final = "X-Sacmes-Signature"
ALERT_HEADER: Final = "X-Sacmes-Alert"
TIMEOUT_S: Final = 10.0
ATTEMPTS_MAX: Final = 10
PAUSE_FIRST_S: Final = 2.0
PAUSE_MAX_S: Final = 300.0
POLL_S: Final = 1.0
_AT_ONCE: Final = 5
"""Alerts of one turn: an address that does not answer must not look like a loop that hangs."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where alerts are told, and the secret that signs what is told.

    Raises
    ------
    ConfigError
        If the address is none of the web.
    """

    url: str
    secret: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(
                "The webhook of the alerts is no address of the web; write for example "
                "https://chat.example.org/hooks/lab."
            )

    @property
    def host(self) -> str:
        """The address without what may be secret in it."""
        return urlsplit(self.url).hostname or ""


def body_of(post: Post) -> bytes:
    """What is told: the alert, whose it is, and a text that chat programs show."""
    document: dict[str, Any] = {
        "schema": 1,
        "user_id": post.user_id,
        "text": f"{post.user_id}: {post.alert.sentence}",
        "alert": post.alert.model_dump(mode="json", exclude_none=True),
    }
    return json.dumps(document, ensure_ascii=False).encode()


def signature(secret: str, body: bytes) -> str:
    """Proof that the body comes from who knows the secret: HMAC with SHA-256, in hexadecimal."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def pause_s(attempts: int) -> float:
    """How long to wait after so many attempts."""
    return min(PAUSE_FIRST_S * 2.0 ** (attempts - 1), PAUSE_MAX_S)


class Poster:
    """Posts the alerts that wait in a store.

    Parameters
    ----------
    on_duty
        Whether this process is the one that tells.
    stop
        Ends the waiting.
    """

    def __init__(
        self,
        book: AlertBook,
        webhook: Webhook,
        on_duty: Callable[[], bool],
        stop: threading.Event,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._book = book
        self._webhook = webhook
        self._on_duty = on_duty
        self._stop = stop
        self._now = now
        self._open = urllib.request.build_opener(_NoRedirection).open
        self._unnoted: tuple[Post, float | None] | None = None

    def work(self) -> None:
        """Post what is due; wait a little where that is nothing.

        Nothing more is posted as long as the store does not note what was.
        """
        self._note()
        waiting = self._book.posts(self._now(), _AT_ONCE) if self._on_duty() else ()
        for post in waiting:
            if self._stop.is_set():
                return
            with concerning(post.user_id):
                self._post(post)
        if not waiting:
            self._stop.wait(POLL_S)

    def _post(self, post: Post) -> None:
        fault = self._fault(post)
        again_at = None
        if fault is not None and post.attempts >= ATTEMPTS_MAX:
            logger.error(
                "The webhook at %s was not told of alert %s: %s (%d attempts; no more follow)",
                *(self._webhook.host, post.alert.alert_id, fault, post.attempts),
            )
        elif fault is not None:
            logger.warning("The webhook at %s: %s", self._webhook.host, fault)
            again_at = self._now() + pause_s(post.attempts)
        self._unnoted = post, again_at
        self._note()

    def _note(self) -> None:
        """Note what became of the last attempt, if that is not done yet."""
        if self._unnoted is not None:
            self._book.posted(*self._unnoted)
            self._unnoted = None

    def _fault(self, post: Post) -> str | None:
        """Why the address did not take an alert; None if it did."""
        body = body_of(post)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"sacmes-analyzer {__version__}",
            ALERT_HEADER: post.alert.alert_id,
        }
        if self._webhook.secret is not None:
            headers[SIGNATURE_HEADER] = signature(self._webhook.secret, body)
        request = urllib.request.Request(self._webhook.url, body, headers, method="POST")
        try:
            with self._open(request, timeout=TIMEOUT_S):
                return None
        except urllib.error.HTTPError as error:
            error.close()
            return f"it answers {error.code}"
        except (OSError, ValueError, HTTPException) as error:
            return f"it is not reached: {getattr(error, 'reason', error)}"


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    """Takes a redirection for a fault: it could lead to where the administrator never meant."""

    def redirect_request(self, *_arguments: Any, **_options: Any) -> None:
        return None
