"""Cycles without a couple whose background was once taken for a slow wave in solution."""

import pytest
from cyclic import blank_scans, has_peak


@pytest.mark.parametrize(("seed", "kind"), [(9, "tail"), (23, "tail"), (10, "step"), (1, "1/f")])
def test_background_is_no_peak(seed: int, kind: str) -> None:
    assert not has_peak(dict(blank_scans(seed))[kind])
