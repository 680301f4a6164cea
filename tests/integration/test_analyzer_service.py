"""The analyzer's service through a real broker: uploads in, receipts, results and answers out."""

import csv
import io
import subprocess
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from support.agent import Speaker, packed, speaking, voltammogram
from support.broker import Broker, IotcoreBroker
from support.client import Client, connected
from support.programs import end, running
from support.tools import requires, wait_until

from sacmes_core import questions
from sacmes_core.messages import Publication
from sacmes_core.payloads.alerts import AlertsReply
from sacmes_core.payloads.presence import AgentPresence, AnalyzerPresence
from sacmes_core.payloads.questions import (
    ExportQuery,
    HistoryQuery,
    ScanQuery,
    SettingsRequest,
    StartRequest,
    StopRequest,
)
from sacmes_core.payloads.replies import (
    HistoryReply,
    Problem,
    ScanReply,
    SessionReply,
    SessionsReply,
)
from sacmes_core.payloads.results import Curves
from sacmes_core.protocol import AGENT_PRESENCE, CURVES, REQUEST, decode, publication
from sacmes_core.settings.alerts import AlertSettings, BandRule
from sacmes_core.settings.session import SessionSettings


@pytest.fixture(scope="module", params=["broker", "iotcore_broker"])
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Broker]:
    """A broker with an analyzer at work: Mosquitto, and one that has nothing but MQTT 5."""
    broker: Broker = request.getfixturevalue(request.param)
    home = tmp_path_factory.mktemp("analyzer")
    arguments = ("run", "--broker", broker.url("analyzer"), "--home", home)
    with running("sacmes-analyzer", *arguments, log=home / "log"):
        wait_until(
            lambda: "Connected to the broker" in (home / "log").read_text("utf-8"),
            timeout=100,
            what="the analyzer",
        )
        yield broker
    assert "Traceback" not in (home / "log").read_text("utf-8")


@pytest.fixture
def alice(service: Broker) -> Iterator[Speaker]:
    with speaking(service) as speaker:
        yield speaker


def history(speaker: Speaker, session_id: str | None = None) -> HistoryReply:
    reply = speaker.ask(questions.HISTORY, HistoryQuery(session_id=session_id, limit=1000))
    assert isinstance(reply, HistoryReply), reply
    return reply


def test_scan_becomes_a_result_with_its_trend(alice: Speaker) -> None:
    session = alice.start()
    for number in (1, 2):
        for hertz, height in ((10.0, 1e-6), (100.0, 2e-6 * number)):
            name = f"SWV_{hertz:g}Hz_{number}.txt"
            content = voltammogram(height_a=height, frequency_hz=hertz)
            alice.upload(session.session_id, name, content)
            alice.wait_for_receipts()
    results = wait_until(
        lambda: (
            (found := [r for r in alice.results if r.session_id == session.session_id])[3:]
            and found
        ),
        what="four results",
    )
    assert [r.position for r in results] == [1, 2, 3, 4]
    last = results[-1]
    assert (last.scan.frequency_hz, last.scan.number) == (100.0, 2)
    assert [e.electrode for e in last.electrodes] == [1, 2]
    assert last.electrodes[0].normalised == pytest.approx(2.0, rel=1e-3)
    assert last.electrodes[0].kdm == pytest.approx(2.0 - 1.0 + 1.0, rel=1e-3)
    assert results[2].electrodes[0].kdm is None
    assert history(alice, session.session_id).results == tuple(results)


def test_curves_are_shown_live_and_again_on_request(alice: Speaker) -> None:
    session = alice.start()
    alice.upload(session.session_id, "SWV_10Hz_1.txt", voltammogram())
    topic = CURVES.topic(user_id="alice")
    live = wait_until(
        lambda: [
            c
            for m in list(alice.heard)
            if m.topic == topic
            and (c := decode(Curves, m.payload)).session_id == session.session_id
        ],
        what="curves",
    )[0]
    reply = alice.ask(questions.SCAN, ScanQuery(position=1))
    assert isinstance(reply, ScanReply)
    assert reply.curves == live
    assert len(live.electrodes[0].potential_v) == 80


def test_file_that_cannot_be_read_gives_a_sentence(alice: Speaker) -> None:
    session = alice.start()
    alice.upload(session.session_id, "SWV_10Hz_1.txt", b"not a voltammogram")
    alice.wait_for_receipts()
    wait_until(lambda: history(alice).results, what="the result")
    (result,) = history(alice).results
    assert result.error is not None
    assert result.electrodes == ()


