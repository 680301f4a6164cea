"""Replicate groups: the mean of every k consecutive scans of a series, with its standard error."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, sqrt
from statistics import fmean, stdev


@dataclass(frozen=True, slots=True)
class Group:
    """Consecutive scans of a series taken together; None where there is no number.

    Attributes
    ----------
    first_number, last_number
        Of the scans that are there.
    scans
        How many scans are there, with or without a number.
    count
        How many of them have a number.
    is_complete
        Whether as many scans are there as a group has; the last group of a run that goes on, and
        one with a lost file, is not.
    mean
        Of those with a number.
    sd
        Standard deviation with count − 1; None for one number.
    se
        sd / √count: what the scatter itself says of the mean.
    expected_se
        √Σse² / count: what the scans' own standard errors say of it, were they independent. Far
        below `se` the group is no group of replicates; far above, the errors are shared.
    """

    first_number: int
    last_number: int
    scans: int
    count: int
    is_complete: bool
    mean: float | None
    sd: float | None
    se: float | None
    expected_se: float | None


def group_replicates(
    values: Sequence[float | None],
    size: int,
    *,
    numbers: Sequence[int] | None = None,
    errors: Sequence[float | None] | None = None,
) -> tuple[Group, ...]:
    """Take every `size` consecutive scans of one series together.

    Parameters
    ----------
    values
        One of each scan, None for a scan without a number: it keeps its place, so that a group
        stays with its injection.
    size
        Scans of a group, at least 1.
    numbers
        Numbers of the scans, unique, in any order; a number that is not there keeps its place as
        well. The place in `values`, from 1, if not given.
    errors
        Standard errors of the values.

    Returns
    -------
    tuple of Group
        In order; groups of which no scan is there are left out, incomplete ones are not.

    Raises
    ------
    ValueError
        If a group had less than one scan, or the lengths differ.
    """
    if size < 1:
        raise ValueError("a group has at least one scan; give a group size of 1 or more")
    numbers = range(1, len(values) + 1) if numbers is None else numbers
    errors = [None] * len(values) if errors is None else errors
    start = min(numbers, default=1)
    groups: defaultdict[int, list[_Scan]] = defaultdict(list)
    for scan in sorted(zip(numbers, values, errors, strict=True), key=lambda scan: scan[0]):
        groups[(scan[0] - start) // size].append(scan)
    return tuple(_group(groups[place], size) for place in sorted(groups))


_Scan = tuple[int, float | None, float | None]


def _group(scans: Sequence[_Scan], size: int) -> Group:
    values = [value for _, value, _ in scans if value is not None]
    errors = [error for _, value, error in scans if value is not None]
    known = [error for error in errors if error is not None]
    count = len(values)
    sd = stdev(values) if count > 1 else None
    return Group(
        first_number=scans[0][0],
        last_number=scans[-1][0],
        scans=len(scans),
        count=count,
        is_complete=len(scans) == size,
        mean=fmean(values) if values else None,
        sd=sd,
        se=None if sd is None else sd / sqrt(count),
        expected_se=sqrt(fsum(e**2 for e in known)) / count
        if values and len(known) == count
        else None,
    )
