"""The kinds of file that a scan can be written as, by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Final

from sacmes_core.errors import ConfigError
from sacmes_core.formats.scan import Scan
from sacmes_core.simulate.writers.chi import chi_text
from sacmes_core.simulate.writers.delimited import DelimitedText, delimited_text
from sacmes_core.simulate.writers.eclab import eclab_mpt
from sacmes_core.simulate.writers.gamry import gamry_dta
from sacmes_core.simulate.writers.lines import (
    acestat_lines,
    kickstat_lines,
    rodeostat_stream,
    rodeostat_text,
)
from sacmes_core.simulate.writers.methodscript import methodscript_recording
from sacmes_core.simulate.writers.nova import nova_text
from sacmes_core.simulate.writers.pssession import pssession
from sacmes_core.simulate.writers.pstrace import pstrace_csv

_MANY: Final = 256
_SWEEPS: Final = ("swv", "cv")
_ALL: Final = (*_SWEEPS, "ca")


@dataclass(frozen=True, slots=True)
class FileKind:
    """One kind of file.

    Attributes
    ----------
    electrodes_max
        Electrodes that one file can hold.
    numbers_electrodes
        Whether a file says which electrodes it holds; else they count from 1.
    units
        Potential and current unit for a reader's settings where the file names none.
    """

    write: Callable[[Scan], bytes]
    extension: str
    techniques: tuple[str, ...] = _ALL
    electrodes_max: int = _MANY
    numbers_electrodes: bool = True
    units: tuple[str, str] | None = None


KINDS: Final[Mapping[str, FileKind]] = MappingProxyType(
    {
        "chi": FileKind(chi_text, "txt"),
        "gamry": FileKind(gamry_dta, "DTA", electrodes_max=1),
        "gamry-comma": FileKind(partial(gamry_dta, decimal="comma"), "DTA", electrodes_max=1),
        "pstrace": FileKind(pstrace_csv, "csv"),
        "pssession": FileKind(pssession, "pssession"),
        "eclab": FileKind(eclab_mpt, "mpt", electrodes_max=1),
        "eclab-comma": FileKind(partial(eclab_mpt, decimal="comma"), "mpt", electrodes_max=1),
        "nova": FileKind(nova_text, "txt", electrodes_max=2),
        "nova-comma": FileKind(partial(nova_text, decimal="comma"), "txt", electrodes_max=2),
        "methodscript": FileKind(methodscript_recording, "txt"),
        "rodeostat": FileKind(rodeostat_stream, "jsonl", _SWEEPS),
        "rodeostat-text": FileKind(rodeostat_text, "txt", ("cv",), 1),
        "kickstat": FileKind(kickstat_lines, "txt", ("swv",), 1, units=("V", "µA")),
        "acestat": FileKind(acestat_lines, "txt", _SWEEPS, 1, units=("mV", "µA")),
        "columns": FileKind(delimited_text, "txt"),
        "columns-bare": FileKind(
            partial(delimited_text, layout=DelimitedText("space", bare=True)),
            "txt",
            _SWEEPS,
            numbers_electrodes=False,
        ),
        "columns-comma": FileKind(
            partial(delimited_text, layout=DelimitedText("semicolon", "comma", "mV", "µA")), "csv"
        ),
    }
)
"""Every kind, those with a decimal comma beside those with a point."""


def write_files(scan: Scan, kind: str, name: str) -> list[tuple[str, bytes]]:
    """The files of a scan, by name: one, or one for each electrode where a kind holds no more.

    Parameters
    ----------
    name
        Of the file, without its extension; ``E2_`` stands before that of a single electrode.

    Raises
    ------
    ConfigError
        If no kind has this name, or it cannot hold the technique.
    """
    file_kind = KINDS.get(kind)
    if file_kind is None:
        raise ConfigError(f"There is no format “{kind}”; choose one of {', '.join(KINDS)}.")
    if scan.technique not in file_kind.techniques:
        known = ", ".join(file_kind.techniques)
        raise ConfigError(f"“{kind}” holds {known}, not {scan.technique}; choose another format.")
    whole = f"{name}.{file_kind.extension}"
    electrodes = scan.electrodes
    counted = electrodes == tuple(range(1, len(electrodes) + 1))
    if max(electrodes) <= file_kind.electrodes_max and (counted or file_kind.numbers_electrodes):
        return [(whole, file_kind.write(scan))]
    files = []
    for electrode in electrodes:
        curves = (replace(c, electrode=1) for c in scan.curves if c.electrode == electrode)
        alone = replace(scan, curves=tuple(curves))
        files.append((f"E{electrode}_{whole}", file_kind.write(alone)))
    return files
