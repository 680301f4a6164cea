"""Square-wave voltammograms with known truth, from physics that no analysis was tuned to.

Three families of peaks (`surface`: Marcus–Hush–Chidsey rates, lateral interactions, two
populations, ohmic drop; `diffusing`: reversible, quasi-reversible, microelectrode; `analytic`:
shapes from chromatography and spectroscopy) and `blank`, which has none. Each is drawn on the
backgrounds and with the noise of `blind_backgrounds`.

    python benchmarks/blind.py --svg sheet.svg      # 24 scans to judge by eye
    python benchmarks/blind.py --svg sheet.svg --family blank --truth --seed 7
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from blind_backgrounds import NOISES, FloatArray, Sweep, add_noise, draw_background
from blind_peaks import FAMILIES, LONGEST_WIDTH_V, draw_shape

STEPS_V = (0.001, 0.0015, 0.002, 0.003, 0.004, 0.005, 0.006)
LAYOUTS = {"plain": 0.7, "edge": 0.15, "narrow": 0.15}
"""Each place of the peak in its window, and its share among the scans."""
COLUMNS = 4
"""Scans in a row of the contact sheet."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What an analysis should find; height and area carry the sign of the peak.

    height_a
        Height above the true baseline at the apex, in amperes.
    apex_v
        Potential of the apex, in volts.
    width_v
        Full width at half of the height, in volts.
    area_av
        Area of the whole peak, also of what lies outside the window, in ampere volts.
    window_area_av
        Area of what lies inside the window, in ampere volts.
    """

    height_a: float
    apex_v: float
    width_v: float
    area_av: float
    window_area_av: float


@dataclass(frozen=True, slots=True)
class BlindScan:
    """One voltammogram as measured, its parts without noise, and its truth.

    Arrays have shape (n_points,) and the order of the sweep. `truth` is None for a blank, whose
    `snr` is nan.
    """

    potential_v: FloatArray
    difference_a: FloatArray
    peak_a: FloatArray
    background_a: FloatArray
    truth: Truth | None
    snr: float
    noise_rms_a: float
    peak_kind: str
    background_kind: str
    noise_kind: str
    layout: str


def blind_scans(family: str, count: int, seed: int) -> Iterator[BlindScan]:
    """Yield the first `count` scans of a family; scan k is the same whatever the count.

    Raises ValueError for a family that does not exist.
    """
    if family not in FAMILIES:
        raise ValueError(f"There is no family {family!r}; choose one of {', '.join(FAMILIES)}.")
    place = list(FAMILIES).index(family)
    for number in range(count):
        rng = np.random.default_rng([seed, place, number])
        yield _blank(rng) if family == "blank" else _scan(rng, family)


def _scan(rng: np.random.Generator, family: str) -> BlindScan:
    layout = str(rng.choice(list(LAYOUTS), p=list(LAYOUTS.values())))
    step_v = float(rng.choice(STEPS_V))
    widest_v = {"plain": LONGEST_WIDTH_V, "edge": 0.15, "narrow": 0.105}[layout]
    shape = draw_shape(rng, family, step_v, widest_v)
    sweep = _sweep(rng, layout, shape.width_v, step_v)
    height_a = 10 ** rng.uniform(np.log10(20e-9), np.log10(5e-6)) * rng.choice(
        [1.0, -1.0], p=[0.8, 0.2]
    )
    direction = float(np.sign(sweep.potential_v[-1] - sweep.potential_v[0]))
    peak = shape.at(direction * (sweep.potential_v - sweep.apex_v))
    ends_v = np.sort(direction * (sweep.potential_v[[0, -1]] - sweep.apex_v))
    truth = Truth(
        height_a=float(height_a),
        apex_v=sweep.apex_v,
        width_v=shape.width_v,
        area_av=float(height_a * shape.area_v),
        window_area_av=float(height_a * shape.area_between(*ends_v)),
    )
    background = draw_background(rng, sweep)
    noise = str(rng.choice(list(NOISES), p=list(NOISES.values())))
    snr = 10 ** rng.uniform(np.log10(3), np.log10(200))
    clean = peak + background.height
    measured = add_noise(rng, noise, clean, 1 / snr, shape.width_v / step_v)
    return BlindScan(
        potential_v=sweep.potential_v,
        difference_a=height_a * measured,
        peak_a=height_a * peak,
        background_a=height_a * background.height,
        truth=truth,
        snr=float(snr),
        noise_rms_a=float(abs(height_a) / snr),
        peak_kind=shape.kind,
        background_kind=background.kind,
        noise_kind=noise,
        layout=layout,
    )


def _blank(rng: np.random.Generator) -> BlindScan:
    """Draw a background alone, or in one case of three nothing but an offset, with noise."""
    width_v = rng.uniform(0.1, LONGEST_WIDTH_V)
    sweep = _sweep(rng, "plain", width_v, float(rng.choice(STEPS_V)))
    unit_a = 10 ** rng.uniform(np.log10(20e-9), np.log10(5e-6))
    background = draw_background(rng, sweep)
    level, kind = background.height, background.kind
    if rng.uniform() < 1 / 3:
        level, kind = np.full_like(level, np.median(level)), "none"
    noise = str(rng.choice(list(NOISES), p=list(NOISES.values())))
    rms = 10 ** -rng.uniform(np.log10(3), np.log10(200))
    points_per_width = width_v / abs(sweep.potential_v[1] - sweep.potential_v[0])
    return BlindScan(
        potential_v=sweep.potential_v,
        difference_a=unit_a * add_noise(rng, noise, level, rms, points_per_width),
        peak_a=np.zeros_like(level),
        background_a=unit_a * level,
        truth=None,
        snr=float("nan"),
        noise_rms_a=float(unit_a * rms),
        peak_kind="none",
        background_kind=kind,
        noise_kind=noise,
        layout="plain",
    )


def _sweep(rng: np.random.Generator, layout: str, width_v: float, step_v: float) -> Sweep:
    """Draw a window that shows some baseline beside a peak of this width, and its place there."""
    shortest_v, longest_v = (0.28, 0.32) if layout == "narrow" else (0.35, 0.7)
    span_v = rng.uniform(min(max(shortest_v, width_v / 0.36), longest_v), longest_v)
    span_v = step_v * round(span_v / step_v)
    if layout == "edge":
        from_low_v = rng.uniform(max(0.06, width_v / 1.5), 0.11)
        from_low_v = from_low_v if rng.uniform() < 0.5 else span_v - from_low_v
    else:
        from_low_v = span_v * rng.uniform(0.3, 0.7)
    start_v = round(rng.uniform(-0.7, 0.2), 3)
    potential_v: FloatArray = start_v + step_v * np.arange(round(span_v / step_v) + 1.0)
    if rng.uniform() < 0.5:
        potential_v = potential_v[::-1].copy()
    return Sweep(potential_v=potential_v, apex_v=float(start_v + from_low_v), width_v=width_v)


def sheet(scans: Sequence[BlindScan], with_truth: bool) -> str:
    """Draw scans as an SVG contact sheet, four in a row, with their true baselines if wanted."""
    width, height = 330, 220
    rows = -(-len(scans) // COLUMNS)
    cells = [
        f'<g transform="translate({width * (k % COLUMNS)} {height * (k // COLUMNS)})">'
        + _cell(scan, width, height, with_truth)
        + "</g>"
        for k, scan in enumerate(scans)
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * COLUMNS}"'
        f' height="{height * rows}" font-family="sans-serif" font-size="10">'
        '<rect width="100%" height="100%" fill="white"/>'
    )
    return "\n".join([head, *cells, "</svg>\n"])


def _cell(scan: BlindScan, width: int, height: int, with_truth: bool) -> str:
    left, top, right, bottom = 12, 30, width - 8, height - 18
    potential_v, current_a = scan.potential_v, scan.difference_a
    low_v, high_v = float(potential_v.min()), float(potential_v.max())
    shown_a = np.concatenate([current_a, scan.background_a]) if with_truth else current_a
    low_a, high_a = float(shown_a.min()), float(shown_a.max())
    x = left + (potential_v - low_v) / (high_v - low_v) * (right - left)

    def line(values_a: FloatArray, style: str) -> str:
        y = bottom - (values_a - low_a) / (high_a - low_a) * (bottom - top)
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
        return f'<polyline points="{points}" fill="none" {style}/>'

    truth = f"SNR {scan.snr:.0f}, {scan.truth.width_v * 1e3:.0f} mV" if scan.truth else "blank"
    kinds = f"{scan.peak_kind} | {scan.background_kind} | {scan.noise_kind} | {scan.layout}"
    drawn = [
        f'<text x="{left}" y="13">{kinds}</text>',
        f'<text x="{left}" y="25">{truth}, {(high_a - low_a) * 1e9:.0f} nA high</text>',
        f'<text x="{left}" y="{height - 5}">{low_v:.2f} V</text>',
        f'<text x="{right}" y="{height - 5}" text-anchor="end">{high_v:.2f} V</text>',
        f'<path d="M{left} {top}V{bottom}H{right}" fill="none" stroke="#bbb"/>',
        line(current_a, 'stroke="#124"'),
    ]
    if with_truth:
        drawn.append(line(scan.background_a, 'stroke="#d40" stroke-dasharray="4 2"'))
    return "".join(drawn)


def main() -> None:
    """Draw scans of each family, or of one, on a contact sheet."""
    parser = argparse.ArgumentParser(description="Draw blind scans to judge them by eye.")
    parser.add_argument("--svg", type=Path, help="where to write the contact sheet")
    parser.add_argument("--family", choices=list(FAMILIES), help="one family (default: all)")
    parser.add_argument("--count", type=int, default=24, help="scans on the sheet (default 24)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the draw (default 1)")
    parser.add_argument("--truth", action="store_true", help="draw the true baselines too")
    options = parser.parse_args()
    families = [options.family] if options.family else list(FAMILIES)
    each = -(-options.count // len(families))
    drawn = [scan for family in families for scan in blind_scans(family, each, options.seed)]
    if options.svg:
        options.svg.write_text(sheet(drawn, options.truth), encoding="utf-8")
        print(f"{len(drawn)} scans drawn on {options.svg}")
        return
    for scan in drawn:
        snr = f"{scan.snr:6.1f}" if scan.truth else "     –"
        print(f"{scan.peak_kind:20} {scan.background_kind:24} {scan.noise_kind:10} {snr}")


if __name__ == "__main__":
    main()
