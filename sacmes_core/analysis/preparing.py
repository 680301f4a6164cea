"""From a scan to the points that a method is given: which current, which window, which order."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from struct import Struct

import numpy as np

from sacmes_core import flags
from sacmes_core.analysis.checks import (
    POINTS_MIN,
    current_flags,
    difference_agrees,
    holds_a_value,
)
from sacmes_core.analysis.peaks import BoolArray, FloatArray, IntArray
from sacmes_core.formats.scan import Curve, Scan
from sacmes_core.settings.peak import PeakSettings

Preparation = Callable[[FloatArray, FloatArray, PeakSettings], tuple[FloatArray, FloatArray]]
"""From finite points in the order of the file, shapes (N,), to those that a method works on."""


@dataclass(frozen=True, slots=True, eq=False)
class Voltammogram:
    """One electrode of one scan, ready for a method.

    Attributes
    ----------
    potential_v, current_a
        As the method wants them, shape (K,); the currents are finite.
    shown
        The points within the potential window by ascending potential, as indices.
    settings
        Those of the scan's frequency.
    usable
        Whether there is enough of it for a method.
    """

    electrode: int
    potential_v: FloatArray
    current_a: FloatArray
    shown: IntArray
    settings: PeakSettings
    flags: tuple[str, ...]
    usable: bool


def prepare_all(
    wanted: Sequence[tuple[Scan, int]],
    settings: PeakSettings,
    preparation: Preparation,
    *,
    sorts: bool,
) -> list[Voltammogram]:
    """As `prepare` for each scan and electrode; sweeps with nothing odd in them all at once.

    `sorts` says that the preparation does no more to such a sweep than make its potentials ascend.
    """
    smooth = _plain(wanted, settings) if sorts else {}
    return [
        smooth[k] if k in smooth else prepare(scan, electrode, settings, preparation)
        for k, (scan, electrode) in enumerate(wanted)
    ]


def prepare(
    scan: Scan, electrode: int, settings: PeakSettings, preparation: Preparation
) -> Voltammogram:
    """The points of one electrode as a method wants them, and what is wrong with them."""
    settings = settings.at_frequency(scan.frequency_hz)
    curve, found = _wanted(scan, electrode, settings)
    noted = [*scan.flags, *found]
    if curve is None:
        empty, none = np.empty(0), np.empty(0, dtype=np.intp)
        return Voltammogram(electrode, empty, empty, none, settings, tuple(noted), usable=False)
    potential_v = np.array(curve.potential_v, dtype=np.float64)
    current_a = np.array(curve.current_a, dtype=np.float64)
    finite = np.isfinite(current_a) & np.isfinite(potential_v)
    if not finite[in_window(potential_v, settings)].all():
        noted.append(flags.NOT_FINITE)
    potential_v, current_a = preparation(potential_v[finite], current_a[finite], settings)
    inside = np.flatnonzero(in_window(potential_v, settings))
    shown = inside[np.argsort(potential_v[inside], kind="stable")]
    found = current_flags(current_a[shown])
    usable = flags.TOO_FEW_POINTS not in found and flags.CONSTANT not in found
    noted += found
    return Voltammogram(
        electrode, potential_v, current_a, shown, settings, tuple(noted), usable=usable
    )


def _plain(wanted: Sequence[tuple[Scan, int]], settings: PeakSettings) -> dict[int, Voltammogram]:
    """Sweeps within their window, in one direction, finite, and without values that are held."""
    known: dict[float | None, PeakSettings] = {}
    alike: dict[tuple[int, int], list[tuple[int, Curve, tuple[str, ...]]]] = defaultdict(list)
    for k, (scan, electrode) in enumerate(wanted):
        own = known.get(scan.frequency_hz)
        if own is None:
            own = known[scan.frequency_hz] = settings.at_frequency(scan.frequency_hz)
        curve, found = _wanted(scan, electrode, own)
        if curve is not None and len(curve.current_a) >= POINTS_MIN:
            alike[len(curve.current_a), id(own)].append((k, curve, (*scan.flags, *found)))
    by_id = {id(own): own for own in known.values()}
    plain = {}
    for (count, which), members in alike.items():
        own, shown = by_id[which], np.arange(count)
        potential_v = _rows([curve.potential_v for _, curve, _ in members])
        current_a = _rows([curve.current_a for _, curve, _ in members])
        rises, falls = _directions(potential_v, current_a, own)
        for (k, curve, noted), p, i, up, down in zip(
            members, potential_v, current_a, rises.tolist(), falls.tolist(), strict=True
        ):
            if up or down:
                p, i = (p, i) if up else (p[::-1], i[::-1])
                plain[k] = Voltammogram(curve.electrode, p, i, shown, own, noted, usable=True)
    return plain


def _rows(values: Sequence[tuple[float, ...]]) -> FloatArray:
    """Tuples of one length as rows; packing them is several times as fast as `np.array`."""
    pack = Struct(f"{len(values[0])}d").pack
    return np.frombuffer(b"".join(pack(*row) for row in values)).reshape(len(values), -1)


def _directions(
    potential_v: FloatArray, current_a: FloatArray, settings: PeakSettings
) -> tuple[BoolArray, BoolArray]:
    """Which of n plain sweeps, shapes (n, K), rise and which fall."""
    steps = np.diff(potential_v, axis=1)
    is_plain = (np.isfinite(current_a) & in_window(potential_v, settings)).all(axis=1)
    is_plain &= ~holds_a_value(current_a)
    rises, falls = (steps > 0).all(axis=1), (steps < 0).all(axis=1)
    return np.asarray(is_plain & rises), np.asarray(is_plain & falls)


def in_window(potential_v: FloatArray, settings: PeakSettings) -> BoolArray:
    """Which potentials lie within the window of the settings, its ends included."""
    low = -np.inf if settings.potential_min_v is None else settings.potential_min_v
    high = np.inf if settings.potential_max_v is None else settings.potential_max_v
    return np.asarray((potential_v >= low) & (potential_v <= high))


def ascending(
    potential_v: FloatArray, current_a: FloatArray, settings: PeakSettings
) -> tuple[FloatArray, FloatArray]:
    """The points within the window by potential; the mean current where one occurs repeatedly."""
    inside = in_window(potential_v, settings)
    potential_v, current_a = potential_v[inside], current_a[inside]
    steps = np.diff(potential_v)
    if (steps > 0).all():
        return potential_v, current_a
    if (steps < 0).all():
        return potential_v[::-1], current_a[::-1]
    unique, which, counts = np.unique(potential_v, return_inverse=True, return_counts=True)
    if len(unique) == len(potential_v):
        order = np.argsort(potential_v, kind="stable")
        return potential_v[order], current_a[order]
    return unique, np.bincount(which.reshape(-1), weights=current_a) / counts


def _wanted(
    scan: Scan, electrode: int, settings: PeakSettings
) -> tuple[Curve | None, tuple[str, ...]]:
    """The current that the settings ask for, and the flags of finding it."""
    if not any(curve.electrode == electrode for curve in scan.curves):
        return None, (flags.MISSING_ELECTRODE,)
    if settings.current == "difference":
        curve, found = _difference(scan, electrode)
    else:
        curve, found = scan.curve(electrode, settings.current), ()
    return curve, found if curve is not None else (*found, flags.MISSING_CURRENT)


def _difference(scan: Scan, electrode: int) -> tuple[Curve | None, tuple[str, ...]]:
    """The difference current of an electrode, rebuilt from forward and reverse if need be."""
    difference = scan.curve(electrode, "difference")
    forward, reverse = scan.curve(electrode, "forward"), scan.curve(electrode, "reverse")
    if forward is None or reverse is None:
        return difference, ()
    if difference is not None:
        agrees = difference_agrees(difference, forward, reverse)
        return difference, () if agrees else (flags.DIFFERENCE_MISMATCH,)
    if len(forward.current_a) != len(reverse.current_a):
        return None, ()
    currents = tuple(f - r for f, r in zip(forward.current_a, reverse.current_a, strict=True))
    return replace(forward, role="difference", current_a=currents), ()
