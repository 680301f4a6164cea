import math

import numpy as np
import pytest
from quality import GOOD, KINDS, Sample, judge, make, row, samples, verdicts

from sacmes_core.analysis.peaks import Peak
from sacmes_core.formats.scan import Scan

SCAN = Scan((), "swv", "generic")


@pytest.mark.parametrize(
    ("number", "flags", "truth", "flagged", "wrong"),
    [
        (1.0, (), 1.1, False, False),
        (1.5, (), 1.1, False, True),
        (1.5, ("poor_fit",), 1.1, True, False),
        (1.0, (), math.nan, False, True),
        (None, ("no_peak",), 1.1, True, False),
        (-1.0, (), 1.0, False, True),
    ],
)
def test_a_number_without_a_flag_must_be_right(number, flags, truth, flagged, wrong):
    verdict = judge(Sample(SCAN, truth), Peak(1, number, flags=flags))
    assert (verdict.flagged, verdict.silently_wrong) == (flagged, wrong)


@pytest.mark.parametrize("kind", [GOOD, *KINDS])
def test_each_kind_can_be_made_and_is_the_same_again(kind):
    first, again = (make(kind, np.random.default_rng(3), 50.0) for _ in range(2))
    (curve,), (same,) = first.scan.curves, again.scan.curves
    np.testing.assert_array_equal(curve.current_a, same.current_a)
    assert len(curve.current_a) == len(curve.potential_v) > 10


def test_bad_scans_differ_from_good_ones():
    def finite_share(kind):
        (curve,) = make(kind, np.random.default_rng(3), 50.0).scan.curves
        return np.mean(np.isfinite(curve.current_a))

    assert finite_share(GOOD) == 1
    assert finite_share("not a number") < 1
    (cut,) = make("truncated", np.random.default_rng(3), 50.0).scan.curves
    (whole,) = make(GOOD, np.random.default_rng(3), 50.0).scan.curves
    assert len(cut.potential_v) < 0.91 * len(whole.potential_v)


def test_plain_cases_are_judged_as_they_are():
    assert all(v.flagged for v in verdicts(samples("flat", 4, 50.0, 1), "sacmes-web"))
    assert all(v.flagged for v in verdicts(samples("wrong electrode", 4, 50.0, 1), "sacmes-web"))
    good = verdicts(samples(GOOD, 6, 50.0, 1), "sacmes-web")
    assert sum(v.has_number and not v.silently_wrong for v in good) >= 5
    assert "missing_electrode 100" in row(
        verdicts(samples("wrong electrode", 2, 5.0, 1), "sacmes-web")
    )