def test_session_is_stopped_and_conflicts_are_answered(alice: Speaker) -> None:
    first = alice.start()
    conflict = alice.ask(questions.START, StartRequest(seen_revision=first.revision - 1))
    assert isinstance(conflict, Problem)
    assert (conflict.type, conflict.revision) == ("conflict", first.revision)
    reply = alice.ask(questions.STOP, StopRequest(seen_revision=first.revision, by="alice"))
    assert isinstance(reply, SessionReply)
    assert (reply.session.state, reply.session.session_id) == ("stopped", first.session_id)
    assert reply.session.revision > first.revision
    wait_until(lambda: alice.documents()[-1] == reply.session, what="the published document")


def test_changed_peak_settings_analyse_the_run_again(alice: Speaker) -> None:
    session = alice.start()
    for number in (1, 2, 3):
        alice.upload(
            session.session_id, f"SWV_10Hz_{number}.txt", voltammogram(height_a=number * 1e-6)
        )
    alice.wait_for_receipts()
    wait_until(lambda: len(history(alice).results) == 3, what="three results")
    before = history(alice)
    settings = session.settings.changed({"peak.method": "sacmes-web", "trend.reference_number": 2})
    reply = alice.ask(
        questions.CHANGE_SETTINGS,
        SettingsRequest(seen_revision=session.revision, settings=settings),
    )
    assert isinstance(reply, SessionReply)
    revision = reply.session.settings_revision
    assert revision == reply.session.revision
    after = wait_until(
        lambda: (
            (h := history(alice)).trend_revision > before.trend_revision
            and all(r.settings_revision == revision for r in h.results)
            and h
        ),
        what="the new analysis",
    )
    assert [r.position for r in after.results] == [1, 2, 3]
    assert after.results[1].electrodes[0].normalised == 1.0
    assert after.results[0].electrodes[0].peak_current_a != (
        before.results[0].electrodes[0].peak_current_a
    )
    wait_until(
        lambda: alice.results[-1].trend_revision == after.trend_revision, what="the newest result"
    )


def test_same_name_with_other_bytes_is_a_new_revision(alice: Speaker) -> None:
    session = alice.start()
    for height in (1e-6, 3e-6):
        alice.upload(session.session_id, "SWV_10Hz_1.txt", voltammogram(height_a=height))
        alice.wait_for_receipts()
    result = wait_until(
        lambda: (r := history(alice).results) and r[-1].scan.revision == 2 and r, what="revision 2"
    )
    assert [r.position for r in result] == [2]
    electrode = wait_until(
        lambda: (e := history(alice).results[0].electrodes[0]).normalised == 1.0 and e,
        what="the trend of the new revision",
    )
    assert electrode.peak_current_a == pytest.approx(3e-6, rel=0.05)


def test_upload_of_an_unknown_session_is_kept(service: Broker) -> None:
    with speaking(service, "bob") as bob:
        unknown = "9b2f4c1e-0000-4000-8000-000000000001"
        bob.upload(unknown, "SWV_10Hz_1.txt", voltammogram())
        bob.wait_for_receipts()
        wait_until(lambda: history(bob, unknown).results, what="its result")
        assert history(bob, unknown).session.name == "recovered"
        assert bob.documents() == []


def test_broken_uploads_are_refused_with_a_reason(alice: Speaker) -> None:
    session = alice.start()
    good = packed(session.session_id, "SWV_10Hz_1.txt", voltammogram())
    properties = dict(good.user_properties)
    broken = properties["upload_id"][::-1]
    alice.link.publish(
        Publication(
            good.topic,
            good.payload + b"more",
            user_properties=tuple((properties | {"upload_id": broken}).items()),
        )
    )
    wait_until(lambda: alice.receipts.get(broken) == "refused", what="the refusal")
    alice.link.publish(Publication(good.topic, b"", user_properties=()))
    alice.upload(session.session_id, "SWV_10Hz_1.txt", voltammogram())
    alice.wait_for_receipts()


def test_nobody_is_told_of_anothers_session(service: Broker, alice: Speaker) -> None:
    session = alice.start()
    alice.upload(session.session_id, "SWV_10Hz_1.txt", voltammogram())
    wait_until(lambda: history(alice).results, what="the result")
    with speaking(service, "bob") as bob:
        for question, payload in (
            (questions.HISTORY, HistoryQuery(session_id=session.session_id)),
            (questions.SCAN, ScanQuery(session_id=session.session_id)),
            (questions.EXPORT, ExportQuery(session_id=session.session_id)),
        ):
            reply = bob.ask(question, payload)
            assert isinstance(reply, Problem)
            assert reply.type == "not_found"
        listed = bob.ask(questions.SESSIONS)
        assert isinstance(listed, SessionsReply)
        assert session.session_id not in {s.session.session_id for s in listed.sessions}


