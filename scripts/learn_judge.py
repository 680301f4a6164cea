"""Learn how to weigh the members of the method "median", from simulated scans.

    OMP_NUM_THREADS=1 python scripts/learn_judge.py [--scans 96000] [--seed 1]

Writes `sacmes_core/analysis/judge_weights.py` (about five minutes). Five twelfths of the scans are
as they usually are (`learning_usual.py`), the others drawn as broadly as square-wave voltammograms
may be (`learning_scans.py`, `learning_peaks.py`); none is taken from the sets by which the method
is measured (`benchmarks/`). Corrections and errors are learned together by the likelihood of
Student's t, which a few hopeless scans do not rule (`learning_network.py`).
"""

import argparse
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from learning_network import learned_layers
from learning_peaks import REDUCED, FloatArray, simulated
from learning_scans import COMMON, ODD, Drawn, draw_scans
from learning_usual import BATCH, draw_usual, draw_usual_blanks
from scipy.optimize import minimize
from scipy.special import expit

from sacmes_core.analysis import judge as judging
from sacmes_core.analysis import judge_weights
from sacmes_core.analysis.gridding import binned
from sacmes_core.analysis.members import find_members
from sacmes_core.analysis.shapes import physical_peaks

FILE: Final = Path(__file__).parent.parent / "sacmes_core" / "analysis" / "judge_weights.py"
HIDDEN: Final = (64, 32)
EPOCHS: Final = 30
NETWORKS: Final = 2
"""Their answers are averaged, which takes off what chance taught each of them."""
WRONG_MAX: Final = 1.1
"""Logarithm of the ratio by which the median may be wrong; beyond, something else was found."""
POOLS_SEED: Final = 1000
"""Added to the seed, so that the simulated shapes are not those of the fits."""
USUAL_SHARE: Final = 5 / 12
BROAD_SHARES: Final = ((ODD, 5 / 24), (COMMON, 3 / 8))
PRESENCE_SHARE: Final = 0.05
HELD: Final = 1e-4


def examples(count: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """Inputs, shape (n, P), and by how much the medians are wrong, shape (n, 4).

    Rounded to single precision, in which the networks learn.
    """
    inputs, wrong = [], []
    for drawn in _batches(count, seed):
        scans = binned(drawn.x_v, drawn.current_a)
        members = find_members(scans)
        middle = judging.medians(members)
        height, place, width, area = drawn.truths.T
        with np.errstate(invalid="ignore", divide="ignore"):
            errors = np.stack(
                [
                    np.log(height / middle.height_a),
                    (place - middle.potential_v) / middle.width_v * judging.side(scans, middle),
                    np.log(width / middle.width_v),
                    np.log(area / middle.area_av),
                ],
                axis=1,
            )
        usable = (members.sign > 0) & np.isfinite(errors).all(axis=1)
        usable &= np.abs(np.nan_to_num(errors[:, 0], nan=np.inf)) < WRONG_MAX
        inputs.append(judging.features(scans, members, middle)[usable].astype(np.float32))
        wrong.append(errors[usable].astype(np.float32))
    return (
        np.concatenate(inputs).astype(np.float64),
        np.concatenate(wrong).astype(np.float64),
    )


def _batches(count: int, seed: int) -> Iterator[Drawn]:
    pools, random = simulated(seed + POOLS_SEED), np.random.default_rng(seed)
    for _ in range(round(USUAL_SHARE * count) // BATCH):
        yield draw_usual(random, pools[0])
    for breadth, share in BROAD_SHARES:
        random = np.random.default_rng(seed)
        for _ in range(round(share * count) // breadth.batch):
            yield draw_scans(random, pools, breadth)


def presence(count: int, seed: int) -> FloatArray:
    """Logistic regression of whether there is a peak: a factor for each trait, and a constant."""
    random = np.random.default_rng(seed)
    peaks = physical_peaks(REDUCED, seed + POOLS_SEED)
    traits, is_peak = [], []
    for _ in range(count // BATCH):
        for with_peak in (True, False):
            drawn = draw_usual(random, peaks) if with_peak else draw_usual_blanks(random)
            scans = binned(drawn.x_v, drawn.current_a)
            members = find_members(scans)
            traits.append(judging.traits(scans, members, judging.judge(scans, members)))
            is_peak.append(np.full(len(scans.noise_a), 1.0 if with_peak else -1.0))
    inputs = np.column_stack([np.concatenate(traits), np.ones(sum(map(len, traits)))])
    sides = np.concatenate(is_peak)
    held = np.append(np.full(inputs.shape[1] - 1, HELD), 0.0)

    def cost(factors: FloatArray) -> tuple[float, FloatArray]:
        margin = sides * (inputs @ factors)
        value = np.mean(np.logaddexp(0, -margin)) + held @ factors**2 / 2
        gradient = -(sides * expit(-margin)) @ inputs / len(sides) + held * factors
        return float(value), gradient

    return np.asarray(minimize(cost, np.zeros(len(held)), jac=True, method="L-BFGS-B").x)


def learn(inputs: FloatArray, wrong: FloatArray) -> dict[str, FloatArray]:
    """The tables of `judge_weights` but for `PRESENCE`; layers have a row for each network."""
    centres, scales = inputs.mean(axis=0), inputs.std(axis=0) + 1e-6
    scaled = np.clip((inputs - centres) / scales, -judging.INPUT_MAX, judging.INPUT_MAX)
    networks = [
        learned_layers(scaled, wrong, HIDDEN, EPOCHS, seed=seed) for seed in range(NETWORKS)
    ]
    tables = {"CENTRES": centres, "SCALES": scales}
    for k, name in enumerate(("FIRST", "SECOND", "OUTPUT")):
        tables[name] = np.stack([each.weights[k] for each in networks]).astype(np.float64)
        offsets = np.stack([each.offsets[k] for each in networks])
        tables[f"{name}_OFFSETS"] = offsets.astype(np.float64)
    return tables


def written(tables: dict[str, FloatArray]) -> str:
    """The module with the numbers to four digits."""
    lines = [
        '"""What `judge` has learned; made by scripts/learn_judge.py, not to be edited."""',
        "",
        "import numpy as np",
        "",
        "# fmt: off",
    ]
    for name, table in tables.items():
        lines.append(f"{name} = np.array([")
        row = "   "
        for value in table.ravel():
            number = f" {value:.4g},"
            if len(row) + len(number) > 99:
                lines.append(row)
                row = "   "
            row += number
        lines += [row, f"]).reshape({table.shape})"]
    return "\n".join([*lines, "# fmt: on", ""])


def main() -> None:
    """Learn and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scans", type=int, default=96_000, help="simulated scans to learn from")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    inputs, wrong = examples(options.scans, options.seed)
    tables = learn(inputs, wrong)
    FILE.write_text(written({**tables, "PRESENCE": np.zeros(5)}), encoding="utf-8")
    importlib.reload(judge_weights)
    found = presence(round(PRESENCE_SHARE * options.scans), options.seed + 1)
    FILE.write_text(written({**tables, "PRESENCE": found}), encoding="utf-8")
    print(f"learned from {len(wrong)} scans; median error of the height before: "
          f"{100 * np.median(np.abs(wrong[:, 0])):.1f} %")  # fmt: skip


if __name__ == "__main__":
    main()
