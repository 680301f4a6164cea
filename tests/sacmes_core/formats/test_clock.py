"""A header's time is doubted where the file contradicts it, not where both are old."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from sacmes_core.formats.clock import clock_is_wrong

HEADER = datetime(2018, 4, 9, 16, 26, 12)
WRITTEN = datetime(2018, 4, 9, 20, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "written_at", "wrong"),
    [
        (HEADER, WRITTEN, False),
        (HEADER.replace(year=2005), WRITTEN, True),
        (HEADER.replace(year=2017), WRITTEN, False),
        (HEADER + timedelta(hours=20), WRITTEN, False),
        (HEADER + timedelta(days=2), WRITTEN, True),
        (HEADER.replace(year=2031), None, True),
        (HEADER, None, False),
        (HEADER.replace(year=1), WRITTEN, True),
        (HEADER.replace(year=9999), WRITTEN, True),
    ],
)
def test_header_against_the_file(
    header: datetime, written_at: datetime | None, wrong: bool
) -> None:
    assert clock_is_wrong(header, written_at, NOW) is wrong


def test_without_any_other_clock_nothing_is_doubted() -> None:
    assert not clock_is_wrong(HEADER.replace(year=2090), None, None)


def test_zones_of_the_other_clocks_do_not_matter() -> None:
    for hours in (-12, 14):
        zone = timezone(timedelta(hours=hours))
        assert not clock_is_wrong(HEADER, HEADER.replace(tzinfo=zone), NOW)
