"""How fast CHI text is read: our reader against a plain loop, SACMES Web's way, numpy and pandas.

    python benchmarks/parsing.py

Each reader gets the bytes of a file and gives its columns. Ours also decodes, recognises the format
among all others, lifts the header, names electrodes and roles and looks for half-written lines; the
others are told where the columns are and know nothing else. All must give equal numbers. A file is
read again and again, so its potentials are always those of the file before, as they are in a run.

SACMES Web's reader is written from a description of its behaviour, not taken from its source. It is
timed twice: reading all columns once, and as that program works, where the task of each electrode
reads the file anew and takes one current of three.
"""

import argparse
import importlib.util
import io
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

from sacmes_core.formats.reading import read

Columns = Sequence[Sequence[float]]
Reader = Callable[[bytes], Columns]
ROLES = "dfr"
HEADER_LINES = 18
FILES_A_RUN = 20
ELECTRODES_MAX = 16
"""As many electrodes as SACMES Web's reader looks for."""


@dataclass(frozen=True, slots=True)
class Case:
    """A file to be made: points and electrodes."""

    points: int
    electrodes: int


CASES = (Case(126, 1), Case(501, 1), Case(2000, 1), Case(343, 4))
"""One electrode with difference, forward and reverse, and the 52 kB of four electrodes."""


def chi_file(case: Case) -> bytes:
    """A square-wave voltammogram as a CH Instruments 1040C exports it."""
    names = [f"i{k}{role}/A" for k in range(1, case.electrodes + 1) for role in ROLES]
    step = 0.5 / case.points
    lines = [
        "May 7, 2024   16:05:57",
        "Square Wave Voltammetry",
        "File: c:\\data\\f=60, m2.txt",
        "Data Source:  Experiment",
        "Instrument Model:  CHI1040C",
        "Header:  ",
        "Note:  ",
        "",
        "Init E (V) = 0",
        "Final E (V) = -0.5",
        f"Incr E (V) = {step:.6g}",
        "Amplitude (V) = 0.025",
        "Frequency (Hz) = 60",
        "Quiet Time (sec) = 2",
        "Sensitivity (A/V) = 1e-6",
        "",
        ", ".join(["Potential/V", *names]),
        "",
    ]
    for k in range(1, case.points + 1):
        potential = -k * step
        cells = [f"{potential:.4f}"]
        for electrode in range(1, case.electrodes + 1):
            peak = 1e-7 * electrode / math.cosh((potential + 0.27) / 0.03) ** 2
            forward = -4.2e-8 * electrode - 0.6 * peak + 3e-9 * math.sin(k)
            reverse = forward + 6.1e-8 + peak
            cells += [f"{value:.3e}" for value in (forward - reverse, forward, reverse)]
        lines.append(", ".join(cells))
    return ("\r\n".join(lines) + "\r\n").encode()


def ours(content: bytes) -> Columns:
    """The reader of this project, all formats in reach."""
    (scan,) = read(content)
    potentials = scan.curves[0].potential_v
    return [potentials, *(curve.current_a for curve in scan.curves)]


def plain_loop(content: bytes) -> Columns:
    """Split every line at its commas and keep the lines of which all cells are numbers."""
    rows = []
    for line in content.decode().splitlines():
        try:
            rows.append([float(cell) for cell in line.split(",")])
        except ValueError:
            continue
    return [list(column) for column in zip(*rows, strict=True)]


def sacmes_web(content: bytes, spacing: int = 1) -> Columns:
    """What SACMES Web's reader does, written from a description of its behaviour.

    Split at the chosen delimiter, here a blank; drop empty leading cells; take all commas out of
    every cell; a line whose first cell is a number is data. Electrode k has its current in column
    1 + k * spacing, from 0; one that is missing counts as zero, and the electrodes end with the
    last one that has a current above 1e-12.
    """
    places = range(1, 1 + ELECTRODES_MAX * spacing, spacing)
    potentials: list[float] = []
    rows: list[list[float]] = []
    for line in content.decode("utf-8").splitlines():
        cells = line.split(" ")
        while cells and not cells[0].strip():
            cells = cells[1:]
        if len(cells) < 2:
            continue
        cells = [cell.replace(",", "").strip() for cell in cells]
        try:
            potential = float(cells[0])
        except ValueError:
            continue
        try:
            row = [float(cells[k]) if k < len(cells) else 0.0 for k in places]
        except ValueError:
            continue
        potentials.append(potential)
        rows.append(row)
    columns = [[row[k] for row in rows] for k in range(ELECTRODES_MAX)]
    last = max(k for k, column in enumerate(columns) if any(abs(i) > 1e-12 for i in column))
    return [potentials, *columns[: last + 1]]


