"""The kinds of files that a session is exported as: what people call them, and what they hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from sacmes_core.payloads.questions import ExportFormat
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.settings.parts import Technique


@dataclass(frozen=True, slots=True)
class FileKind:
    """How an export is offered.

    Attributes
    ----------
    selects
        Whether electrodes, frequencies and scan numbers can be chosen.
    """

    title: str
    caption: str
    ending: str
    content_type: str
    selects: bool = True


_CSV: Final = "text/csv; charset=utf-8"

KINDS: Final[Mapping[ExportFormat, FileKind]] = MappingProxyType(
    {
        "csv": FileKind(
            "Tidy table (CSV)",
            "One line for each scan and electrode, units in the column names; opens everywhere.",
            ".csv",
            _CSV,
        ),
        "xlsx": FileKind(
            "Excel workbook",
            "Four sheets: results, settings, marks, quality.",
            ".xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        "parquet": FileKind(
            "Parquet",
            "The same table with its types, small and quick, for pandas, R or MATLAB.",
            ".parquet",
            "application/vnd.apache.parquet",
        ),
        "raw": FileKind(
            "Raw files",
            "The instrument's files untouched, in a ZIP with a list of what each of them is.",
            "_raw.zip",
            "application/zip",
            selects=False,
        ),
        "sacmes_swv": FileKind(
            "SACMES Web, all electrodes",
            "Column for column as SACMES Web writes its continuous monitor.",
            "_sacmes_swv.csv",
            _CSV,
        ),
        "sacmes_map": FileKind(
            "SACMES Web, frequency map",
            "Column for column as SACMES Web writes a map: charge, current, potential.",
            "_sacmes_map.csv",
            _CSV,
        ),
        "sacmes_cv": FileKind(
            "SACMES Web, cyclic voltammetry",
            "Column for column as SACMES Web writes heights, charges and separation.",
            "_sacmes_cv.csv",
            _CSV,
        ),
        "sacmes_desktop": FileKind(
            "SACMES desktop text",
            "Columns with a space between, currents in µA, as the desktop program writes them.",
            "_sacmes.txt",
            "text/plain; charset=utf-8",
        ),
    }
)

_LAYOUTS: Final[Mapping[Technique, tuple[ExportFormat, ...]]] = MappingProxyType(
    {
        "swv": ("sacmes_swv", "sacmes_map", "sacmes_desktop"),
        "frequency_map": ("sacmes_map", "sacmes_swv", "sacmes_desktop"),
        "cv": ("sacmes_cv",),
        "ca": (),
    }
)


def kinds_for(technique: Technique) -> tuple[ExportFormat, ...]:
    """The kinds that make sense for a technique; those for everybody first."""
    return ("csv", "xlsx", "parquet", "raw", *_LAYOUTS[technique])


def file_name(user_id: str, session: SessionDocument, ending: str) -> str:
    """What an exported file is called: whose it is, and of which session."""
    name = session.name or f"{session.technique}_{session.started_at:%Y-%m-%d_%H%M}"
    return f"{user_id}_{safe(name)}{ending}"


def safe(name: str) -> str:
    """A name that every file system takes."""
    kept = "".join(c if c.isalnum() or c in "-_" else "_" for c in name)
    return kept[:80] or "session"


def size_words(size_bytes: int) -> str:
    """How large a file is."""
    if size_bytes < 1000:
        return f"{size_bytes} bytes"
    if size_bytes < 1_000_000:
        return f"{size_bytes / 1000:.0f} kB"
    return f"{size_bytes / 1_000_000:.1f} MB"
