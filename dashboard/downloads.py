"""Files that wait for their browsers: each behind a token that holds once and not for long.

The browser fetches a file by an address of its own, since Streamlit forgets a file made on demand
as soon as a few fragments have run. The token is all that the address tells; it ends with the hold
of its page on the connection.
"""

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final
from urllib.parse import quote

from dashboard.pool import Lease

DOWNLOAD_PATH: Final = "download"
TOKEN_S: Final = 60.0
WAITING_MAX: Final = 32
GONE: Final = "This file is no longer there. Go back to the page and ask for it again.\n"
_CHUNK_BYTES: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class Offer:
    """A file for one page; `content` stands at its beginning."""

    lease: Lease
    file_name: str
    content_type: str
    content: BinaryIO
    size_bytes: int


class Downloads:
    """What may be fetched at this moment."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: dict[str, tuple[float, Offer]] = {}

    def put(self, offer: Offer) -> str:
        """Keep a file for a while; the token to fetch it with."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._drop_old()
            while len(self._waiting) >= WAITING_MAX:
                self._drop(next(iter(self._waiting)))
            self._waiting[token] = (self._clock() + TOKEN_S, offer)
        return token

    def take(self, token: str) -> Offer | None:
        """The file of a token, once; None if there is none, or its page has gone."""
        with self._lock:
            self._drop_old()
            _, offer = self._waiting.pop(token, (0.0, None))
        return offer

    def _drop_old(self) -> None:
        now = self._clock()
        for token, (until, offer) in list(self._waiting.items()):
            if until <= now or not offer.lease.held:
                self._drop(token)

    def _drop(self, token: str) -> None:
        _, offer = self._waiting.pop(token)
        offer.content.close()


def headers(offer: Offer) -> dict[str, str]:
    """What the browser is told about a file: to save it under its name, and to keep no copy."""
    plain = "".join(
        c if (c.isascii() and c.isalnum()) or c in "-_." else "_" for c in offer.file_name
    )
    return {
        "Content-Type": offer.content_type,
        "Content-Length": str(offer.size_bytes),
        "Content-Disposition": (
            f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(offer.file_name, safe='')}"
        ),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


def chunks(offer: Offer) -> Iterator[bytes]:
    """The content of a file bit by bit; it is closed at the end."""
    with offer.content as content:
        while chunk := content.read(_CHUNK_BYTES):
            yield chunk
