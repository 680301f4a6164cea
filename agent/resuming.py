"""What a `send` that was stopped leaves to the next one: its session, and what is stored."""

import contextlib
import json
from collections.abc import Container, Iterable, Iterator
from pathlib import Path
from typing import Final, Self

from agent.disk import HomeLock
from agent.outbox import Outbox
from agent.settling import Sighting
from sacmes_core.errors import ProtocolError
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.protocol import decode, encode
from sacmes_core.settings.parts import Technique

FILE_NAME: Final = "sending.sqlite"
_NOTE: Final = "sending"

Command = tuple[str, Technique, str]
"""What makes two commands equal: user_id, technique and name of the session."""


class Memory:
    """The outbox of a `send`, and the session it is for."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox

    @classmethod
    @contextlib.contextmanager
    def opened(cls, home: Path | None) -> Iterator[Self]:
        """The memory in a home folder; of two commands at once the second remembers nothing."""
        with contextlib.ExitStack() as stack:
            path = None
            if home is not None:
                lock = HomeLock(home, f"{FILE_NAME}.lock")
                stack.callback(lock.release)
                path = home / FILE_NAME if lock.acquire() else None
            yield cls(stack.enter_context(contextlib.closing(Outbox.open(path))))

    def keep(self, command: Command, document: SessionDocument, *, started: bool) -> None:
        """Remember the session that the files go to, and whether it was started for them."""
        kept = [*command, started, encode(document).decode()]
        self.outbox.keep_note(_NOTE, json.dumps(kept))

    def kept(self, command: Command) -> tuple[SessionDocument, bool] | None:
        """The session of an equal command that was stopped, and whether it was started for it."""
        try:
            *known, started, document = json.loads(self.outbox.note(_NOTE) or "[null, null]")
            if tuple(known) != command:
                return None
            return decode(SessionDocument, document.encode()), bool(started)
        except (ValueError, AttributeError, ProtocolError):
            return None

    def has_begun(self, session_id: str, names: Container[str]) -> bool:
        """Whether any of these files was sent to the session, receipt or none."""
        return any(name in names for name, _ in self.outbox.sightings(session_id))

    def stored(self, session_id: str, named: Iterable[tuple[str, Path]]) -> frozenset[str]:
        """The names of files that are stored already, and have not changed since."""
        self.outbox.drop_unconfirmed()
        confirmed = self.outbox.confirmed_files(session_id)
        seen = dict(self.outbox.sightings(session_id))
        found = set()
        for name, path in named:
            status = path.stat()
            sighting = Sighting(status.st_size, status.st_mtime_ns)
            if name in confirmed and seen.get(name) == sighting:
                found.add(name)
        return frozenset(found)

    def forget(self) -> None:
        """Remember nothing: all is sent, or this is another command."""
        self.outbox.clear()