def test_answer_goes_only_to_the_askers_own_tree(service: Broker) -> None:
    own = "sacmes/bob/reply/x1"
    foreign = ("sacmes/alice/reply/x", "sacmes/bob/session", "sacmes/bob/reply/x/y", "x")
    with connected(service, "bob") as bob, connected(service, "admin") as admin:
        admin.subscribe("sacmes/+/reply/#", "sacmes/+/session", "x")
        admin.settle()
        before = len(admin.seen)
        for response_topic in (*foreign, own):
            ask_without_checks(bob, "sacmes/bob/query/sessions", response_topic)
        wait_until(lambda: admin.seen[before:], what="the answer")
        admin.settle()
        assert {s.topic for s in admin.seen[before:]} == {own}


def test_retained_request_is_not_carried_out(own_broker: Broker, tmp_path: Path) -> None:
    with connected(own_broker, "alice") as client:
        topic = REQUEST.topic(user_id="alice", verb="start")
        client.publish(topic, b'{"schema": 1}', retain=True)
    arguments = ("run", "--broker", own_broker.url("analyzer"), "--home", tmp_path)
    with (
        running("sacmes-analyzer", *arguments, log=tmp_path / "log"),
        speaking(own_broker) as alice,
    ):
        listed = alice.ask(questions.SESSIONS)
        assert isinstance(listed, SessionsReply)
        assert listed.sessions == ()
    assert "retained question" in (tmp_path / "log").read_text("utf-8")


def test_mosquitto_rr_prints_the_table_and_columns_of_history(
    service: Broker, alice: Speaker
) -> None:
    session = alice.start()
    names = [f"SWV_{hertz}Hz_{number}.txt" for number in (1, 2) for hertz in (10, 100)]
    for name in names:
        alice.upload(session.session_id, name, voltammogram())
    alice.wait_for_receipts()
    wait_until(lambda: len(history(alice).results) == 4, what="four results")
    program = requires("mosquitto_rr", "mosquitto-clients")
    command = [program, "-V", "5", "-h", service.host, "-p", str(service.port)]
    command += ["-u", "alice", "-P", service.keys["alice"], "-q", "1", "-W", "5"]
    command += ["-t", "sacmes/alice/query/export", "-e", "sacmes/alice/reply/rr1"]
    command += ["-m", '{"schema": 1, "format": "csv"}']
    texts = [subprocess.run(command, capture_output=True, check=True).stdout for _ in range(2)]
    assert texts[0] == texts[1]
    asked = '{"schema": 1, "form": "columns", "quantities": ["peak_current_a"]}'
    command[command.index("-t") + 1] = "sacmes/alice/query/history"
    answer = subprocess.run([*command[:-1], asked], capture_output=True, check=True).stdout
    columns = decode(HistoryReply, answer).columns
    assert columns is not None
    assert [trend.number for trend in columns.trends] == [(1, 1, 2, 2)] * 2
    rows = list(csv.DictReader(io.StringIO(texts[0].decode())))
    first = columns.trends[0].quantities["peak_current_a"]
    assert repr(first[0]) == rows[0]["peak_current_a"]
    assert Counter(row["file"] for row in rows) == dict.fromkeys(names, 2)
    assert {row["electrode"] for row in rows} == {"1", "2"}
    assert float(rows[0]["peak_current_a"]) == pytest.approx(1e-6, rel=0.05)


def test_mosquitto_rr_saves_the_files_as_they_came(service: Broker, alice: Speaker) -> None:
    session = alice.start()
    content = voltammogram()
    alice.upload(session.session_id, "SWV_10Hz_1.txt", content)
    alice.wait_for_receipts()
    program = requires("mosquitto_rr", "mosquitto-clients")
    command = [program, "-V", "5", "-h", service.host, "-p", str(service.port), "-N"]
    command += ["-u", "alice", "-P", service.keys["alice"], "-q", "1", "-W", "5"]
    command += ["-t", "sacmes/alice/query/export", "-e", "sacmes/alice/reply/rr2"]
    command += ["-m", '{"schema": 1, "format": "raw"}']
    packed_files = subprocess.run(command, capture_output=True, check=True).stdout
    with zipfile.ZipFile(io.BytesIO(packed_files)) as archive:
        assert archive.read("raw/000001_SWV_10Hz_1.txt") == content