def sacmes_web_tasks(content: bytes, electrodes: int) -> Columns:
    """The difference currents as SACMES Web comes by them: each electrode's task reads the file."""
    return [sacmes_web(content, spacing=len(ROLES)) for _ in range(electrodes)][-1]


def numpy_loadtxt(content: bytes) -> Columns:
    """`np.loadtxt`, told how many lines the header has."""
    import numpy as np

    array = np.loadtxt(io.BytesIO(content), delimiter=",", skiprows=HEADER_LINES)
    return [column.tolist() for column in array.T]


def pandas_csv(content: bytes) -> Columns:
    """`pandas.read_csv` with its parser in C, told how many lines the header has."""
    import pandas as pd

    table = pd.read_csv(io.BytesIO(content), header=None, skiprows=HEADER_LINES)
    return [table[name].to_list() for name in table]


def conversion_alone(content: bytes) -> Columns:
    """`float` over cells that are already split."""
    width, cells = _split(content)
    values = list(map(float, cells))
    return [values[k::width] for k in range(width)]


@lru_cache(maxsize=1)
def _split(content: bytes) -> tuple[int, list[str]]:
    lines = content.decode().splitlines()[HEADER_LINES:]
    return lines[0].count(",") + 1, ",".join(lines).split(",")


READERS: dict[str, Reader] = {
    "sacmes": ours,
    "plain loop": plain_loop,
    "SACMES Web once": sacmes_web,
    "np.loadtxt": numpy_loadtxt,
    "pandas": pandas_csv,
    "float alone": conversion_alone,
}
TASKS = "SACMES Web tasks"
NEEDS = {"np.loadtxt": "numpy", "pandas": "pandas"}


def milliseconds(readers: dict[str, Reader], content: bytes, seconds: float) -> dict[str, float]:
    """The shortest processor time of each reader for a file.

    Each reads a run of files, then the next reader has its turn, so that all meet the same load of
    the machine.
    """
    best = dict.fromkeys(readers, math.inf)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for name, reader in readers.items():
            start = time.process_time()
            for _ in range(FILES_A_RUN):
                reader(content)
            best[name] = min(best[name], (time.process_time() - start) / FILES_A_RUN)
    return {name: 1e3 * shortest for name, shortest in best.items()}


def main() -> None:
    """Print files a second and the ratio to ours."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=4.0, help="time for each size of file")
    options = parser.parse_args()
    readers = {
        name: reader
        for name, reader in READERS.items()
        if name not in NEEDS or importlib.util.find_spec(NEEDS[name])
    }
    print("files a second of processor time; in brackets our rate over theirs")
    print(f"{'rows x columns':20s}" + "".join(f"{name:>17s}" for name in [*readers, TASKS]))
    for case in CASES:
        content = chi_file(case)
        all_readers = readers | {TASKS: partial(sacmes_web_tasks, electrodes=case.electrodes)}
        expected = plain_loop(content)
        differences = [expected[0], *expected[1 :: len(ROLES)]]
        for name, reader in all_readers.items():
            columns = [*map(list, reader(content))]
            if columns != (differences if name == TASKS else expected):
                raise SystemExit(f"{name} gives other numbers for {case}")
        times = milliseconds(all_readers, content, options.seconds)
        cells = [f"{1e3 / took:8,.0f} ({took / times['sacmes']:4.2f})" for took in times.values()]
        size = f"{case.points} x {1 + 3 * case.electrodes} ({len(content) / 1000:.0f} kB)"
        print(f"{size:20s}" + "".join(f"{cell:>17s}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
