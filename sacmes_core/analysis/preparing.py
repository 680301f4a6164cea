"""From a scan to the points that a method is given: which current, which window, which order."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from struct import Struct
from typing import Final, TypeVar

import numpy as np

from sacmes_core import flags
from sacmes_core.analysis.checks import (
    POINTS_MIN,
    current_flags,
    difference_agrees,
    holds_a_value,
)
from sacmes_core.analysis.peaks import BoolArray, FloatArray, IntArray
from sacmes_core.formats.scan import Curve, Role, Scan
from sacmes_core.settings.peak import PeakSettings

Preparation = Callable[[FloatArray, FloatArray, PeakSettings], tuple[FloatArray, FloatArray]]
"""From finite points in the order of the file, shapes (N,), to those that a method works on."""

BATCH_POINTS_MAX: Final = 100_000
"""Points that a method is given at once: few enough to stay within a processor's cache."""

_Found = tuple[Curve | None, tuple[str, ...]]
"""The current that was wanted, and the flags of finding it."""
_Sweep = tuple[int, Curve, tuple[str, ...]]
"""The place among those that were wanted, the current, and what is wrong with it."""
_Item = TypeVar("_Item")


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


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """n voltammograms of K points that a method is given at once; see `Voltammogram`.

    Attributes
    ----------
    places
        Which of those that were wanted, shape (n,); so are `electrodes` and `flags`.
    potential_v, current_a
        Shape (n, K).
    shown, settings
        The same for all.
    """

    places: Sequence[int]
    electrodes: Sequence[int]
    flags: Sequence[tuple[str, ...]]
    potential_v: FloatArray
    current_a: FloatArray
    shown: IntArray
    settings: PeakSettings


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """All that was wanted: batches for a method, and by place what no method can use."""

    batches: list[Batch]
    useless: dict[int, Voltammogram]


def prepare_all(
    wanted: Sequence[tuple[Scan, int]],
    settings: PeakSettings,
    preparation: Preparation,
    *,
    sorts: bool,
) -> Prepared:
    """As `prepare` for each scan and electrode; sweeps with nothing odd in them many at once.

    `sorts` says that the preparation does no more to such a sweep than make its potentials ascend.
    """
    frequencies = {scan.frequency_hz for scan, _ in wanted}
    known = {frequency: settings.at_frequency(frequency) for frequency in frequencies}
    found = [_wanted(scan, electrode, known[scan.frequency_hz]) for scan, electrode in wanted]
    batches = _plain(wanted, found, known) if sorts else []
    done = {place for batch in batches for place in batch.places}
    others = {
        place: _prepared(*wanted[place], found[place], known[scan.frequency_hz], preparation)
        for place, (scan, _) in enumerate(wanted)
        if place not in done
    }
    batches += _alike({place: v for place, v in others.items() if v.usable})
    return Prepared(batches, {place: v for place, v in others.items() if not v.usable})


def prepare(
    scan: Scan, electrode: int, settings: PeakSettings, preparation: Preparation
) -> Voltammogram:
    """The points of one electrode as a method wants them, and what is wrong with them."""
    settings = settings.at_frequency(scan.frequency_hz)
    found = _wanted(scan, electrode, settings)
    return _prepared(scan, electrode, found, settings, preparation)


def _prepared(
    scan: Scan, electrode: int, found: _Found, settings: PeakSettings, preparation: Preparation
) -> Voltammogram:
    """As `prepare`, of a current that is found, with the settings of the scan's frequency."""
    curve, of_finding = found
    noted = [*scan.flags, *of_finding]
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
    of_current = current_flags(current_a[shown])
    usable = not {flags.TOO_FEW_POINTS, flags.CONSTANT} & {*of_current}
    noted += of_current
    return Voltammogram(
        electrode, potential_v, current_a, shown, settings, tuple(noted), usable=usable
    )


def _alike(usable: Mapping[int, Voltammogram]) -> list[Batch]:
    """Batches of equal length, settings and shown points; equal settings are one object."""
    groups: dict[tuple[int, int, bytes], list[int]] = defaultdict(list)
    for place, v in usable.items():
        groups[len(v.current_a), id(v.settings), v.shown.tobytes()].append(place)
    batches = []
    for (count, _, _), group in groups.items():
        for places in _portions(group, count):
            members = [usable[place] for place in places]
            batches.append(
                Batch(
                    places,
                    [v.electrode for v in members],
                    [v.flags for v in members],
                    np.stack([v.potential_v for v in members]),
                    np.stack([v.current_a for v in members]),
                    members[0].shown,
                    members[0].settings,
                )
            )
    return batches


