"""From stored uploads to results, trends and announcements, over a real store."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.agent import packed, voltammogram

from analyzer import metrics
from analyzer.announcer import Announcer
from analyzer.ingest import Arrival, check
from analyzer.pipeline import analyse
from analyzer.reanalysing import Reanalyser
from analyzer.sessions import SettingsChanged, Started
from analyzer.status import Status
from analyzer.store.claims import CLAIM_S, PATIENCE_S
from analyzer.store.database import StoreError
from analyzer.store.engines import home_url
from analyzer.store.reanalysis import Reanalysis
from analyzer.store.results import Results
from analyzer.store.store import Store, open_store
from analyzer.trends import Trends
from analyzer.worker import Worker
from sacmes_core.link_events import Connected, Disconnected, Published, Received
from sacmes_core.messages import Message, Publication
from sacmes_core.payloads.questions import SettingsRequest, StartRequest
from sacmes_core.payloads.results import Result
from sacmes_core.protocol import CURVES, PROGRESS, RESULTS, decode

SESSION = "9b2f4c1e-0000-4000-8000-000000000001"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


class Broker:
    """A broker that takes what it is given, and says so when it is told to."""

    def __init__(self) -> None:
        self.sent: list[Publication] = []
        self.untold: list[int] = []

    def publish(self, publication: Publication) -> int:
        self.sent.append(publication)
        self.untold.append(len(self.sent))
        return len(self.sent)

    def acknowledge(self, received: Received) -> None:
        raise AssertionError("a worker acknowledges nothing")

    def results(self) -> list[Result]:
        topic = RESULTS.topic(user_id="alice")
        return [decode(Result, m.payload) for m in self.sent if m.topic == topic]

    def count(self, topic: str) -> int:
        return sum(m.topic == topic for m in self.sent)


class Bench:
    """A worker with its store; `restart` is what a killed process leaves to the next."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.store: Store = open_store(self.url)
        self.store.sessions.apply("alice", Started(StartRequest(), SESSION), NOW)
        self.restart()

    def restart(self) -> None:
        self.store.close()
        self.store = open_store(self.url)
        self.broker = Broker()
        self.announcer = Announcer(self.store, self.broker, Status())
        self.worker = Worker(
            self.store, self.broker, Status(), holder="one", announcer=self.announcer
        )
        self.announcer.note(Connected(True, None))

    def upload(self, *files: tuple[str, bytes], **told: Any) -> None:
        for file, content in files:
            sent = packed(SESSION, file, content, **told)
            arrival = check(Message(sent.topic, sent.payload, user_properties=sent.user_properties))
            assert isinstance(arrival, Arrival)
            self.store.uploads.commit([arrival], NOW)

    def work(self, *, taken: bool = True) -> None:
        """Turn until nothing is left to do."""
        busy = True
        while busy:
            busy = self.worker.turn() or self.is_busy()
            if taken:
                for token in self.broker.untold:
                    self.announcer.note(Published(token, None, False))
                busy = busy or bool(self.broker.untold)
                self.broker.untold.clear()

    def is_busy(self) -> bool:
        """Whether uploads wait, or a trend has to be computed again."""
        return self.store.uploads.count_waiting() > 0 or bool(self.store.sessions.stale())

    def change(self, **assignments: object) -> None:
        run = self.store.sessions.find("alice", SESSION)
        assert run is not None
        settings = run.document.settings.changed(dict(assignments))
        request = SettingsRequest(seen_revision=run.document.revision, settings=settings)
        self.store.sessions.apply("alice", SettingsChanged(request), NOW)

    def kept(self) -> list[Result]:
        return list(self.store.results.every(1))


@pytest.fixture
def bench(store_url: str) -> Iterator[Bench]:
    bench = Bench(store_url)
    yield bench
    bench.store.close()


