"""Dates and times as instruments write them, taken only where they cannot be misread."""

import re
from datetime import datetime
from typing import Final

_DATE: Final = re.compile(r"\s*(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})\s*")
_TIME: Final = re.compile(r"\s*(\d{1,2}):(\d{2})(?::(\d{2}))?(?:[.,]\d+)?\s*([AaPp][Mm])?")
_DAYS_PER_MONTH_MIN: Final = 12


def date_of_any_order(date: str, time: str) -> datetime | None:
    """The moment of a date in the order of the PC's locale; None if two orders are possible.

    >>> date_of_any_order("16/11/2023", "10:47:58")
    datetime.datetime(2023, 11, 16, 10, 47, 58)
    >>> date_of_any_order("9/4/2018", "16:26:12") is None
    True
    """
    matched_date, matched_time = _DATE.fullmatch(date), _TIME.match(time)
    if not matched_date or not matched_time:
        return None
    sign = matched_date[2]
    first, second, third = (int(matched_date[k]) for k in (1, 3, 4))
    if first > 31:
        year, month, day = first, second, third
    elif sign == "." or first > _DAYS_PER_MONTH_MIN or first == second:
        day, month, year = first, second, third
    elif second > _DAYS_PER_MONTH_MIN:
        month, day, year = first, second, third
    else:
        return None
    hour = int(matched_time[1])
    if matched_time[4]:
        hour = hour % 12 + (12 if matched_time[4].upper() == "PM" else 0)
    try:
        return datetime(year, month, day, hour, int(matched_time[2]), int(matched_time[3] or 0))
    except ValueError:
        return None
