"""What is flagged in a run: how often for which reason, and in which files."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dashboard.blocks import Cell, Column
from dashboard.columns import UNREADABLE, columns_of
from dashboard.figures import frequency_label
from dashboard.flag_words import flag_name, flag_sentences
from dashboard.trend import Scan, Trend

REASON_COLUMNS: Final = (
    Column("Reason"),
    Column("Scans", "right"),
    Column("Share", "right"),
    Column("What it means and what to do", "wrap"),
)
FILE_COLUMNS: Final = (
    Column("Scan", "right"),
    Column("Frequency", "right"),
    Column("Electrodes"),
    Column("File"),
    Column("Why"),
)
FILES_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Reason:
    """Why scans are flagged, and how many."""

    flag: str
    scans: int
    share: float

    @property
    def name(self) -> str:
        """A short name."""
        return flag_name(self.flag)


def reasons_of(trend: Trend) -> list[Reason]:
    """The reasons that occur, the most frequent first."""
    columns = columns_of(trend)
    found = [
        Reason(flag, len(places), len(places) / max(1, columns.scans))
        for flag, places in columns.reasons.items()
    ]
    return sorted(found, key=lambda reason: (-reason.scans, reason.flag))


def reason_rows(reasons: Sequence[Reason]) -> list[list[Cell]]:
    """One row for each reason, in words."""
    return [
        [
            Cell(reason.name),
            Cell(f"{reason.scans:,}"),
            Cell(f"{100 * reason.share:.1f} %"),
            Cell(_sentence(reason.flag), tone="muted"),
        ]
        for reason in reasons
    ]


def files_behind(trend: Trend, flag: str) -> list[Scan]:
    """The scans that carry a flag, the newest first."""
    places = columns_of(trend).reasons.get(flag, ())
    return [trend.scans[place] for place in reversed(places[-FILES_MAX:])]


def file_rows(scans: Sequence[Scan], flag: str) -> list[list[Cell]]:
    """One row for each scan: its number, frequency, the electrodes that are meant, its file."""
    rows = []
    for scan in scans:
        electrodes = [p.electrode for p in scan.peaks if flag in p.flags]
        names = " ".join(f"E{e}" for e in electrodes) or "all"
        why = scan.error if flag == UNREADABLE and scan.error else flag_name(flag)
        rows.append(
            [
                Cell(f"{scan.number if scan.number is not None else scan.position}"),
                Cell(frequency_label(scan.frequency_hz)),
                Cell(names),
                Cell(scan.file, title=scan.file),
                Cell(why, title=why, tone="attention"),
            ]
        )
    return rows


def _sentence(flag: str) -> str:
    if flag == UNREADABLE:
        return "The file could not be read or analysed; open one to see why."
    return flag_sentences((flag,))
