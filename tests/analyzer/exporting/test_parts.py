"""Exports of a stored session: what is in them, in parts, and the same bytes every time."""

import io
import json
import sys
import weakref
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from support.agent import voltammogram
from support.stored import NOW, SESSION, Outbox, fill

from analyzer.exporting import parts
from analyzer.exporting.formats import FORMATS
from analyzer.exporting.material import ExportError, Material
from analyzer.exporting.parts import Exports
from analyzer.exporting.tables import workbook
from analyzer.exports import COLUMNS, INTEGER_COLUMNS, TEXT_COLUMNS
from analyzer.sessions import SettingsChanged
from analyzer.status import Status
from analyzer.store.engines import home_url
from analyzer.store.sessions import Run
from analyzer.store.store import Store, open_store
from analyzer.worker import Worker
from sacmes_core.payloads.marks import Mark
from sacmes_core.payloads.questions import ExportFormat, ExportQuery, SettingsRequest
from sacmes_core.payloads.results import Result

FILES = {f"day 1/SWV_{hertz}Hz_1.txt": voltammogram(frequency_hz=hertz) for hertz in (10, 100)} | {
    "broken.txt": b"no numbers"
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = open_store(home_url(tmp_path_factory.mktemp("store")))
    fill(store, "alice", SESSION, FILES)
    filled = store.sessions.find("alice", SESSION)
    assert filled is not None
    store.marks.put(filled.run, Mark(mark_id="m", kind="injection", label="ATP", number=1), NOW)
    yield store
    store.close()


@pytest.fixture
def run(store: Store) -> Run:
    found = store.sessions.find("alice", SESSION)
    assert found is not None
    return found


def whole(store: Store, run: Run, **query: object) -> bytes:
    exports = Exports(store)
    asked = ExportQuery.model_validate(query)
    first = exports.part(run, asked)
    rest = [
        exports.part(run, asked.model_copy(update={"part": k})).content
        for k in range(2, first.parts + 1)
    ]
    return b"".join([first.content, *rest])


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "sacmes_cv"])
def test_the_same_content_gives_the_same_bytes(
    store: Store, run: Run, name: ExportFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = whole(store, run, format=name)
    assert once
    monkeypatch.setattr("time.time", lambda: 2e9)
    monkeypatch.setattr(parts, "PART_BYTES", 1000)
    assert whole(store, run, format=name) == once


def test_raw_holds_the_files_untouched(store: Store, run: Run) -> None:
    with zipfile.ZipFile(io.BytesIO(whole(store, run, format="raw"))) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        found = {entry["file"]: archive.read(entry["member"]) for entry in manifest["files"]}
        assert archive.namelist() == [*(e["member"] for e in manifest["files"]), "manifest.json"]
    assert found == FILES
    assert manifest["session"]["settings"]["peak"]
    assert [mark["label"] for mark in manifest["marks"]] == ["ATP"]


def test_parquet_has_the_table_with_its_types(store: Store, run: Run) -> None:
    table = pq.read_table(io.BytesIO(whole(store, run, format="parquet")))
    assert tuple(table.column_names) == COLUMNS
    assert set(COLUMNS) >= TEXT_COLUMNS | INTEGER_COLUMNS
    assert [str(table.schema.field(n).type) for n in ("file", "position", "kdm")] == [
        "string",
        "int64",
        "double",
    ]
    rows = table.to_pylist()
    assert [(r["position"], r["electrode"]) for r in rows] == [
        (1, 1),
        (1, 2),
        (2, 1),
        (2, 2),
        (3, None),
    ]
    assert rows[0]["peak_current_a"] == pytest.approx(1e-6, rel=0.05)
    assert rows[4]["error"]
    document = json.loads(table.schema.metadata[b"sacmes_session"])
    assert document["session_id"] == SESSION


def test_workbook_has_results_settings_marks_and_quality(store: Store, run: Run) -> None:
    with zipfile.ZipFile(io.BytesIO(whole(store, run, format="xlsx"))) as book:
        names = book.read("xl/workbook.xml").decode()
        sheets = {
            sheet: book.read(f"xl/worksheets/sheet{k}.xml").decode()
            for k, sheet in enumerate(("results", "settings", "marks", "quality"), start=1)
        }
    assert all(f'name="{sheet}"' in names for sheet in sheets)
    assert "peak_current_a" in sheets["results"]
    assert "settings.peak.method" in sheets["settings"]
    assert "ATP" in sheets["marks"]
    assert "broken.txt" in sheets["quality"]


def test_a_workbook_keeps_no_result_that_it_has_written(store: Store, run: Run) -> None:
    (result, *_) = store.results.every(run.run)
    passed: list[weakref.ref[Result]] = []
    most = 0

    def watched() -> Iterator[Result]:
        nonlocal most
        for position in range(1, 51):
            copy = result.model_copy(update={"position": position})
            passed.append(weakref.ref(copy))
            yield copy
            most = max(most, sum(kept() is not None for kept in passed))

    assert workbook(Material(run.document, watched(), ()))
    assert len(passed) == 50
    assert most <= 2


def test_only_what_is_chosen_is_exported(store: Store, run: Run) -> None:
    chosen = {"electrodes": (2,), "frequencies_hz": (100.0,), "first_number": 1}
    table = whole(store, run, **chosen).decode().splitlines()
    assert len(table) == 2
    assert ",100.0,2," in table[1]


def test_a_missing_library_is_named_with_what_to_install(
    store: Store, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("xlsxwriter", "pyarrow"):
        monkeypatch.setitem(sys.modules, name, None)
    for kind in ("xlsx", "parquet"):
        with pytest.raises(ExportError, match=r"sacmes\[analyzer\]"):
            whole(store, run, format=kind)


def test_what_is_too_large_says_who_can_help(
    store: Store, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "FILES_MAX_BYTES", 10)
    with pytest.raises(ExportError, match="sacmes-analyzer export"):
        whole(store, run, format="raw")
    with pytest.raises(ExportError, match="1 parts; there is no part 7"):
        Exports(store).part(run, ExportQuery(part=7))


def test_a_file_is_of_one_revision_though_another_takes_its_place(tmp_path: Path) -> None:
    store = open_store(home_url(tmp_path))
    fill(store, "alice", SESSION, FILES)
    run = store.sessions.find("alice", SESSION)
    assert run is not None

    def analyse_anew() -> None:
        settings = run.document.settings.changed({"peak.smoothing": "off"})
        request = SettingsRequest(seen_revision=run.document.revision, settings=settings)
        store.sessions.apply("alice", SettingsChanged(request), NOW)
        worker = Worker(store, Outbox(), Status(), holder="one")
        while worker.turn() or store.sessions.stale():
            pass

    def swap(*_: int) -> None:
        """Before the first result is read."""
        with ThreadPoolExecutor(1) as others:
            others.submit(analyse_anew).result()

    exports = Exports(store)
    asked = ExportQuery(format="parquet")
    old = pq.read_table(io.BytesIO(exports.part(run, asked, progress=swap).content))
    new = pq.read_table(io.BytesIO(exports.part(run, asked).content))
    for table, revision in ((old, 1), (new, 2)):
        document = json.loads(table.schema.metadata[b"sacmes_session"])
        assert document["settings_revision"] == revision
        assert set(table["settings_revision"].to_pylist()) == {revision}
    store.close()


def test_parts_are_of_one_file_while_the_session_goes_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "PART_BYTES", 1000)
    fill(store, "bob", SESSION, FILES)
    told: list[tuple[int, int]] = []
    exports = Exports(store)

    def part(asker: str = "a", **query: object) -> parts.Part:
        run = store.sessions.find("bob", SESSION)
        assert run is not None
        asked = ExportQuery.model_validate({"format": "xlsx", **query})
        return exports.part(run, asked, asker=asker, progress=lambda *at: told.append(at))

    first = part()
    run = store.sessions.find("bob", SESSION)
    assert run is not None
    assert told[0] == (0, store.sessions.count_scans(run.run))
    store.marks.put(run.run, Mark(mark_id="later", kind="event"), NOW)
    assert part(asker="b").state != first.state
    rest = [part(part=k, state=first.state).content for k in range(2, first.parts + 1)]
    assert [part(part=k).content for k in range(2, first.parts + 1)] == rest
    with zipfile.ZipFile(io.BytesIO(b"".join([first.content, *rest]))) as book:
        assert book.testzip() is None
        assert "later" not in book.read("xl/worksheets/sheet3.xml").decode()
    monkeypatch.setattr(parts, "_CACHED_MAX", 1)
    part(first_number=1)
    for named in ({"state": first.state}, {}):
        with pytest.raises(ExportError, match="ask for the export anew"):
            part(part=2, **named)