def test_alert_is_retained_and_acknowledged_by_mosquitto_rr(
    service: Broker, alice: Speaker
) -> None:
    rule = BandRule(quantity="peak_current", electrode=1, low=1e-3, scans=1)
    session = alice.start(SessionSettings(alerts=AlertSettings(bands=(rule,))))
    alice.upload(session.session_id, "SWV_10Hz_1.txt", voltammogram())
    (alert,) = wait_until(alice.alerts, what="an alert")
    assert (alert.kind, alert.threshold, alert.number) == ("signal_out_of_band", 1e-3, 1)
    program = requires("mosquitto_rr", "mosquitto-clients")
    command = [program, "-V", "5", "-h", service.host, "-p", str(service.port)]
    command += ["-u", "alice", "-P", service.keys["alice"], "-q", "1", "-W", "10"]
    command += ["-t", "sacmes/alice/request/acknowledge", "-e", "sacmes/alice/reply/rr3"]
    command += ["-m", f'{{"schema": 1, "alert_id": "{alert.alert_id}", "by": "Ada"}}']
    answer = decode(AlertsReply, subprocess.run(command, capture_output=True, check=True).stdout)
    assert [a.acknowledged_by for a in answer.alerts if a.alert_id == alert.alert_id] == ["Ada"]
    with speaking(service) as later:
        (kept,) = wait_until(later.alerts, what="the retained alert")
    assert (kept.state, kept.alert_id) == ("acknowledged", alert.alert_id)
    alice.start()
    wait_until(lambda: not alice.alerts(), what="the end of the alert")


def test_presence_counts(service: Broker, alice: Speaker) -> None:
    if isinstance(service, IotcoreBroker):
        pytest.skip("what a wildcard retains comes there with quality of service 0 alone")
    with connected(service, "alice") as client:
        client.subscribe("sacmes/_system/analyzers/+")
        seen = wait_until(lambda: client.seen, what="the presence")
    presence = decode(AnalyzerPresence, seen[0].payload)
    assert (presence.state, presence.role) == ("online", "run")
    assert seen[0].retained


def test_fresh_store_goes_on_where_the_lost_one_ended(own_broker: Broker, tmp_path: Path) -> None:
    broker = own_broker.url("analyzer")
    log = tmp_path / "log"
    with speaking(own_broker) as alice:
        with running("sacmes-analyzer", "run", "--broker", broker, "--home", tmp_path, log=log):
            session = alice.start()
            alice.upload(session.session_id, "SWV_10Hz_1.txt", voltammogram())
            alice.wait_for_receipts()
        alice.link.publish(agent_presence(revision=40))
        fresh = tmp_path / "fresh"
        with running("sacmes-analyzer", "run", "--broker", broker, "--home", fresh, log=log):
            alice.upload(session.session_id, "SWV_10Hz_2.txt", voltammogram())
            alice.wait_for_receipts()
            adopted = wait_until(
                lambda: (h := history(alice)).results and h.session == session and h,
                what="the session as the broker holds it",
            )
            assert [r.scan.file for r in adopted.results] == ["SWV_10Hz_2.txt"]
            assert alice.start().revision > 40
    assert "Traceback" not in log.read_text("utf-8")


def agent_presence(*, revision: int) -> Publication:
    now = datetime.now(UTC)
    presence = AgentPresence(
        state="online",
        instance="0" * 16,
        number=1,
        heartbeat_at=now,
        since=now,
        version="1",
        host="bench",
        source="folder",
        revision=revision,
    )
    return publication(AGENT_PRESENCE, presence, user_id="alice")


def test_clean_end_says_stopped(own_broker: Broker, tmp_path: Path) -> None:
    arguments = ("run", "--broker", own_broker.url("analyzer"), "--home", tmp_path)
    with connected(own_broker, "admin") as admin:
        admin.subscribe("sacmes/_system/analyzers/+")
        with running("sacmes-analyzer", *arguments, log=tmp_path / "log") as process:
            wait_until(lambda: states(admin) == ["online"], what="the presence")
            assert end(process) == 0
        wait_until(lambda: states(admin) == ["online", "stopped"], what="the farewell")
    assert "Traceback" not in (tmp_path / "log").read_text("utf-8")


def states(client: Client) -> list[str]:
    """The states that presences said, in order, repeats left out."""
    said = [decode(AnalyzerPresence, s.payload).state for s in client.seen if s.payload]
    return [state for k, state in enumerate(said) if state != said[k - 1] or k == 0]


def ask_without_checks(client: Client, topic: str, response_topic: str) -> None:
    properties = Properties(PacketTypes.PUBLISH)
    properties.ResponseTopic = response_topic
    client.mqtt.publish(topic, b"", qos=1, properties=properties).wait_for_publish(5)