def _plain(
    wanted: Sequence[tuple[Scan, int]],
    found: Sequence[_Found],
    known: Mapping[float | None, PeakSettings],
) -> list[Batch]:
    """Sweeps that are, within their window, in one direction, finite, and hold no value."""
    groups: dict[tuple[int, float | None], list[_Sweep]] = defaultdict(list)
    for place, ((scan, _), (curve, own)) in enumerate(zip(wanted, found, strict=True)):
        if curve is not None and len(curve.current_a) >= POINTS_MIN:
            noted = (*scan.flags, *own) if scan.flags or own else ()
            groups[len(curve.current_a), scan.frequency_hz].append((place, curve, noted))
    return [
        batch
        for (count, frequency), group in groups.items()
        for sweeps in _portions(group, count)
        for batch in _by_direction(sweeps, known[frequency])
    ]


def _portions(group: Sequence[_Item], count: int) -> Iterator[Sequence[_Item]]:
    """A group of voltammograms of so many points in portions that are analysed at once."""
    size = max(1, BATCH_POINTS_MAX // count)
    return (group[start : start + size] for start in range(0, len(group), size))


def _by_direction(sweeps: Sequence[_Sweep], settings: PeakSettings) -> Iterator[Batch]:
    """The plain ones of n sweeps of K points: those that rise and, turned round, that fall."""
    places, curves, flags_of = zip(*sweeps, strict=True)
    potential_v = _rows([curve.potential_v for curve in curves])
    current_a = _rows([curve.current_a for curve in curves])
    potential_v, current_a = _within(potential_v, current_a, settings)
    if current_a.shape[1] < POINTS_MIN:
        return
    for is_so, way in zip(_directions(potential_v, current_a, settings), (1, -1), strict=True):
        if is_so.any():
            rows = slice(None) if is_so.all() else is_so
            yield Batch(
                list(compress(places, is_so)),
                [curve.electrode for curve in compress(curves, is_so)],
                list(compress(flags_of, is_so)),
                potential_v[rows, ::way],
                current_a[rows, ::way],
                np.arange(current_a.shape[1]),
                settings,
            )


def _rows(values: Sequence[tuple[float, ...]]) -> FloatArray:
    """Tuples of one length as rows; packing them is several times as fast as `np.array`."""
    pack = Struct(f"{len(values[0])}d").pack
    return np.frombuffer(b"".join([pack(*row) for row in values])).reshape(len(values), -1)


def _within(
    potential_v: FloatArray, current_a: FloatArray, settings: PeakSettings
) -> tuple[FloatArray, FloatArray]:
    """The points of n sweeps, shapes (n, K), within the window if it leaves all the same ones."""
    inside = in_window(potential_v, settings)
    if inside.all() or (inside != inside[0]).any():
        return potential_v, current_a
    return potential_v.compress(inside[0], axis=1), current_a.compress(inside[0], axis=1)


def _directions(
    potential_v: FloatArray, current_a: FloatArray, settings: PeakSettings
) -> tuple[BoolArray, BoolArray]:
    """Which of n plain sweeps, shapes (n, K), rise and which fall."""
    before, after = potential_v[:, :-1], potential_v[:, 1:]
    is_plain = np.isfinite(current_a).all(axis=1) & ~holds_a_value(current_a)
    # The others of a sweep in one direction lie between its ends.
    is_plain &= in_window(potential_v[:, [0, -1]], settings).all(axis=1)
    rises, falls = (after > before).all(axis=1), (after < before).all(axis=1)
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


def _wanted(scan: Scan, electrode: int, settings: PeakSettings) -> _Found:
    """The current that the settings ask for, and the flags of finding it."""
    curves = scan.curves
    if len(curves) == 1 and curves[0].role == settings.current and curves[0].electrode == electrode:
        return curves[0], ()
    by_role = {curve.role: curve for curve in curves if curve.electrode == electrode}
    if not by_role:
        return None, (flags.MISSING_ELECTRODE,)
    if settings.current == "difference":
        curve, found = _difference(by_role)
    else:
        curve, found = by_role.get(settings.current), ()
    return curve, found if curve is not None else (*found, flags.MISSING_CURRENT)


def _difference(by_role: Mapping[Role, Curve]) -> _Found:
    """The difference current of an electrode, rebuilt from forward and reverse if need be."""
    difference = by_role.get("difference")
    forward, reverse = by_role.get("forward"), by_role.get("reverse")
    if forward is None or reverse is None:
        return difference, ()
    if difference is not None:
        agrees = difference_agrees(difference, forward, reverse)
        return difference, () if agrees else (flags.DIFFERENCE_MISMATCH,)
    if len(forward.current_a) != len(reverse.current_a):
        return None, ()
    currents = tuple(f - r for f, r in zip(forward.current_a, reverse.current_a, strict=True))
    return replace(forward, role="difference", current_a=currents), ()
