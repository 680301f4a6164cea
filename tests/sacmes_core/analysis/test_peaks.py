"""What the methods share: the flags of many voltammograms."""

import numpy as np

from sacmes_core.analysis.peaks import codes_of


def test_each_voltammogram_has_the_flags_that_are_raised_for_it_in_their_order() -> None:
    raised = {
        "second_peak": np.array([False, True, True, False]),
        "dropout": np.array([False, True, False, True]),
    }
    assert codes_of(raised) == ((), ("second_peak", "dropout"), ("second_peak",), ("dropout",))


def test_no_voltammograms_have_no_flags() -> None:
    assert codes_of({"dropout": np.empty(0, dtype=np.bool_)}) == ()
