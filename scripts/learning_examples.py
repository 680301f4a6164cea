"""Examples for the judge: what it sees of simulated scans, and what it should have said.

Scans are drawn in batches that share a grid. Each batch has random numbers of its own, so the
examples are the same however many processes draw them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from typing import Final, TypeVar

import numpy as np
from learning_peaks import FloatArray, simulated
from learning_scans import COMMON, FEW, ODD, Drawn, draw_scans
from learning_usual import draw_usual, draw_usual_blanks
from rich.console import Console
from rich.progress import track

from sacmes_core.analysis import judge as judging
from sacmes_core.analysis.gridding import binned
from sacmes_core.analysis.members import find_members

BATCH: Final = 256
SHARES: Final = {"usual": 1 / 3, "odd": 1 / 6, "common": 1 / 5, "few": 3 / 10}
"""Of the scans with a peak; see `learning_usual` and `learning_scans`."""
BLANK: Final = "blank"
_BREADTHS: Final = {"odd": ODD, "common": COMMON, "few": FEW}
KINDS: Final = (*SHARES, BLANK)
WRONG_MAX: Final = 1.1
"""Logarithm of the ratio by which the median may be wrong; beyond, something else was found."""
POOLS_SEED: Final = 1000
"""Added to the seed, so that the simulated shapes are not those of the fits."""

_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class Batch:
    """Scans of one kind on one grid, and the seed that they are drawn from."""

    kind: str
    number: int
    seed: int


def batches(count: int, seed: int) -> list[Batch]:
    """Batches of about so many scans with a peak."""
    return [
        Batch(kind, number, seed)
        for kind, share in SHARES.items()
        for number in range(max(1, round(share * count / BATCH)))
    ]


def drawn(batch: Batch) -> Drawn:
    """The scans of a batch, the same ones each time."""
    random = np.random.default_rng((batch.seed, KINDS.index(batch.kind), batch.number))
    pools = _pools(batch.seed)
    if batch.kind == BLANK:
        return draw_usual_blanks(random, BATCH)
    if batch.kind == "usual":
        return draw_usual(random, pools[0], BATCH)
    return draw_scans(random, pools, _BREADTHS[batch.kind], BATCH)


def example(batch: Batch) -> tuple[FloatArray, FloatArray]:
    """Inputs, shape (n, P), and by how much the medians are wrong, shape (n, 4).

    Rounded to single precision, in which the networks learn.
    """
    made = drawn(batch)
    scans = binned(made.x_v, made.current_a)
    members = find_members(scans)
    middle = judging.medians(members)
    height, place, width, area = made.truths.T
    with np.errstate(invalid="ignore", divide="ignore"):
        wrong = np.stack(
            [
                np.log(height / middle.height_a),
                (place - middle.potential_v) / middle.width_v * judging.side(scans, middle),
                np.log(width / middle.width_v),
                np.log(area / middle.area_av),
            ],
            axis=1,
        )
    usable = (members.sign > 0) & np.isfinite(wrong).all(axis=1)
    usable &= np.abs(np.nan_to_num(wrong[:, 0], nan=np.inf)) < WRONG_MAX
    inputs = judging.features(scans, members, middle)[usable]
    single = (some.astype(np.float32).astype(np.float64) for some in (inputs, wrong[usable]))
    return next(single), next(single)


def traits(batch: Batch) -> FloatArray:
    """What tells peaks from blanks in the scans of a batch, shape (n, 5)."""
    made = drawn(batch)
    scans = binned(made.x_v, made.current_a)
    members = find_members(scans)
    return judging.traits(scans, members, judging.judge(scans, members))


def each(
    make: Callable[[Batch], _Found], some: Sequence[Batch], processes: int, what: str
) -> list[_Found]:
    """What is made of each batch, in order, by several processes; progress on stderr."""

    def shown(found: Iterable[_Found]) -> list[_Found]:
        return [*track(found, what, total=len(some), console=Console(stderr=True))]

    if processes < 2:
        return shown(map(make, some))
    with get_context("spawn").Pool(processes) as pool:
        return shown(pool.imap(make, some))


@cache
def _pools(seed: int) -> tuple[FloatArray, FloatArray]:
    return simulated(seed + POOLS_SEED)
