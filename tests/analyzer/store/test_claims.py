"""Claims and the lease: each for one at a time, and none outlives its holder for long."""

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import event

from analyzer.store import claims as claiming
from analyzer.store import leases as leasing
from analyzer.store.claims import Claims, spend
from analyzer.store.holders import is_dead, new_holder
from analyzer.store.leases import Lease, holder_of
from analyzer.store.reanalysis import Reanalysis
from analyzer.store.store import Store, open_store
from analyzer.store.uploads import AGAIN, Arrival
from sacmes_core.upload import UploadHeader, upload_id

SESSION = "9b2f4c1e-0000-4000-8000-000000000001"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
USERS = ("alice", "bobby", "carol")


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = open_store(store_url)
    yield store
    store.close()


def upload(store: Store, *users: str, file: str = "a") -> None:
    header = UploadHeader(
        session_id=SESSION,
        upload_id=upload_id(SESSION, file, b"x"),
        file=file,
        sha256=hashlib.sha256(b"x").hexdigest(),
    )
    store.uploads.commit([Arrival(user, header, b"x") for user in users], NOW)


def age(store: Store, seconds: float) -> None:
    """Let time pass, for all that the database remembers of it."""
    with store.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE jobs SET since = since - {seconds}")
        connection.exec_driver_sql(f"UPDATE jobs SET expires_at = expires_at - {seconds}")
        connection.exec_driver_sql(f"UPDATE claims SET expires_at = expires_at - {seconds}")
        connection.exec_driver_sql(f"UPDATE leases SET expires_at = expires_at - {seconds}")


def test_each_session_goes_to_one_worker(store: Store) -> None:
    upload(store, *USERS)
    workers = [Claims(store.database, name) for name in ("one", "two", "three", "four")]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda claims: claims.next(0), workers))
    taken = [claim for claim in found if claim is not None]
    assert len({claim.run for claim in taken}) == len(taken)
    taken += [found for claims in workers if (found := claims.next(0)) is not None]
    assert sorted(claim.run for claim in taken) == [1, 2, 3]


@pytest.mark.parametrize(
    ("after_run", "scans", "taken"), [(0, 9, [1, 2, 3]), (2, 9, [1, 2, 3]), (2, 2, [1, 3])]
)
def test_sessions_are_taken_together_from_one_on_and_around(
    store: Store, after_run: int, scans: int, taken: list[int]
) -> None:
    upload(store, *USERS)
    found = Claims(store.database, "one").next_together(after_run, scans)
    assert [claim.run for claim in found] == taken


def test_a_claim_that_is_not_renewed_goes_to_the_next(store: Store) -> None:
    upload(store, "alice")
    one, two = Claims(store.database, "one"), Claims(store.database, "two")
    claim = one.next(0)
    assert claim is not None
    age(store, claiming.CLAIM_S - 1)
    assert one.renew([claim]) == {claim.run}
    age(store, claiming.CLAIM_S - 1)
    assert two.next(0) is None
    age(store, 2)
    taken = two.next(0)
    assert taken is not None
    assert not one.renew([claim])
    with store.database.write() as connection:
        assert not spend(connection, claim)
        assert spend(connection, taken)


def test_a_claim_that_has_ended_is_not_renewed(store: Store) -> None:
    upload(store, "alice")
    one = Claims(store.database, "one")
    claim = one.next(0)
    assert claim is not None
    one.release(claim)
    # Not lost, so that nobody is warned; but free, so that the next scan need not wait.
    assert one.renew([claim]) == {claim.run}
    assert one.next(0) is not None


def test_who_knows_a_session_goes_first_but_not_for_ever(store: Store) -> None:
    upload(store, "alice")
    one, two = Claims(store.database, "one"), Claims(store.database, "two")
    found = one.next(0)
    assert found is not None
    one.release(found)
    assert two.next(0) is None
    again = one.next(0)
    assert again is not None
    assert again.turn == found.turn + 1
    one.release(again)
    age(store, claiming.PATIENCE_S + 1)
    assert two.next(0) is not None


def test_who_leaves_is_not_waited_for(store: Store) -> None:
    upload(store, "alice")
    one, two = Claims(store.database, "one"), Claims(store.database, "two")
    assert one.next(0) is not None
    one.leave()
    assert two.next(0) is not None


def test_dead_workers_of_this_machine_are_not_waited_for(store: Store) -> None:
    upload(store, "alice", "bobby")
    dead, alive = dead_holder(), "elsewhere.0123456789ab.1.00"
    assert Claims(store.database, dead).take(1) is not None
    assert Claims(store.database, alive).take(2) is not None
    two = Claims(store.database, "two")
    two.bury()
    found = two.next(0)
    assert found is not None
    assert found.run == 1
    assert two.next(0) is None or two.next(1) is None
    assert two.take(2) is None


def again(store: Store) -> None:
    """Let every upload wait for analysis under other settings."""
    with store.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE jobs SET priority = {AGAIN}")


def test_what_waits_again_is_no_claim_on_its_session(store: Store) -> None:
    upload(store, "alice")
    again(store)
    assert Claims(store.database, "one").next(0) is None


