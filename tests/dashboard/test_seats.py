"""Tickets: a reload of a tab brings its keys back, and nothing else does."""

import pytest

from dashboard.connection import Credentials
from dashboard.seats import Seat, Seats

ALICE = Credentials("alice", "alice", "a")
CAROL = Credentials("alice", "carol", "c")
BOB = Credentials("bob", "bob", "b")


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def seats(clock):
    return Seats(reload_s=600, clock=clock)


def test_a_tab_that_comes_again_gets_its_seat_once(seats, clock):
    ticket = seats.keep(Seat(ALICE, (BOB,)))
    seats.leave(ticket)
    clock.now = 599
    assert seats.take(ticket) == Seat(ALICE, (BOB,))
    assert seats.take(ticket) is None


def test_a_ticket_dies_some_time_after_its_page(seats, clock):
    ticket = seats.keep(Seat(ALICE))
    clock.now = 10_000
    seats.leave(ticket)
    clock.now = 10_601
    assert seats.take(ticket) is None


def test_a_duplicated_tab_takes_nothing_from_the_first(seats):
    ticket = seats.keep(Seat(ALICE))
    assert seats.take(ticket) == Seat(ALICE)
    assert seats.take(ticket) == Seat(ALICE)


def test_an_address_of_somebody_else_gets_nothing_and_spends_nothing(seats):
    ticket = seats.keep(Seat(ALICE, (BOB,)))
    seats.leave(ticket)
    assert seats.take(ticket, "dora") is None
    assert seats.take(ticket, "bob") == Seat(BOB, (ALICE,))


def test_signing_out_and_changing(seats):
    ticket = seats.keep(Seat(ALICE))
    seats.change(ticket, Seat(BOB))
    assert seats.take(ticket) == Seat(BOB)
    seats.forget(ticket)
    assert seats.take(ticket) is None
    seats.change(ticket, Seat(ALICE))
    assert seats.take(ticket) is None


def test_a_guess_finds_nothing(seats):
    seats.keep(Seat(ALICE))
    assert seats.take("") is None
    assert len(seats.keep(Seat(ALICE))) > 40


def test_a_user_id_is_held_once_with_the_newest_key():
    seat = Seat(ALICE).with_beside(BOB).with_beside(CAROL)
    assert seat.everyone == (CAROL, BOB)
    assert seat.with_front(BOB) == Seat(BOB, (CAROL,))
    assert Seat(BOB, (ALICE,)).with_beside(CAROL) == Seat(BOB, (CAROL,))


def test_leaving_the_one_in_front_brings_another():
    assert Seat(ALICE, (BOB,)).without("alice") == Seat(BOB)
    assert Seat(ALICE, (BOB,)).without("bob") == Seat(ALICE)
    assert Seat(ALICE).without("alice") is None


def test_what_was_laid_aside_comes_back_and_is_no_other_tabs(seats):
    seat = Seat(ALICE)
    seat.desk["alice"] = {"held": (1,)}
    ticket = seats.keep(seat)
    other = seats.take(ticket)
    assert other.desk == {"alice": {"held": (1,)}}
    other.desk["alice"]["held"] = ()
    seats.leave(ticket)
    assert seats.take(ticket).desk == {"alice": {"held": (1,)}}
