"""A list as the one parameter of a statement, which then is built once and takes one step.

Beside a thread that computes, a step for each row would wait for the interpreter as often.
"""

import json
from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import JSON, BigInteger, ColumnElement, Text, bindparam, cast, column, select
from sqlalchemy.dialects.postgresql import JSONB

from analyzer.store.engines import each_item

LISTED: Final = each_item(bindparam("listed", type_=Text)).table_valued(
    column("value", JSON().with_variant(JSONB(), "postgresql"))
)
"""The rows of a list; a statement joins them, since SQLite finds pairs in a list of its own by
their first half alone."""


def listed(rows: Iterable[tuple[int | str, ...]]) -> dict[str, Any]:
    """The parameter for `LISTED`."""
    return {"listed": json.dumps(list(rows))}


def text_at(place: int) -> ColumnElement[str]:
    """The text at a place of each row."""
    found: ColumnElement[str] = LISTED.c.value[place].as_string()
    return found


def number_at(place: int) -> ColumnElement[int]:
    """The whole number at a place of each row."""
    return cast(text_at(place), BigInteger)


NUMBERS: Final = select(number_at(0)).select_from(LISTED)
"""The whole numbers of a list, as `numbers` gives it."""


def numbers(values: Iterable[int]) -> dict[str, Any]:
    """The parameter for `NUMBERS`."""
    return listed((value,) for value in values)