def test_a_small_batch_is_followed_by_a_recess_and_a_large_one_is_not(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analyzer.worker.GATHER_S", 1000.0)
    monkeypatch.setattr("analyzer.worker.BATCH_MAX", 4)
    scan = voltammogram()
    assert bench.worker.recess_s == 0.0
    bench.upload(("a", scan))
    bench.work()
    assert bench.worker.recess_s > 900
    bench.upload(("b", scan), ("c", scan))
    bench.work()
    assert bench.worker.recess_s == 0.0


class Pair:
    """Two workers, as in two processes, over the store of a bench."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.workers = [
            Worker(bench.store, bench.broker, Status(), holder=name) for name in ("two", "three")
        ]

    def work(self) -> None:
        """Take turns, each after what the other has is no longer kept for him."""
        busy = True
        while busy:
            busy = False
            for worker in self.workers:
                self.wait(PATIENCE_S + 1)
                busy = worker.turn() or busy
            busy = busy or self._bench.is_busy()
        self._bench.work()

    def wait(self, seconds: float) -> None:
        with self._bench.store.database.write() as connection:
            connection.exec_driver_sql(f"UPDATE jobs SET since = since - {seconds}")
            connection.exec_driver_sql(f"UPDATE jobs SET expires_at = expires_at - {seconds}")
            connection.exec_driver_sql(f"UPDATE claims SET expires_at = expires_at - {seconds}")


def swv(
    number: int, hertz: int = 10, *, height: float = 1.0, peak_v: float = -0.3
) -> tuple[str, bytes]:
    content = voltammogram(height_a=height * 1e-6, frequency_hz=hertz, electrodes=1, peak_v=peak_v)
    return f"SWV_{hertz}Hz_{number}.txt", content


def normalised(results: list[Result]) -> list[float | None]:
    found = [result.electrodes[0].normalised for result in results]
    return [None if value is None else round(value, 2) for value in found]


def test_results_come_in_order_and_once(bench: Bench) -> None:
    bench.upload(*(swv(k) for k in range(1, 6)))
    bench.work()
    assert [r.position for r in bench.broker.results()] == [1, 2, 3, 4, 5]
    assert bench.broker.results() == bench.kept()
    assert bench.broker.count(CURVES.topic(user_id="alice")) == 1
    bench.restart()
    bench.work()
    assert bench.broker.sent == []


def test_result_that_died_between_commit_and_publish_is_told_by_the_next(bench: Bench) -> None:
    bench.upload(swv(1), swv(2))
    bench.announcer.note(Disconnected("gone", False))
    bench.work()
    assert bench.broker.results() == []
    bench.restart()
    bench.work(taken=False)
    assert [r.position for r in bench.broker.results()] == [1, 2]
    bench.restart()
    bench.work()
    assert [r.position for r in bench.broker.results()] == [1, 2]


def test_newest_is_told_with_another_trend_though_it_is_under_way_with_the_former_one(
    bench: Bench,
) -> None:
    bench.upload(swv(1), swv(2))
    bench.work(taken=False)
    bench.change(**{"peak.method": "fast"})
    bench.work(taken=False)
    bench.work()
    assert [(r.position, r.trend_revision) for r in bench.broker.results()] == [
        (1, 0),
        (2, 0),
        (2, 1),
    ]


def test_newest_is_retained_again_after_a_lost_connection(bench: Bench) -> None:
    bench.upload(swv(1), swv(2))
    bench.work()
    bench.announcer.note(Disconnected("killed", False))
    bench.announcer.note(Connected(True, None))
    bench.work()
    assert [r.position for r in bench.broker.results()] == [1, 2, 2]


def test_newest_is_retained_again_though_the_broker_had_just_taken_it(bench: Bench) -> None:
    bench.upload(swv(1), swv(2))
    bench.work(taken=False)
    # All of it while the worker was at something else: taken, killed, there again.
    for event in (*(Published(k, None, False) for k in bench.broker.untold), *cut()):
        bench.announcer.note(event)
    bench.broker.untold.clear()
    bench.work()
    assert [r.position for r in bench.broker.results()] == [1, 2, 2]


def test_an_older_session_leaves_the_newest_result_of_the_present_one_retained(
    bench: Bench,
) -> None:
    bench.upload(swv(1))
    bench.work()
    other = StartRequest(seen_revision=1)
    bench.store.sessions.apply("alice", Started(other, SESSION[:-1] + "2"), NOW)
    sent = packed(SESSION[:-1] + "2", *swv(2))
    arrival = check(Message(sent.topic, sent.payload, user_properties=sent.user_properties))
    assert isinstance(arrival, Arrival)
    bench.store.uploads.commit([arrival], NOW)
    bench.work()
    # Somebody takes the calibration of the older one away, and a file of it comes late.
    bench.store.calibrations.keep(1, None, NOW)
    bench.work()
    bench.upload(swv(3))
    bench.work()
    told = [m for m in bench.broker.sent if m.topic == RESULTS.topic(user_id="alice")]
    found = [(decode(Result, m.payload).session_id[-1], m.retain) for m in told]
    assert found == [("1", True), ("2", True), ("1", False), ("1", False)]


def cut() -> tuple[Disconnected | Connected, ...]:
    """A connection that was lost and is there again."""
    return Disconnected("killed", taken_over=False), Connected(True, None)


@contextmanager
def unwritable(store: Store, *whats: str) -> Iterator[None]:
    """A store that can be read, and in which some changes are not possible."""
    with store.database.write() as connection:
        for k, what in enumerate(whats):
            connection.exec_driver_sql(
                f"CREATE TRIGGER full{k} BEFORE {what} BEGIN SELECT RAISE(FAIL, 'full'); END"
            )
    yield
    with store.database.write() as connection:
        for k in range(len(whats)):
            connection.exec_driver_sql(f"DROP TRIGGER full{k}")


def test_what_was_claimed_as_the_store_failed_waits_for_no_end_of_the_claim(
    tmp_path: Path,
) -> None:
    bench = Bench(home_url(tmp_path))
    bench.upload(swv(1), swv(2))
    with (
        unwritable(bench.store, "UPDATE ON claims WHEN NEW.expires_at IS NULL"),
        pytest.raises(StoreError),
    ):
        bench.worker.turn()
    assert bench.worker.turn()
    assert len(bench.kept()) == 2
    bench.work()
    bench.change(**{"peak.method": "fast"})
    with (
        unwritable(bench.store, "INSERT ON staged", "UPDATE ON jobs WHEN NEW.expires_at IS NULL"),
        pytest.raises(StoreError),
    ):
        bench.worker.turn()
    bench.worker.turn()
    assert not bench.is_busy()
    bench.store.close()


def test_while_the_store_notes_nothing_no_result_is_told_twice(tmp_path: Path) -> None:
    bench = Bench(home_url(tmp_path))
    bench.upload(swv(1), swv(2))
    bench.work(taken=False)
    with unwritable(bench.store, "UPDATE ON results"):
        for token in bench.broker.untold:
            bench.announcer.note(Published(token, None, False))
        for _ in range(3):
            with pytest.raises(StoreError):
                bench.announcer.work()
    bench.broker.untold.clear()
    bench.work()
    assert [r.position for r in bench.broker.results()] == [1, 2]
    bench.store.close()


def test_newest_is_retained_again_as_soon_as_the_store_notes_it(tmp_path: Path) -> None:
    bench = Bench(home_url(tmp_path))
    bench.upload(swv(1), swv(2))
    bench.work()
    with unwritable(bench.store, "UPDATE ON results"):
        for event in cut():
            bench.announcer.note(event)
        with pytest.raises(StoreError):
            bench.announcer.work()
    bench.work()
    assert [r.position for r in bench.broker.results()] == [1, 2, 2]
    bench.store.close()


def test_reference_that_comes_late_gives_another_trend_revision(bench: Bench) -> None:
    bench.upload(swv(2, height=2), swv(3, height=3))
    bench.work()
    assert normalised(bench.kept()) == [None, None]
    bench.upload(swv(1, height=4))
    bench.work()
    assert normalised(bench.kept()) == [0.5, 0.75, 1.0]
    assert {r.trend_revision for r in bench.kept()} == {1}
    assert bench.broker.results()[-1] == bench.kept()[-1]
    bench.upload(swv(4, height=1))
    bench.work()
    assert normalised(bench.kept()) == [0.5, 0.75, 1.0, 0.25]
    assert {r.trend_revision for r in bench.kept()} == {1}


def test_trend_carries_errors_and_flags_and_gives_them_up_again(bench: Bench) -> None:
    bench.upload(*(swv(n) for n in (1, 2, 3)), swv(4, height=2, peak_v=-0.36))
    bench.work()
    errors = [result.electrodes[0].normalised_se for result in bench.kept()]
    assert errors[0] == 0.0
    assert all(error is not None and 0 < error < 0.5 for error in errors[1:])
    moved = ["peak_moved" in result.electrodes[0].flags for result in bench.kept()]
    assert moved == [False, False, False, True]
    bench.change(**{"trend.peak_move_max_v": 0.1})
    bench.work()
    assert not any("peak_moved" in result.electrodes[0].flags for result in bench.kept())


def test_trend_goes_on_after_a_restart(bench: Bench) -> None:
    bench.upload(swv(1), swv(1, 100), swv(2))
    bench.work()
    bench.restart()
    bench.upload(swv(2, 100, height=2))
    bench.work()
    assert round(bench.kept()[-1].electrodes[0].kdm or 0, 2) == 2.0
    assert {r.trend_revision for r in bench.kept()} == {0}


def test_other_reference_computes_only_the_trend_again(bench: Bench) -> None:
    bench.upload(swv(1), swv(2, height=2))
    bench.work()
    before = bench.kept()
    bench.change(**{"trend.reference_number": 2})
    bench.work()
    assert normalised(bench.kept()) == [0.5, 1.0]
    assert [r.settings_revision for r in bench.kept()] == [r.settings_revision for r in before]
    assert bench.broker.count(PROGRESS.topic(user_id="alice")) == 0


def test_other_peak_settings_analyse_all_again_and_tell_the_newest(bench: Bench) -> None:
    bench.upload(swv(1), swv(2), ("SWV_10Hz_3.txt", b"broken"))
    bench.work()
    told = len(bench.broker.results())
    bench.change(**{"peak.smoothing": "off"})
    bench.upload(swv(4))
    bench.work()
    assert [r.position for r in bench.kept()] == [1, 2, 3, 4]
    assert {r.settings_revision for r in bench.kept()} == {2}
    assert bench.broker.count(PROGRESS.topic(user_id="alice")) == 1
    assert {r.position for r in bench.broker.results()[told:]} == {4}


def test_progress_is_in_uploads_and_the_metric_in_scans(bench: Bench) -> None:
    """Of files that hold several scans there are fewer."""
    three_scans = 3 * swv(1)[1]
    bench.upload(("a.txt", three_scans), ("b.txt", three_scans))
    bench.work()
    bench.change(**{"peak.smoothing": "off"})
    status = Status()
    reanalyser = Reanalyser(bench.store, bench.broker, status, "two")
    assert reanalyser.reanalysis.progress(1) == (0, 2)
    while reanalyser.turn(0) is not None:
        pass
    assert reanalyser.reanalysis.progress(1) == (2, 2)
    assert status.metrics.total(metrics.ANALYSED) == 6


def test_new_scans_during_an_analysis_again_do_not_read_the_whole_trend(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.upload(*(swv(k) for k in range(1, 5)))
    bench.work()
    reads: list[int] = []
    trend_rows = Results.trend_rows

    def counted(results: Results, run: int, *after: Any) -> Any:
        reads.append(run)
        return trend_rows(results, run, *after)

    monkeypatch.setattr(Results, "trend_rows", counted)
    monkeypatch.setattr("analyzer.reanalysing.PIECE_MAX", 1)
    bench.change(**{"peak.smoothing": "off"})
    for k in (5, 6, 7):
        assert bench.worker.turn(), "an old scan again"
        bench.upload(swv(k, height=k))
        assert bench.worker.turn(), "a new scan"
    assert [r.position for r in bench.kept()] == [1, 2, 3, 4, 5, 6, 7]
    assert normalised(bench.kept()) == [1.0, 1.0, 1.0, 1.0, 5.0, 6.0, 7.0]
    bench.work()
    assert reads == [], "what is shown at the end is computed from what was analysed again"
    assert normalised(bench.kept()) == [1.0, 1.0, 1.0, 1.0, 5.0, 6.0, 7.0]


def test_a_stale_trend_is_not_claimed_before_the_old_scans_are_analysed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def claims_made() -> int:
        with bench.store.database.read() as connection:
            return int(connection.exec_driver_sql("SELECT turn FROM claims").scalar_one())

    bench.upload(*(swv(k) for k in range(1, 4)))
    bench.work()
    monkeypatch.setattr("analyzer.reanalysing.PIECE_MAX", 1)
    bench.change(**{"peak.smoothing": "off"})
    before = claims_made()
    assert bench.worker.turn(), "an old scan again"
    assert Pair(bench).workers[0].turn(), "the next one, by another worker"
    assert claims_made() == before
    assert bench.store.sessions.stale() == ()
    bench.work()
    assert {r.trend_revision for r in bench.kept()} == {1}


def test_nobody_sees_two_settings_revisions_at_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New scans go on under the settings that are shown, until all the others are there."""
    monkeypatch.setattr("analyzer.reanalysing.PIECE_MAX", 2)
    bench.upload(*(swv(k, height=k) for k in range(1, 6)))
    bench.work()
    bench.change(**{"peak.smoothing": "off", "trend.reference_number": 2})
    bench.upload(swv(6, height=6), swv(1, height=4))
    seen = []
    while bench.worker.turn() or bench.is_busy():
        seen.append({(r.settings_revision, r.trend_revision) for r in bench.kept()})
        if len(seen) == 2:
            assert [r.position for r in bench.kept()] == [2, 3, 4, 5, 6, 7]
            assert normalised(bench.kept())[:5] == [2.0, 3.0, 4.0, 5.0, 6.0]
    assert [len(revisions) for revisions in seen] == [1] * len(seen)
    assert seen[0] == {(1, 0)}
    assert seen[-1] == {(2, 1)}
    assert normalised(bench.kept()) == [1.0, 1.5, 2.0, 2.5, 3.0, 2.0]
    run = bench.store.sessions.find("alice", SESSION)
    assert run is not None
    assert bench.store.sessions.count_scans(run.run) == 6


def test_a_file_that_waits_again_is_shown_under_other_settings_as_it_was(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.upload(*(swv(k) for k in range(1, 4)))
    bench.work()
    bench.upload(swv(1, height=4))
    bench.change(**{"peak.smoothing": "off"})
    with monkeypatch.context() as patch:
        # As where more new scans wait than one turn takes.
        patch.setattr(Worker, "_analyse_next", lambda _: False)
        while bench.worker.turn():
            pass
    assert [(r.position, r.settings_revision) for r in bench.kept()] == [(1, 2), (2, 2), (3, 2)]
    bench.work()
    assert [(r.position, r.settings_revision) for r in bench.kept()] == [(2, 2), (3, 2), (4, 2)]


def four_wait_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let four scans wait under other settings, of which a turn takes two."""
    monkeypatch.setattr("analyzer.reanalysing.PIECE_MAX", 2)
    bench.upload(*(swv(k) for k in range(1, 5)))
    bench.work()
    bench.change(**{"peak.smoothing": "off"})


def test_settings_that_change_twice_are_shown_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    four_wait_again(bench, monkeypatch)
    assert bench.worker.turn()
    stage = Reanalysis.stage

    def change_first(*arguments: Any) -> int:
        monkeypatch.undo()
        bench.change(**{"peak.method": "fast"})
        return stage(*arguments)

    monkeypatch.setattr(Reanalysis, "stage", change_first)
    bench.work()
    assert [r.position for r in bench.kept()] == [1, 2, 3, 4]
    assert {(r.settings_revision, r.trend_revision) for r in bench.kept()} == {(3, 1)}
    assert {(r.method or "").partition("/")[0] for r in bench.kept()} == {"fast"}


def test_a_file_that_comes_again_while_its_scan_is_staged_is_shown_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    four_wait_again(bench, monkeypatch)
    other = Reanalyser(bench.store, bench.broker, Status(), "two")
    assert other.turn(0) == 1
    assert other.reanalysis.progress(1) == (2, 4)
    bench.upload(swv(1, height=4))
    bench.work()
    assert [(r.position, r.scan.revision) for r in bench.kept()] == [(2, 1), (3, 1), (4, 1), (5, 2)]
    assert {r.settings_revision for r in bench.kept()} == {2}
    assert bench.store.sessions.count_scans(1) == 4


def test_pieces_of_several_workers_may_lie_within_each_other(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The third scan of files without numbers is the one that was committed as the third."""
    bench.upload(*((f"{'abcdef'[k - 1]}.txt", swv(k, height=k)[1]) for k in range(1, 7)))
    bench.work()
    bench.change(**{"peak.smoothing": "off", "trend.reference_number": 3})
    dead = Reanalysis(bench.store.database, "dead")
    assert dead.take(0, limit=2, limit_bytes=10**9) is not None
    with monkeypatch.context() as patch:
        patch.setattr("analyzer.reanalysing.PIECE_MAX", 2)
        assert Reanalyser(bench.store, bench.broker, Status(), "two").turn(0) == 1
    Pair(bench).wait(CLAIM_S + 1)
    bench.work()
    assert {r.settings_revision for r in bench.kept()} == {2}
    assert normalised(bench.kept()) == pytest.approx([k / 3 for k in range(1, 7)], abs=0.01)


def test_a_file_of_which_fewer_scans_are_read_loses_the_others(bench: Bench) -> None:
    bench.upload(("a.txt", 3 * swv(1)[1]), swv(2))
    bench.work()
    assert [(r.position, r.scan.index) for r in bench.kept()] == [(1, 0), (1, 1), (1, 2), (2, 0)]
    bench.change(**{"reading.potential_column": 9})
    bench.work()
    assert [(r.position, r.scan.index, bool(r.error)) for r in bench.kept()] == [
        (1, 0, True),
        (2, 0, True),
    ]
    assert bench.store.sessions.count_scans(1) == 2


def test_a_worker_that_dies_over_a_piece_leaves_it_to_the_others(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analyzer.reanalysing.PIECE_MAX", 2)
    bench.upload(*(swv(k) for k in range(1, 7)))
    bench.work()
    bench.change(**{"peak.smoothing": "off"})
    dead, late = Reanalysis(bench.store.database, "dead"), Reanalysis(bench.store.database, "late")
    assert dead.take(0, limit=2, limit_bytes=10**9) is not None
    slow = late.take(0, limit=2, limit_bytes=10**9)
    assert slow is not None
    while bench.worker.turn():
        pass
    assert {r.settings_revision for r in bench.kept()} == {1}
    Pair(bench).wait(CLAIM_S + 1)
    bench.work()
    assert late.stage(slow, [], 2) == 0
    assert {r.settings_revision for r in bench.kept()} == {2}
    assert [r.position for r in bench.kept()] == [1, 2, 3, 4, 5, 6]


def test_who_takes_a_session_over_reads_little_of_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analyzer.trends.KEEP_EVERY", 4)
    monkeypatch.setattr("analyzer.worker.BATCH_MAX", 1)
    bench.upload(*(swv(k, hertz, height=k) for k in range(1, 6) for hertz in (10, 100)))
    bench.work()
    bench.restart()
    rows: list[int] = []
    trend_rows = Results.trend_rows

    def counted(results: Results, run: int, *after: Any) -> Any:
        for row in trend_rows(results, run, *after):
            rows.append(row.key.position)
            yield row

    monkeypatch.setattr(Results, "trend_rows", counted)
    bench.upload(swv(6, 10, height=3), swv(6, 100, height=6))
    bench.work()
    assert len(rows) < 4
    assert normalised(bench.kept())[-2:] == [3.0, 6.0]
    assert bench.kept()[-1].electrodes[0].kdm == pytest.approx(4.0, rel=0.05)


def test_file_written_again_replaces_its_scan(bench: Bench) -> None:
    bench.upload(swv(1), swv(2, height=2))
    bench.work()
    bench.upload(swv(1, height=4))
    bench.work()
    assert [(r.position, r.scan.revision) for r in bench.kept()] == [(2, 1), (3, 2)]
    assert normalised(bench.kept()) == [0.5, 1.0]
    bench.change(**{"peak.smoothing": "off"})
    bench.work()
    assert [r.position for r in bench.kept()] == [2, 3]


def test_settings_that_change_during_an_analysis_win(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The change comes between the reading of the settings and the commit."""
    bench.upload(swv(1))
    commit = Results.commit

    def change_first(results: Results, *arguments: Any, **named: Any) -> frozenset[int]:
        monkeypatch.undo()
        bench.change(**{"peak.smoothing": "off"})
        return commit(results, *arguments, **named)

    monkeypatch.setattr(Results, "commit", change_first)
    bench.work()
    assert [r.settings_revision for r in bench.kept()] == [2]
    assert bench.store.uploads.count_waiting() == 0


def test_a_content_that_comes_back_is_the_newest_revision(bench: Bench) -> None:
    file, first = swv(1, height=1.0)
    _, second = swv(1, height=2.0)
    bench.upload((file, first), (file, second), (file, first))
    bench.work()
    assert bench.kept()[-1].scan.revision == 2
    bench.upload((file, first), returned=1)
    bench.work()
    newest = bench.kept()[-1]
    assert newest.scan.revision == 3
    height_a = newest.electrodes[0].peak_current_a
    assert height_a is not None
    assert abs(height_a - 1e-6) < 2e-7


def test_a_clock_that_was_not_set_is_flagged(bench: Bench) -> None:
    bench.upload(swv(1), clock_synced=False)
    bench.upload(swv(2), clock_synced=True)
    bench.work()
    assert ["clock_not_set" in result.flags for result in bench.kept()] == [True, False]


def test_two_workers_make_what_one_makes(bench: Bench, tmp_path: Path) -> None:
    """Scan by scan: a reference that comes late, a file again, other settings at the end."""
    (tmp_path / "alone").mkdir()
    alone = Bench(home_url(tmp_path / "alone"))
    pair = Pair(bench)
    scans = [swv(k, hertz, height=k) for k in (2, 3, 4, 1) for hertz in (10, 100)]
    for scan in [*scans, swv(3, 10, height=7)]:
        for each, work in ((alone, alone.work), (bench, pair.work)):
            each.upload(scan)
            work()
    assert bench.kept() == alone.kept()
    for each, work in ((alone, alone.work), (bench, pair.work)):
        each.change(**{"peak.smoothing": "off"})
        work()
    assert bench.kept() == alone.kept()
    assert len(bench.kept()) == 8
    alone.store.close()


def test_a_worker_that_lost_its_session_stores_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first is as slow as a dead one, and wakes up between the work of the second."""
    bench.upload(swv(1), swv(2))
    slow, quick = Pair(bench).workers
    commit = Results.commit
    kept: list[frozenset[int]] = []

    def overtaken(results: Results, *arguments: Any, **named: Any) -> frozenset[int]:
        monkeypatch.undo()
        Pair(bench).wait(CLAIM_S + 1)
        slow.renew()
        Pair(bench).wait(CLAIM_S + 1)
        assert quick.turn()
        kept.append(commit(results, *arguments, **named))
        return kept[0]

    monkeypatch.setattr(Results, "commit", overtaken)
    slow.turn()
    assert kept == [frozenset()]
    assert [r.position for r in bench.kept()] == [1, 2]
    bench.work()
    assert [r.position for r in bench.broker.results()] == [1, 2]


def test_a_fault_gives_the_session_back(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.upload(swv(1))
    slow, quick = Pair(bench).workers

    def fault(*_: Any, **__: Any) -> bool:
        monkeypatch.undo()
        raise KeyError("a fault of ours")

    monkeypatch.setattr(Results, "commit", fault)
    with pytest.raises(KeyError):
        slow.turn()
    Pair(bench).wait(PATIENCE_S + 1)
    assert quick.turn()
    assert [r.position for r in bench.kept()] == [1]


def others(bench: Bench, *users: str) -> None:
    """One scan more of each of these users, in sessions of equal settings."""
    for user_id in users:
        bench.store.sessions.apply(user_id, Started(StartRequest(), SESSION), NOW)
        sent = packed(SESSION, *swv(1), user_id=user_id)
        arrival = check(Message(sent.topic, sent.payload, user_properties=sent.user_properties))
        assert isinstance(arrival, Arrival)
        bench.store.uploads.commit([arrival], NOW)


def test_scans_of_many_sessions_are_analysed_and_stored_together(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []

    def counted(sources: Any, settings: Any) -> Any:
        sizes.append(len(sources))
        return analyse(sources, settings)

    monkeypatch.setattr("analyzer.worker.analyse", counted)
    bench.change(**{"peak.smoothing": "off"})
    bench.upload(swv(1), swv(2))
    others(bench, "bobby", "carol", "david")
    assert bench.worker.turn()
    assert sizes == [2, 3]
    assert [r.position for r in bench.kept()] == [1, 2]
    assert all(len(list(bench.store.results.every(run))) == 1 for run in (2, 3, 4))
    bench.work()
    assert bench.store.uploads.count_waiting() == 0


def test_a_session_with_a_fault_does_not_hold_up_those_beside_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.upload(swv(1))
    others(bench, "bobby", "carol")

    def faulty(trends: Trends, run: Any, *rest: Any) -> Any:
        if run.user_id == "bobby":
            raise KeyError("a fault of ours")
        return extend(trends, run, *rest)

    extend = Trends.extend
    monkeypatch.setattr(Trends, "extend", faulty)
    for _ in range(4):
        with suppress(KeyError):
            bench.worker.turn()
    assert [len(list(bench.store.results.every(run))) for run in (1, 2, 3)] == [1, 0, 1]


def test_new_scans_come_between_the_trends_of_many_sessions(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analyzer.worker.TREND_TURN_S", 0.0)
    bench.upload(swv(1))
    others(bench, "bobby", "carol")
    bench.work()
    for user_id in ("alice", "bobby", "carol"):
        run = bench.store.sessions.find(user_id, None)
        assert run is not None
        settings = run.document.settings.changed({"trend.reference_number": 2})
        request = SettingsRequest(seen_revision=run.document.revision, settings=settings)
        bench.store.sessions.apply(user_id, SettingsChanged(request), NOW)
    for left in (2, 1, 0):
        assert bench.worker.turn()
        assert len(bench.store.sessions.stale()) == left


def test_the_first_scan_of_a_session_reads_no_trend(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(Results, "trend_state", lambda _, run: asked.append(run))
    bench.upload(swv(1))
    bench.work()
    assert asked == []
    bench.restart()
    bench.upload(swv(2))
    bench.work()
    assert asked == [1]
    assert bench.kept()[0].electrodes[0].normalised == 1.0


def test_frequency_that_came_with_the_upload_chooses_the_window(bench: Bench) -> None:
    _, content = swv(1)
    lines = content.decode().split("\r\n")
    silent = "\r\n".join(line for line in lines if not line.startswith("Frequency")).encode()
    windows = [{"up_to_hz": 50, "potential_min_v": -0.45}, {"above_hz": 50}]
    bench.change(**{"peak.windows": windows, "peak.potential_min_v": -0.25})
    bench.upload(("a_1.txt", silent), frequency_hz=40.0)
    bench.upload(("a_2.txt", silent), frequency_hz=60.0)
    bench.upload(("a_3.txt", content), frequency_hz=60.0)
    bench.work()
    slow, fast, header = bench.kept()
    assert [r.scan.frequency_hz for r in (slow, fast, header)] == [40.0, 60.0, 10.0]
    assert slow.electrodes[0].peak_potential_v == pytest.approx(-0.3, abs=0.01)
    assert fast.electrodes[0].peak_current_a is None or "peak_at_edge" in fast.electrodes[0].flags
    assert header.electrodes[0].peak_potential_v == pytest.approx(-0.3, abs=0.01)
    assert "name_header_mismatch" in header.flags
    assert "name_header_mismatch" not in slow.flags


def test_wrong_clock_is_told_by_the_result(bench: Bench) -> None:
    file, content = swv(1)
    old = content.replace(b"Nov. 22, 2026", b"Nov. 22, 2005")
    bench.upload((file, old), modified_at=datetime(2018, 3, 1, tzinfo=UTC))
    bench.upload(("SWV_10Hz_2.txt", old), modified_at=datetime(2005, 11, 23, tzinfo=UTC))
    bench.upload(("SWV_10Hz_3.txt", content.replace(b"Nov. 22, 2026", b"Nov. 24, 2026")))
    bench.work()
    assert ["clock_wrong" in r.flags for r in bench.kept()] == [True, False, True]
    assert ["clock_wrong" in r.electrodes[0].flags for r in bench.kept()] == [True, False, True]


def test_clock_that_went_back_within_the_run_is_told_also_after_a_restart(bench: Bench) -> None:
    known = {"measured_at": NOW, "measured_at_source": "header"}
    for number, day in ((1, 20), (2, 21), (3, 18)):
        file, content = swv(number)
        at = f"Nov. {day}, 2026".encode()
        bench.upload((file, content.replace(b"Nov. 22, 2026", at)), **known)
        bench.work()
        bench.restart()
    found = ["clock_went_back" in r.electrodes[0].flags for r in bench.kept()]
    assert found == [False, False, True]
    bench.change(**{"trend.reference_number": 2})
    bench.work()
    assert ["clock_went_back" in r.electrodes[0].flags for r in bench.kept()] == found
