"""Cycles without a couple whose background was once taken for one."""

import pytest
from cyclic import blank_scans, has_peak

CASES = ((9, "tail"), (23, "tail"), (10, "step"), (28, "step"), (51, "step"), (1, "1/f"))


@pytest.mark.parametrize(("seed", "kind"), CASES)
def test_background_is_no_peak(seed: int, kind: str) -> None:
    assert not has_peak(dict(blank_scans(seed))[kind])
