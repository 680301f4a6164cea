"""What an export is made of, and the refusal of one that cannot be made."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from analyzer.store.uploads import StoredUpload
from sacmes_core.errors import SacmesError
from sacmes_core.payloads.marks import Mark
from sacmes_core.payloads.results import Result
from sacmes_core.payloads.session import SessionDocument


class ExportError(SacmesError):
    """An export cannot be made; its text says what to do."""

    def __init__(
        self, kind: Literal["not_found", "too_large", "unavailable", "conflict"], detail: str
    ) -> None:
        super().__init__(detail)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Material:
    """What the store knows of a session, to be written in one way or another.

    Attributes
    ----------
    results, uploads
        In order; to be read once.
    """

    document: SessionDocument
    results: Iterable[Result]
    uploads: Iterable[StoredUpload]
    marks: Sequence[Mark] = ()


def settings_rows(document: SessionDocument) -> list[tuple[str, str]]:
    """The session document line by line: dotted name and value."""
    return list(_flat(document.model_dump(mode="json")))


def written_at(document: SessionDocument, results: Iterable[Result]) -> datetime:
    """The date of an export: of what is in it, so that the same content gives the same bytes."""
    times = [r.scan.measured_at for r in results if r.scan.measured_at is not None]
    return max([document.changed_at, *times]).astimezone(UTC)


def _flat(value: object, name: str = "") -> Iterable[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inside in value.items():
            yield from _flat(inside, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        yield name, ", ".join(map(str, value))
    else:
        yield name, "" if value is None else str(value)