def test_pieces_of_one_session_go_to_many_workers(store: Store) -> None:
    for file in "abcde":
        upload(store, "alice", file=file)
    upload(store, "bobby")
    again(store)
    one, two = Reanalysis(store.database, "one"), Reanalysis(store.database, "two")
    first = one.take(0, limit=2, limit_bytes=10**6)
    second = two.take(0, limit=9, limit_bytes=2)
    third = one.take(1, limit=9, limit_bytes=10**6)
    assert first is not None
    assert second is not None
    assert third is not None
    found = [(piece.run, piece.positions) for piece in (first, second, third)]
    assert found == [(1, (1, 2)), (1, (3, 4)), (2, (1,))]
    one.release(first)
    taken = two.take(2, limit=9, limit_bytes=10**6)
    assert taken is not None
    assert taken.positions == (1, 2, 5)
    assert one.take(0, limit=9, limit_bytes=10**6) is None


def test_any_number_of_claims_is_renewed_with_one_statement(store: Store) -> None:
    upload(store, *USERS)
    one = Claims(store.database, "one")
    claims = one.next_together(0, 9)
    lost = replace(claims[1], turn=claims[1].turn + 1)
    updates: list[str] = []
    event.listen(
        store.database.engine,
        "before_cursor_execute",
        lambda *about: updates.append(about[2]) if about[2].startswith("UPDATE") else None,
    )
    assert one.renew([claims[0], lost, claims[2]]) == {1, 3}
    assert len(updates) == 1
    assert one.renew([]) == frozenset()


def test_a_piece_that_is_not_renewed_goes_to_the_next(store: Store) -> None:
    upload(store, "alice")
    again(store)
    one, two = Reanalysis(store.database, "one"), Reanalysis(store.database, "two")
    piece = one.take(0, limit=9, limit_bytes=9)
    assert piece is not None
    age(store, claiming.CLAIM_S - 1)
    assert one.renew(piece)
    age(store, claiming.CLAIM_S - 1)
    assert two.take(0, limit=9, limit_bytes=9) is None
    age(store, 2)
    assert two.take(0, limit=9, limit_bytes=9) is not None
    assert not one.renew(piece)
    assert one.stage(piece, [], 1) == 0


def test_pieces_of_dead_workers_are_not_waited_for(store: Store) -> None:
    upload(store, "alice")
    again(store)
    assert Reanalysis(store.database, dead_holder()).take(0, limit=9, limit_bytes=9) is not None
    Claims(store.database, "two").bury()
    assert Reanalysis(store.database, "two").take(0, limit=9, limit_bytes=9) is not None


def test_one_process_holds_the_lease(store: Store) -> None:
    one, two = Lease(store.database, "one"), Lease(store.database, "two")
    assert holder_of(store.database) is None
    assert one.take()
    assert not two.take()
    age(store, leasing.LEASE_S - 1)
    assert one.take()
    age(store, leasing.LEASE_S - 1)
    assert not two.take()
    assert holder_of(store.database) == "one"
    age(store, 2)
    assert holder_of(store.database) is None
    assert two.take()
    assert not one.take()


def test_nobody_is_waited_for_because_the_clock_was_set_back(store: Store) -> None:
    """As after a power cut of a machine without a clock of its own, whose time begins earlier."""
    upload(store, "alice", "bobby")
    assert Lease(store.database, "one").take()
    one, two = Claims(store.database, "one"), Claims(store.database, "two")
    assert one.take(1) is not None
    known = one.take(2)
    assert known is not None
    one.release(known)
    age(store, -3600)
    assert holder_of(store.database) is None
    assert Lease(store.database, "two").take()
    assert [claim.run for claim in two.next_together(0, 9)] == [1, 2]
    again(store)
    pieces = Reanalysis(store.database, "one"), Reanalysis(store.database, "two")
    for piece in pieces:
        assert piece.take(0, limit=1, limit_bytes=9) is not None
    assert pieces[0].take(0, limit=1, limit_bytes=9) is None
    age(store, -3600)
    assert pieces[0].take(0, limit=1, limit_bytes=9) is not None


def test_a_clock_that_is_set_back_a_little_ends_nothing(store: Store) -> None:
    upload(store, "alice")
    assert Lease(store.database, "one").take()
    assert Claims(store.database, "one").take(1) is not None
    age(store, -1)
    assert not Lease(store.database, "two").take()
    assert Claims(store.database, "two").next(0) is None


def test_a_lease_given_back_is_free_at_once(store: Store) -> None:
    one, two = Lease(store.database, "one"), Lease(store.database, "two")
    assert one.take()
    two.give_back()
    assert not two.take()
    one.give_back()
    assert two.take()


def test_the_lease_of_a_dead_process_is_free_at_once(store: Store) -> None:
    assert Lease(store.database, dead_holder()).take()
    assert Lease(store.database, new_holder()).take()


def test_only_what_is_known_to_be_dead_is_called_so() -> None:
    mine = new_holder()
    assert len(mine) <= 64
    assert is_dead(dead_holder())
    assert is_dead(mine), "this process has another name now"
    assert not is_dead(mine.replace(f".{os.getpid()}.", f".{os.getppid()}."))
    assert not is_dead("host.0123456789ab.1.00")
    assert not is_dead("one")


def dead_holder() -> str:
    pid = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(pid, 0)
    return new_holder().replace(f".{os.getpid()}.", f".{pid}.")
