"""The agent's home folder, opened: who it is, what waits, which session it follows."""

import contextlib
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Self

from pydantic import ValidationError

from agent import session
from agent.database import OutboxError
from agent.disk import write_private
from agent.identity import Identity, adopted, load_identity, save_identity
from agent.outbox import FILE_NAME as OUTBOX_NAME
from agent.outbox import Outbox
from agent.starting import Granted, Wish
from sacmes_core.errors import ConfigError
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.settings.session import SessionSettings

logger = logging.getLogger(__name__)


class Home:
    """What one agent keeps between two runs."""

    def __init__(self, folder: Path, identity: Identity, outbox: Outbox) -> None:
        self.folder = folder
        self.identity = identity
        self.outbox = outbox

    @property
    def outbox_path(self) -> Path:
        """The file of the outbox, for a thread that opens its own connection."""
        return self.folder / OUTBOX_NAME

    @classmethod
    @contextlib.contextmanager
    def opened(cls, folder: Path) -> Iterator[Self]:
        """The home in a folder, made the first time."""
        outbox = Outbox.open(folder / OUTBOX_NAME)
        with contextlib.closing(outbox):
            yield cls(folder, load_identity(folder), outbox)

    def adopt(self, user_id: str | None) -> None:
        """Become the user that the broker's address names.

        Raises
        ------
        ConfigError
            If scans wait for another user_id.
        """
        identity = adopted(self.identity, user_id, self.outbox.waiting_count())
        if identity != self.identity:
            (self.folder / session.FILE_NAME).unlink(missing_ok=True)
            self.outbox.forget_sessions("")
            save_identity(self.folder, identity)
            self.identity = identity

    def keep_number(self, number: int) -> None:
        """Keep the number of this start, as far as the disk takes it: the broker knows it too."""
        self.identity = replace(self.identity, number=number)
        try:
            save_identity(self.folder, self.identity)
        except ConfigError as error:
            logger.warning("%s", error)

    def kept_session(self) -> SessionDocument | None:
        """The session document that was followed last; None if there is none that can be read."""
        try:
            return session.from_bytes((self.folder / session.FILE_NAME).read_bytes())
        except OSError:
            return None

    def keep_session(self, document: SessionDocument) -> str | None:
        """Keep the session document; returns a sentence if that failed."""
        try:
            write_private(self.folder / session.FILE_NAME, session.to_bytes(document))
        except OSError as error:
            return f"The session cannot be kept in {self.folder}: {error.strerror}."
        return None

    def granted(self) -> Granted | None:
        """The wish that was met last, with its session."""
        try:
            text = self.outbox.note("granted")
            if text is None:
                return None
            kept = json.loads(text)
            settings = SessionSettings.model_validate_json(json.dumps(kept["settings"]))
            return Granted(Wish(kept["technique"], settings, kept["name"]), kept["session_id"])
        except (OutboxError, ValueError, KeyError, TypeError, ValidationError):
            return None

    def keep_granted(self, granted: Granted) -> None:
        """Keep which session came of which wish, so that a restart goes on with it."""
        wish = granted.wish
        kept = {
            "technique": wish.technique,
            "settings": wish.settings.model_dump(mode="json"),
            "name": wish.name,
            "session_id": granted.session_id,
        }
        try:
            self.outbox.keep_note("granted", json.dumps(kept))
        except OutboxError as error:
            logger.warning("%s", error)
