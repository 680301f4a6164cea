"""Who a page is stays whole wherever Streamlit ends a turn."""

from contextlib import suppress
from types import SimpleNamespace

import pytest

from dashboard import access
from dashboard.connection import Credentials
from dashboard.seats import Seat


class TurnEndedError(Exception):
    pass


class State(dict):
    """A page's state, in which a turn may end wherever it is touched."""

    left = 10**6

    def touch(self):
        self.left -= 1
        if self.left < 0:
            raise TurnEndedError

    def get(self, name, default=None):
        self.touch()
        return super().get(name, default)

    def pop(self, name, *default):
        self.touch()
        return super().pop(name, *default)

    def clear(self):
        self.touch()
        super().clear()

    def __getitem__(self, name):
        self.touch()
        return super().__getitem__(name)

    def __setitem__(self, name, value):
        self.touch()
        super().__setitem__(name, value)

    def __delitem__(self, name):
        self.touch()
        super().__delitem__(name)


@pytest.mark.parametrize("touches", range(12))
def test_a_page_that_is_refused_says_why_whenever_its_turn_ends(monkeypatch, touches):
    nothing = SimpleNamespace(clear=lambda *_: None)
    seats = SimpleNamespace(forget=lambda _: None)
    held = Credentials("alice", "bob", "wrong")
    state = State(seat=Seat(held), ticket="t", chosen=3)
    state.left = touches
    for name, stand_in in (("_lease", nothing), ("_hold", nothing)):
        monkeypatch.setattr(access, name, stand_in)
    monkeypatch.setattr(access.st, "session_state", state)
    monkeypatch.setattr(access.runtime, "seats", lambda: seats)
    with suppress(TurnEndedError):
        access.sign_out(access.REFUSED)
    state.left = 10**6
    if "seat" in state:
        # The next turn finds the seat, and that the broker refuses it.
        access.sign_out(access.REFUSED)
    assert access.message() == access.REFUSED
    assert set(state) == {"sign_in_message", "left_user_ids"}
    assert "alice" in access.left_user_ids()
