"""What a check found: how bad it is, and a sentence that says what to do."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

Level = Literal["ok", "warning", "problem"]

_LEVELS: Final[tuple[Level, ...]] = ("ok", "warning", "problem")


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check."""

    check: str
    level: Level
    sentence: str


def ok(check: str, sentence: str) -> Finding:
    """A check that found nothing wrong."""
    return Finding(check, "ok", sentence)


def warning(check: str, sentence: str) -> Finding:
    """Something that does not stop the agent, but that somebody should look at."""
    return Finding(check, "warning", sentence)


def problem(check: str, sentence: str) -> Finding:
    """Something that keeps scans from coming through."""
    return Finding(check, "problem", sentence)


def worst(findings: Iterable[Finding]) -> Level:
    """The worst level of all."""
    return max((finding.level for finding in findings), key=_LEVELS.index, default="ok")


def document(findings: Iterable[Finding]) -> dict[str, Any]:
    """The findings for programs."""
    listed = list(findings)
    return {"status": worst(listed), "checks": [asdict(finding) for finding in listed]}
