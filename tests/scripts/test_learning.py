"""What the judge learns from: peaks as they are called, scans that can be drawn again."""

import numpy as np
import pytest
from learn_judge import FILE, learn, written
from learning_examples import BATCH, KINDS, SHARES, Batch, batches, drawn, each
from learning_network import _slopes, _start
from learning_peaks import REDUCED, FloatArray, draw_shape, simulated
from learning_scans import COMMON, ODD, draw_scans, drawable
from learning_usual import draw_usual, draw_usual_blanks

from sacmes_core.analysis import judge_weights


@pytest.fixture(scope="module")
def pools() -> tuple[FloatArray, FloatArray]:
    return simulated(7)


def test_every_shape_has_unit_height_unit_width_and_one_apex(
    pools: tuple[FloatArray, FloatArray],
) -> None:
    random = np.random.default_rng(1)
    for shape in [*pools[1], *(draw_shape(random, pools, ODD.shapes) for _ in range(200))]:
        assert shape.max() == pytest.approx(1, abs=1e-3)
        assert REDUCED[shape.argmax()] == pytest.approx(0, abs=0.03)
        assert np.ptp(REDUCED[shape >= 0.5]) == pytest.approx(1, abs=0.03)
        rise = np.sign(np.diff(shape[shape > 0.02]))
        assert np.sum(np.diff(rise[rise != 0]) != 0) == 1


def test_fast_couples_that_diffuse_have_symmetric_peaks(
    pools: tuple[FloatArray, FloatArray],
) -> None:
    lean = [abs(np.trapezoid(np.sign(REDUCED) * shape, REDUCED)) for shape in pools[1]]
    # Slow ones lean to one side by their transfer coefficient.
    assert np.min(lean) < 0.02
    assert np.max(lean) > 0.05


def test_the_same_seed_draws_the_same_scans(pools: tuple[FloatArray, FloatArray]) -> None:
    first, again, other = (draw_scans(np.random.default_rng(k), pools, ODD, 16) for k in (3, 3, 4))
    assert np.array_equal(first.current_a, again.current_a)
    assert not np.array_equal(first.current_a[:, :20], other.current_a[:, :20])


def test_scans_hold_the_peaks_they_are_said_to_hold(pools: tuple[FloatArray, FloatArray]) -> None:
    random = np.random.default_rng(5)
    for made in (draw_scans(random, pools, COMMON, 64) for _ in range(3)):
        _, place, width, area = made.truths.T
        assert (np.minimum(place, made.x_v[-1] - place) >= 0.39 * width).all()
        assert (area / width > 0.6).all()
        assert (area / width < 1.6).all()
        assert np.isfinite(made.current_a).all()


def test_usual_scans_are_made_with_and_without_a_peak(
    pools: tuple[FloatArray, FloatArray],
) -> None:
    made = draw_usual(np.random.default_rng(2), pools[0], 64)
    assert (np.minimum(made.truths[:, 1], made.x_v[-1] - made.truths[:, 1]) > 0.02).all()
    blank = draw_usual_blanks(np.random.default_rng(2), 16)
    assert not blank.truths.any()
    assert np.isfinite(blank.current_a).all()


def test_batches_are_the_kinds_in_their_shares() -> None:
    some = batches(96_000, 1)
    for kind, share in SHARES.items():
        own = [batch.number for batch in some if batch.kind == kind]
        assert own == list(range(round(share * 96_000 / BATCH)))


def test_batches_come_in_order_and_do_not_hang_on_one_another() -> None:
    some = [Batch(kind, number, 1) for kind in KINDS for number in (0, 1)]
    assert each(repr, some, 1, "batches") == [repr(batch) for batch in some]
    first = drawn(Batch("blank", 4, 1))
    drawn(Batch("blank", 3, 1))
    assert np.array_equal(drawn(Batch("blank", 4, 1)).current_a, first.current_a)


def test_a_background_that_hides_the_peak_is_shrunk() -> None:
    apart = np.linspace(-2.5, 2.5, 101)
    hump, line = 3 * np.exp(-4 * np.log(2) * apart**2), 3 * apart
    assert np.ptp(drawable(np.random.default_rng(1), hump, apart, COMMON)) < 0.3
    assert drawable(np.random.default_rng(1), line, apart, COMMON) == pytest.approx(line)


def test_slopes_are_those_of_the_likelihood() -> None:
    random = np.random.default_rng(3)
    inputs = random.normal(size=(40, 3)).astype(np.float32)
    wrong = random.normal(0, 0.1, size=(40, 2)).astype(np.float32)
    layers = _start(random, (3, 5, 4, 4))

    def cost() -> float:
        out = layers.activities(inputs)[-1].astype(float)
        reduced = (wrong - out[:, :2]) * np.exp(-out[:, 2:])
        return float(np.mean((out[:, 2:] + 3 * np.log(1 + reduced**2 / 5)).sum(axis=1)))

    slopes = _slopes(layers, inputs, wrong)
    for table, slope in zip([*layers.weights, *layers.offsets], slopes, strict=True):
        place = np.unravel_index(int(np.abs(slope).argmax()), slope.shape)
        before = table[place]
        table[place] = before + 1e-2
        above = cost()
        table[place] = before - 1e-2
        below = cost()
        table[place] = before
        assert (above - below) / 2e-2 == pytest.approx(float(slope[place]), rel=0.03)


def test_a_correction_that_can_be_seen_is_learned() -> None:
    random = np.random.default_rng(4)
    inputs = random.normal(size=(4096, 3))
    wrong = np.stack([0.2 * np.tanh(inputs[:, 0]), 0 * inputs[:, 1]], axis=1)
    wrong += random.normal(0, 0.05, wrong.shape)
    tables = learn(inputs, wrong)
    scaled = (inputs - tables["CENTRES"]) / tables["SCALES"]
    first = np.tanh(scaled @ tables["FIRST"][1] + tables["FIRST_OFFSETS"][1])
    second = np.tanh(first @ tables["SECOND"][1] + tables["SECOND_OFFSETS"][1])
    out = second @ tables["OUTPUT"][1] + tables["OUTPUT_OFFSETS"][1]
    assert np.corrcoef(out[:, 0], np.tanh(inputs[:, 0]))[0, 1] > 0.98
    assert np.exp(out[:, 2:]).mean() == pytest.approx(0.05, rel=0.3)


def test_the_module_is_as_the_script_writes_it() -> None:
    tables = {name: getattr(judge_weights, name) for name in dir(judge_weights) if name.isupper()}
    order = [line.split(" = ")[0] for line in FILE.read_text().splitlines() if " = " in line]
    assert written({name: tables[name] for name in order}) == FILE.read_text(encoding="utf-8")
