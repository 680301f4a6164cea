"""Pages of history: columns say what rows say, fit into a message and go on where they ended."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError
from support.agent import voltammogram
from support.stored import NOW, SESSION, fill

from analyzer import history
from analyzer.exports import QUANTITIES, quantities_of
from analyzer.history import page_of_history
from analyzer.store.engines import home_url
from analyzer.store.store import Store, open_store
from sacmes_core.payloads.questions import HistoryQuery
from sacmes_core.payloads.replies import HistoryReply, Problem
from sacmes_core.protocol import decode

SCANS = 8


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Scans at two frequencies on two electrodes, and a file without numbers among them."""
    kept = open_store(home_url(Path(tmp_path_factory.mktemp("store"))))
    files = {
        f"SWV_{hertz}Hz_{number}.txt": voltammogram(height_a=number * 1e-6, frequency_hz=hertz)
        for number in range(1, SCANS + 1)
        for hertz in (10, 100)
    }
    flat = {f"SWV_10Hz_{SCANS + 1}.txt": voltammogram(height_a=0.0, frequency_hz=10)}
    files |= {"broken.txt": b"no numbers"} | flat
    times = {name: NOW + timedelta(seconds=2.5 * k) for k, name in enumerate(files) if k != 3}
    fill(kept, "alice", SESSION, files, measured_at=times)
    yield kept
    kept.close()


def pages(store: Store, query: HistoryQuery) -> list[HistoryReply]:
    """All pages, each asked for from the end of the one before."""
    found: list[HistoryReply] = []
    while not found or found[-1].more:
        if found:
            last = found[-1]
            cursor = {"after_position": last.end_position, "after_index": last.end_index}
            query = query.model_copy(update=cursor)
        reply = page_of_history(store, "alice", query)
        assert isinstance(reply, HistoryReply)
        assert reply.end_position is not None
        found.append(decode(HistoryReply, reply.model_dump_json().encode()))
    return found


def cells_of_rows(reply: HistoryReply) -> dict[tuple[object, ...], object]:
    """Every number and flag of a page in rows, by where it belongs."""
    cells: dict[tuple[object, ...], object] = {}
    for result in reply.results:
        for electrode in result.electrodes:
            place = (result.position, electrode.electrode, result.scan.frequency_hz)
            cells[*place, "number"] = result.scan.number
            cells |= {(*place, name): value for name, value in quantities_of(electrode).items()}
            cells |= {(*place, flag): True for flag in (*result.flags, *electrode.flags)}
    return cells


def cells_of_columns(replies: list[HistoryReply]) -> dict[tuple[object, ...], object]:
    cells: dict[tuple[object, ...], object] = {}
    for reply in replies:
        assert reply.columns is not None
        assert reply.results == ()
        for trend in reply.columns.trends:
            for k, position in enumerate(trend.position):
                place = (position, trend.electrode, trend.frequency_hz)
                cells[*place, "number"] = trend.number[k]
                held = {name: column[k] for name, column in trend.quantities.items()}
                cells |= {(*place, n): value for n, value in held.items() if value is not None}
                flags = (flag for flag, places in trend.flagged.items() if k in places)
                cells |= {(*place, flag): True for flag in flags}
    return cells


def test_columns_hold_what_rows_hold(store: Store) -> None:
    (rows,) = pages(store, HistoryQuery())
    (columns,) = pages(store, HistoryQuery(form="columns"))
    assert cells_of_columns([columns]) == cells_of_rows(rows)
    assert columns.columns is not None
    (broken,) = columns.columns.without_numbers
    assert (broken.file, broken.position) == ("broken.txt", 2 * SCANS + 1)
    at = {r.position: r.scan.measured_at for r in rows.results}
    start = columns.columns.from_at
    assert start == NOW
    for trend in columns.columns.trends:
        assert list(trend.time_s) == [
            None if (then := at[position]) is None else (then - start).total_seconds()
            for position in trend.position
        ]
    assert (columns.end_position, columns.last_position) == (2 * SCANS + 2, 2 * SCANS + 2)


@pytest.mark.parametrize(("limit", "part_bytes"), [(8, 10**6), (1000, 4000)])
def test_columns_are_read_page_by_page(
    store: Store, monkeypatch: pytest.MonkeyPatch, limit: int, part_bytes: int
) -> None:
    (rows,) = pages(store, HistoryQuery())
    monkeypatch.setattr(history, "PART_BYTES", part_bytes)
    found = pages(store, HistoryQuery(form="columns", limit=limit))
    assert len(found) > 2
    for page in found:
        assert page.columns is not None
        assert len(page.columns.model_dump_json()) < part_bytes
    assert cells_of_columns(found) == cells_of_rows(rows)


def test_a_page_that_is_full_leaves_nothing_open(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analyzer.store.results._FOLLOWING_ROWS", 1)
    kept = open_store(store_url)
    fill(kept, "alice", SESSION, {f"SWV_10Hz_{k}.txt": b"no numbers" for k in range(4)})
    assert [page.end_position for page in pages(kept, HistoryQuery(limit=1))] == [1, 2, 3, 4]
    kept.close()


def test_chosen_quantities_come_alone(store: Store) -> None:
    asked = HistoryQuery(form="columns", quantities=("normalised", "kdm"))
    (reply,) = pages(store, asked)
    assert reply.columns is not None
    assert {name for t in reply.columns.trends for name in t.quantities} == {"normalised", "kdm"}


def test_an_unknown_quantity_is_told_with_the_known_ones(store: Store) -> None:
    asked = HistoryQuery(form="columns", quantities=("peak_height",))
    problem = page_of_history(store, "alice", asked)
    assert isinstance(problem, Problem)
    assert "peak_height" in problem.detail
    assert all(name in problem.detail for name in QUANTITIES)


@pytest.mark.parametrize("asked", [{"limit": 1001}, {"quantities": ("kdm",)}])
def test_rows_have_their_own_limits(asked: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="ask for columns"):
        HistoryQuery.model_validate(asked)


def test_another_session_is_nobodys(store: Store) -> None:
    problem = page_of_history(store, "bob", HistoryQuery(form="columns", session_id=SESSION))
    assert isinstance(problem, Problem)
    assert problem.type == "not_found"
