"""What a browser brings back is checked before it is used."""

import pytest

from dashboard.connection import Credentials
from dashboard.keeper import Found, read

SCREEN = {"user_id": "alice", "username": "carol", "key": "k"}


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (None, Found()),
        ("ticket", Found()),
        ({"ticket": 7, "screen": ["alice"]}, Found()),
        ({"ticket": "t", "screen": None}, Found("t")),
        ({"screen": SCREEN}, Found("", Credentials("alice", "carol", "k"))),
        ({"screen": SCREEN | {"key": ""}}, Found()),
        ({"screen": SCREEN | {"key": "k" * 2000}}, Found()),
        ({"screen": {"user_id": "alice"}}, Found()),
    ],
)
def test_what_is_not_of_its_form_is_nothing(answer, found):
    assert read(answer) == found
