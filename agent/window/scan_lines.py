"""The newest scan in words: which file, which numbers, and what there is to say about them."""

from dataclasses import dataclass
from typing import Final

from agent.window.quantities import measured, potential
from agent.window.record import Record
from sacmes_core.flags import SENTENCES
from sacmes_core.payloads.results import ElectrodeResult, Result

LINES_MAX: Final = 6
REMARKS_MAX: Final = 2
"""Electrodes and flags that the window has room for; the dashboard shows them all."""

NOTHING_YET: Final = "No numbers yet; they come back as soon as a scan is analysed."


@dataclass(frozen=True, slots=True)
class ScanLine:
    """One electrode's line: its number, the peak current and where it lies."""

    electrode: str
    height: str
    place: str


@dataclass(frozen=True, slots=True)
class ScanLines:
    """The newest scan as the window writes it.

    Attributes
    ----------
    remark
        Flags and errors, in sentences; empty where there are none.
    doubtful
        Whether the remark is one to look at.
    """

    title: str
    detail: str
    lines: tuple[ScanLine, ...] = ()
    remark: str = ""
    doubtful: bool = False


def scan_lines(record: Record, last_file: str | None) -> ScanLines:
    """What to write of the newest result, or of the file that was taken last before any."""
    result = record.last
    if result is None:
        title = last_file or "No scan yet"
        return ScanLines(title, NOTHING_YET if last_file else "")
    remark = result.error or _remark(result)
    return ScanLines(
        result.scan.file,
        _detail(result),
        tuple(_line(electrode) for electrode in result.electrodes[:LINES_MAX]),
        remark,
        bool(remark),
    )


def one_line(result: Result) -> str:
    """A result in one line, for a terminal."""
    if result.error:
        return f"{result.scan.file}: {result.error}"
    lines = (_line(e) for e in result.electrodes)
    numbers = ", ".join(f"{line.electrode} {line.height} at {line.place}" for line in lines)
    flags = sorted({f for e in result.electrodes for f in e.flags} | set(result.flags))
    return f"{result.scan.file}: {numbers}" + (f" [{', '.join(flags)}]" if flags else "")


def _detail(result: Result) -> str:
    scan = result.scan
    parts = []
    if scan.frequency_hz is not None:
        parts.append(f"{scan.frequency_hz:g} Hz")
    if scan.number is not None:
        parts.append(f"scan {scan.number}")
    if scan.measured_at is not None:
        parts.append(f"measured at {scan.measured_at.astimezone():%H:%M:%S}")
    if scan.revision > 1:
        parts.append(f"written {scan.revision} times")
    if len(result.electrodes) > LINES_MAX:
        parts.append(f"the first {LINES_MAX} of {len(result.electrodes)} electrodes")
    return "  ·  ".join(parts)


def _line(electrode: ElectrodeResult) -> ScanLine:
    name = f"E{electrode.electrode}"
    if electrode.ca is not None:
        lifetime = measured(electrode.ca.lifetime_s, electrode.ca.lifetime_se_s, "s")
        return ScanLine(name, f"lifetime {lifetime}", "")
    return ScanLine(
        name,
        measured(electrode.peak_current_a, electrode.peak_current_se_a, "A"),
        potential(electrode.peak_potential_v),
    )


def _remark(result: Result) -> str:
    """Each flag's sentence once, with the electrodes that it concerns."""
    concerned: dict[str, list[str]] = {flag: [] for flag in result.flags}
    for electrode in result.electrodes:
        for flag in electrode.flags:
            concerned.setdefault(flag, []).append(f"E{electrode.electrode}")
    sentences = [
        _whose(electrodes, len(result.electrodes)) + SENTENCES.get(flag, flag)
        for flag, electrodes in concerned.items()
    ]
    if (more := len(sentences) - REMARKS_MAX) > 0:
        sentences[REMARKS_MAX:] = [f"and {more} more; the dashboard shows them all."]
    return "\n".join(sentences)


def _whose(electrodes: list[str], of: int) -> str:
    if not electrodes:
        return ""
    if len(electrodes) == of > 2:
        return "All electrodes: "
    return f"{', '.join(electrodes)}: "
