"""Lines of numbers as tables for people: nA and mV instead of A and V, flags as words."""

import math
from collections.abc import Iterable
from typing import Any, Final

from rich.console import Console
from rich.table import Table

_PREFIXES: Final = ((1e-12, "p"), (1e-9, "n"), (1e-6, "µ"), (1e-3, "m"), (1.0, ""))

Line = dict[str, Any]


def print_analysis(lines: Iterable[Line]) -> int:
    """Print what `analyze` found; return how many files or scans have an error."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("file", overflow="fold")
    for name in ("Hz", "no.", "electrode", "peak current", "±", "at", "width"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("flags", overflow="fold")
    failed = 0
    cycles, decays = [], []
    for line in lines:
        if "error" in line:
            failed += 1
            table.add_row(line["file"], *[""] * 7, f"[red]{_plain(line['error'])}[/red]")
            continue
        if line.get("cv"):
            cycles.append(line)
            continue
        if line.get("ca"):
            decays.append(line)
            continue
        table.add_row(
            _plain(line["file"]),
            _number(line["frequency_hz"]),
            _number(line["number"]),
            str(line["electrode"]),
            quantity(line["peak_current_a"], "A"),
            quantity(line["peak_current_se_a"], "A", digits=2),
            quantity(line["peak_potential_v"], "V", digits=4),
            quantity(line["fwhm_v"], "V", digits=3),
            ", ".join(line["flags"]),
        )
    if table.row_count:
        _print(table)
    if cycles:
        _print(_cycles(cycles))
    if decays:
        _print(_decays(decays))
    return failed


def _decays(lines: Iterable[Line]) -> Table:
    """A row for each current after a potential step."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("file", overflow="fold")
    for name in ("electrode", "lifetime", "±", "second", "±", "mean", "±", "amplitude"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("flags", overflow="fold")
    for line in lines:
        decay = line["ca"]
        numbers = [
            quantity(decay[f"{kind}lifetime{error}_s"], "s", digits=2 if error else 4)
            for kind in ("", "second_", "mean_")
            for error in ("", "_se")
        ]
        table.add_row(
            _plain(line["file"]),
            str(line["electrode"]),
            *numbers,
            quantity(decay["amplitude_a"], "A"),
            ", ".join(line["flags"]),
        )
    return table


def _cycles(lines: Iterable[Line]) -> Table:
    """A row for each sweep of a cycle, and what both say together in the first one."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("file", overflow="fold")
    for name in ("electrode", "sweep", "peak current", "±", "at", "half at", "width", "charge"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("separation", "E½", "model"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("flags", overflow="fold")
    for line in lines:
        cycle = line["cv"]
        together = (
            quantity(cycle["peak_separation_v"], "V", digits=3),
            quantity(cycle["half_wave_potential_v"], "V", digits=4),
            cycle["model"],
            ", ".join(line["flags"]),
        )
        head = (_plain(line["file"]), str(line["electrode"]))
        table.add_row(*head, *_sweep(cycle, "forward"), *together)
        if cycle["reverse"]:
            table.add_row("", "", *_sweep(cycle, "reverse"))
    return table


def _sweep(cycle: Line, sweep: str) -> tuple[str, ...]:
    peak = cycle[sweep] or {}
    number = f" {peak['segment']}" if peak else ""
    return (
        sweep + number,
        quantity(peak.get("peak_current_a"), "A"),
        quantity(peak.get("peak_current_se_a"), "A", digits=2),
        quantity(peak.get("peak_potential_v"), "V", digits=4),
        quantity(peak.get("half_peak_potential_v"), "V", digits=4),
        quantity(peak.get("fwhm_v"), "V", digits=3),
        quantity(peak.get("charge_c"), "C"),
    )


def print_inspection(lines: Iterable[Line]) -> int:
    """Print what `inspect` read; return how many files have an error."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("file", "format", "technique", "Hz", "no.", "electrode", "role"):
        table.add_column(name, overflow="fold")
    for name in ("points", "from", "to", "lowest", "highest"):
        table.add_column(name, justify="right", no_wrap=True)
    failed = 0
    for line in lines:
        if "error" in line:
            failed += 1
            table.add_row(_plain(line["file"]), f"[red]{_plain(line['error'])}[/red]")
            continue
        for curve in line["curves"]:
            table.add_row(
                _plain(line["file"]),
                line["format"],
                line["technique"] or "",
                _number(line["frequency_hz"]),
                _number(line["number"]),
                str(curve["electrode"]),
                curve["role"],
                str(curve["points"]),
                quantity(curve["first_potential_v"], "V", digits=4),
                quantity(curve["last_potential_v"], "V", digits=4),
                quantity(curve["min_current_a"], "A"),
                quantity(curve["max_current_a"], "A"),
            )
    _print(table)
    return failed


def quantity(value: float | None, unit: str, *, digits: int = 4) -> str:
    """A number with the prefix that suits it: ``1.234e-7 A`` as ``123.4 nA``; – for none."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0 or unit == "V":
        return f"{_rounded(value, digits)} {unit}"
    fitting = [(scale, prefix) for scale, prefix in _PREFIXES if abs(value) >= scale]
    scale, prefix = fitting[-1] if fitting else _PREFIXES[0]
    return f"{_rounded(value / scale, digits)} {prefix}{unit}"


def _rounded(value: float, digits: int) -> str:
    """So many digits, never with an exponent where a prefix stands: 160, not 1.6e+02."""
    return f"{float(f'{value:.{digits}g}'):g}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def _plain(text: str) -> str:
    return text.replace("[", r"\[")


def _print(table: Table) -> None:
    console = Console()
    if not console.is_terminal:
        # In a pipe nothing is folded: the lines go to another program or into a file.
        console = Console(width=400)
    console.print(table)
