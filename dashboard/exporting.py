"""A file made for a page, in a thread of its own: fetched in parts, with progress, then offered."""

import logging
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import BinaryIO, Final, cast

from dashboard.connection import AskError, ExportPart
from dashboard.downloads import Downloads, Offer
from dashboard.pool import Lease
from sacmes_core.payloads.questions import ExportQuery

logger = logging.getLogger(__name__)

FIRST_PART_S: Final = 90.0
"""The analyzer makes the whole file before it answers with the first part."""
PART_S: Final = 20.0
ATTEMPTS: Final = 3
_IN_MEMORY_BYTES: Final = 8 << 20

Heard = Callable[[int, int], None]
Make = Callable[[BinaryIO, Heard], None]
"""Writes a file, and says meanwhile how many parts of how many it has."""
AskPart = Callable[[ExportQuery, float], ExportPart]


@dataclass(frozen=True, slots=True)
class FileProgress:
    """How far a file is: on its way, refused with a sentence, or ready behind a token."""

    done: int = 0
    of: int = 0
    problem: str = ""
    token: str = ""
    size_bytes: int = 0

    @property
    def over(self) -> bool:
        """Whether nothing more comes."""
        return bool(self.problem or self.token)


class CancelledError(Exception):
    """Whoever asked for the file does not want it any longer."""


class FileJob:
    """One file on its way; `progress` is what pages read.

    Parameters
    ----------
    lease
        Hold of the page that wants it.
    file_name, content_type
        What the browser is told.
    make
        Writes the file.
    """

    def __init__(
        self, lease: Lease, file_name: str, content_type: str, make: Make, downloads: Downloads
    ) -> None:
        self.file_name = file_name
        self.progress = FileProgress()
        self._lease = lease
        self._content_type = content_type
        self._make = make
        self._downloads = downloads
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._run, name="export", daemon=True)

    def start(self) -> None:
        """Begin, in the background."""
        self._thread.start()

    def cancel(self) -> None:
        """Give it up at the next part."""
        self._cancelled.set()

    def wait(self, timeout_s: float) -> FileProgress:
        """Wait until nothing more comes, or the time is over."""
        self._thread.join(timeout_s)
        return self.progress

    def _run(self) -> None:
        content = cast(BinaryIO, tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES))  # noqa: SIM115
        try:
            self._make(content, self._heard)
        except (AskError, CancelledError) as error:
            self._refuse(content, str(error))
        except Exception:
            logger.exception("An export stumbled.")
            sentence = "The file could not be made; the administrator finds the reason in the log."
            self._refuse(content, sentence)
        else:
            self._offer(content)

    def _offer(self, content: BinaryIO) -> None:
        size_bytes = content.tell()
        content.seek(0)
        offer = Offer(self._lease, self.file_name, self._content_type, content, size_bytes)
        token = self._downloads.put(offer)
        self.progress = replace(self.progress, token=token, size_bytes=size_bytes)

    def _refuse(self, content: BinaryIO, sentence: str) -> None:
        content.close()
        self.progress = replace(self.progress, problem=sentence)

    def _heard(self, done: int, of: int) -> None:
        if self._cancelled.is_set() or not self._lease.held:
            raise CancelledError("The export was cancelled.")
        self.progress = replace(self.progress, done=done, of=of)


def fetch(ask: AskPart, query: ExportQuery, into: BinaryIO, heard: Heard) -> None:
    """Write an export of the analyzer, all of its parts from one state of the session.

    Where the analyzer no longer keeps that state, everything begins anew.

    Raises
    ------
    AskError
        With a sentence why there is no file.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _fetch_once(ask, query, into, heard)
        except AskError as error:
            if error.kind != "conflict" or attempt == ATTEMPTS:
                raise
            into.seek(0)
            into.truncate()
        else:
            return


def _fetch_once(ask: AskPart, query: ExportQuery, into: BinaryIO, heard: Heard) -> None:
    heard(0, 0)
    first = ask(query, FIRST_PART_S)
    into.write(first.content)
    heard(1, first.parts)
    for part in range(2, first.parts + 1):
        asked = query.model_copy(update={"part": part, "state": first.state})
        into.write(ask(asked, PART_S).content)
        heard(part, first.parts)
