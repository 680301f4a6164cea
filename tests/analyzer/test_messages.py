"""Messages: what curves carry."""

import numpy as np

from analyzer.messages import _rounded


def test_curves_carry_six_digits_and_no_more() -> None:
    rng = np.random.default_rng(0)
    values = rng.choice([-1, 1], 4000) * 10 ** rng.uniform(-25, 9, 4000)
    values = np.append(values, [0.0, -0.0, 1.0, 999999.5, 9.999995e-7, 1e-30])
    assert _rounded(values) == [float(f"{value:.6g}") for value in values.tolist()]
