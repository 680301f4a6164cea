"""Learn how to weigh the members of the method "median", from simulated scans.

    python scripts/learn_judge.py [--scans 576000] [--seed 1] [--processes 2]

Writes `sacmes_core/analysis/judge_weights.py`, the same digits each time on one kind of processor
with the same numpy. It takes some nine minutes of processor time, seven of them shared by the
processes. A third of the scans are as they usually are (`learning_usual.py`), the others
drawn as broadly as square-wave voltammograms may be (`learning_scans.py`, `learning_peaks.py`);
none is taken from the sets by which the method is measured (`benchmarks/`). Corrections and errors
are learned together by the likelihood of Student's t, which a few hopeless scans do not rule
(`learning_network.py`).
"""

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

# Threads are counted when numpy is loaded; how many there are decides in which order is summed.
import argparse
import importlib
from pathlib import Path
from typing import Final

import numpy as np
from learning_examples import BATCH, BLANK, Batch, batches, each, example, traits
from learning_network import learned_layers
from learning_peaks import FloatArray
from rich.console import Console
from rich.progress import track
from scipy.optimize import minimize
from scipy.special import expit

from sacmes_core.analysis import judge as judging
from sacmes_core.analysis import judge_weights

FILE: Final = Path(judge_weights.__file__)
HIDDEN: Final = (128, 64)
EPOCHS: Final = 40
NETWORKS: Final = 3
"""Their answers are averaged, which takes off what chance taught each of them."""
PRESENCE_SHARE: Final = 0.02
HELD: Final = 1e-4


def examples(count: int, seed: int, processes: int) -> tuple[FloatArray, FloatArray]:
    """Inputs, shape (n, P), and by how much the medians are wrong, shape (n, 4)."""
    found = each(example, batches(count, seed), processes, "members asked")
    inputs, wrong = zip(*found, strict=True)
    return np.concatenate(inputs), np.concatenate(wrong)


def presence(count: int, seed: int, processes: int) -> FloatArray:
    """Logistic regression of whether there is a peak: a factor for each trait, and a constant."""
    numbers = range(max(1, count // BATCH))
    some = [Batch(kind, number, seed) for number in numbers for kind in ("usual", BLANK)]
    found = np.concatenate(each(traits, some, processes, "peaks and blanks"))
    inputs = np.column_stack([found, np.ones(len(found))])
    sides = np.repeat([-1.0 if batch.kind == BLANK else 1.0 for batch in some], BATCH)
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
        learned_layers(scaled, wrong, HIDDEN, EPOCHS, seed=seed)
        for seed in track(range(NETWORKS), "networks", console=Console(stderr=True))
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
    parser.add_argument("--scans", type=int, default=576_000, help="simulated scans to learn from")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    inputs, wrong = examples(options.scans, options.seed, options.processes)
    tables = learn(inputs, wrong)
    FILE.write_text(written({**tables, "PRESENCE": np.zeros(6)}), encoding="utf-8")
    importlib.reload(judge_weights)
    count = round(PRESENCE_SHARE * options.scans)
    found = presence(count, options.seed + 1, options.processes)
    FILE.write_text(written({**tables, "PRESENCE": found}), encoding="utf-8")
    print(f"learned from {len(wrong)} scans; median error of the height before: "
          f"{100 * np.median(np.abs(wrong[:, 0])):.1f} %")  # fmt: skip


if __name__ == "__main__":
    main()
