"""Obeying the session document: the newest revision holds, in whatever order they come."""

from dataclasses import dataclass
from typing import Final

from sacmes_core.errors import ProtocolError
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.protocol import decode, encode

FILE_NAME: Final = "session.json"


@dataclass(frozen=True, slots=True)
class Obedience:
    """The newest session document that this agent has seen; None before the first."""

    document: SessionDocument | None = None

    @property
    def revision(self) -> int:
        """Its revision; 0 before the first."""
        return 0 if self.document is None else self.document.revision

    @property
    def running(self) -> bool:
        """Whether files are to be taken."""
        return self.document is not None and self.document.state == "running"


@dataclass(frozen=True, slots=True)
class Follow:
    """Keep this document on the disk, and do what it says."""

    document: SessionDocument


@dataclass(frozen=True, slots=True)
class Ignore:
    """Leave the document aside: it is older than the one that holds."""

    reason: str


def step(
    state: Obedience, document: SessionDocument
) -> tuple[Obedience, tuple[Follow | Ignore, ...]]:
    """What holds after a document came; the one that holds already changes nothing."""
    if document.revision == state.revision:
        return state, ()
    if document.revision < state.revision:
        return state, (
            Ignore(
                f"Revision {document.revision} of the session is older than revision "
                f"{state.revision}, which this agent follows; it is ignored."
            ),
        )
    return Obedience(document), (Follow(document),)


def told(document: SessionDocument) -> tuple[Obedience, tuple[Follow, ...]]:
    """What holds after the analyzer's own answer: it is no old copy, whatever its revision.

    A new store begins to count anew; the answer to a question just asked is how an agent learns.
    """
    return Obedience(document), (Follow(document),)


def to_bytes(document: SessionDocument) -> bytes:
    """The document as it is kept on the disk."""
    return encode(document)


def from_bytes(content: bytes) -> SessionDocument | None:
    """A document from the disk; None if it is damaged, so that the retained one is awaited."""
    try:
        return decode(SessionDocument, content)
    except ProtocolError:
        return None
