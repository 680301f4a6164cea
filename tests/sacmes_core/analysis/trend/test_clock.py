"""Times that contradict the numbers of a series are told; those of other orders are not."""

import random

from sacmes_core import flags
from sacmes_core.analysis.trend.clock import ClockWatch

HOUR_S = 3600.0


def judged(points: list[tuple[int | None, float | None]]) -> list[bool]:
    watch = ClockWatch()
    return [watch.judge(number, time_s) == (flags.CLOCK_WENT_BACK,) for number, time_s in points]


def test_a_clock_set_back_is_told_of_every_scan_until_it_has_caught_up() -> None:
    times = [0.0, 1.0, 2.0, -22.0, -21.0, 3.0]
    points = [(k, hours * HOUR_S) for k, hours in enumerate(times, 1)]
    assert judged([*points]) == [False, False, False, True, True, False]


def test_the_order_of_arrival_does_not_matter() -> None:
    points = [(k, 3.0 * HOUR_S * k) for k in range(20)]
    random.Random(1).shuffle(points)
    assert not any(judged([*points]))


def test_the_hour_of_autumn_and_unnumbered_scans_are_no_reason() -> None:
    assert not any(judged([(1, 10 * HOUR_S), (2, 9 * HOUR_S), (None, 0.0), (3, None), (1, 0.0)]))
