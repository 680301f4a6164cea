"""Connections through a real broker: who is let in, what is seen, what is asked."""

import pytest
from support.client import connected
from support.stand_in import AgentStandIn, AnalyzerStandIn
from support.tools import wait_until

from dashboard.connection import AskError, Connection, Credentials
from dashboard.pool import Pool
from sacmes_core import protocol, questions
from sacmes_core.address import BrokerAddress
from sacmes_core.payloads.marks import MarkRequest, UnmarkRequest
from sacmes_core.payloads.questions import ExportQuery, ListQuery, StopRequest


@pytest.fixture
def pool(broker):
    pool = Pool(BrokerAddress.parse(broker.url()), linger_s=0.5)
    yield pool
    pool.close()


@pytest.fixture
def analyzer(broker):
    analyzer = AnalyzerStandIn(broker.url("analyzer"), "alice")
    analyzer.start()
    analyzer.present()
    yield analyzer
    analyzer.stop()


def credentials(broker, user, user_id=None):
    return Credentials(user_id or user, user, broker.keys[user])


def let_in(pool, held):
    lease = pool.lease(held)
    lease.connection.wait_decided(10)
    return lease


def test_the_key_is_in_no_text():
    assert "secret" not in repr(Credentials("alice", "alice", "secret"))


def test_late_joiner_sees_history_and_voltammograms(broker, pool, analyzer):
    analyzer.begin()
    analyzer.scans(300, live=False)
    connection = let_in(pool, credentials(broker, "alice")).connection
    wait_until(
        lambda: connection.state.shown is not None and len(connection.state.shown.scans) == 600,
        what="the whole history",
    )
    wait_until(lambda: set(connection.state.curves) == {15.0, 100.0}, what="voltammograms")
    analyzer.scans(1)
    wait_until(lambda: len(connection.state.shown.scans) == 602, what="the live scans")


@pytest.mark.parametrize(
    ("user_id", "username", "key"),
    [
        ("alice", "alice", "wrong"),
        ("nobody-here", "nobody-here", "wrong"),
        ("alice", "bob", None),
        ("bob", "carol", None),
    ],
)
def test_who_may_not_look_is_refused(broker, pool, user_id, username, key):
    held = Credentials(user_id, username, key or broker.keys[username])
    lease = let_in(pool, held)
    wait_until(lambda: lease.connection.state.link == "refused", what="the refusal")
    assert lease.connection.state.session is None


def test_a_colleague_looks_with_his_own_key_but_changes_nothing(broker, pool, analyzer):
    analyzer.begin()
    analyzer.scans(2, live=False)
    connection = let_in(pool, credentials(broker, "carol", "alice")).connection
    wait_until(lambda: connection.state.shown is not None, what="alice's trend")
    with pytest.raises(AskError, match="takes the key of alice"):
        connection.ask(questions.STOP, StopRequest(), timeout_s=1)
    assert "stop" not in analyzer.asked


def test_another_user_sees_nothing_of_it(broker, pool, analyzer):
    analyzer.begin()
    connection = let_in(pool, credentials(broker, "bob")).connection
    analyzer.scans(2)
    analyzer.present()
    wait_until(lambda: connection.state.analyzers, what="the analyzer's presence")
    assert connection.state.session is None
    assert connection.state.shown is None


def test_pages_of_equal_credentials_share_a_connection_until_the_last_goes(broker, pool):
    held = credentials(broker, "alice")
    first, second = let_in(pool, held), let_in(pool, held)
    assert first.connection is second.connection
    other = let_in(pool, credentials(broker, "carol", "alice"))
    assert other.connection is not first.connection
    own = first.connection.state
    wait_until(
        lambda: sorted(v.presence.pages for v in first.connection.state.viewers.values()) == [1, 2],
        what="the viewers' presences",
    )
    first.close()
    first.close()
    assert pool.connections == 2
    second.close()
    wait_until(lambda: pool.connections == 1, what="the end of the unused connection")
    assert own.link == "online"
    wait_until(lambda: len(other.connection.state.viewers) == 1, what="its presence taken away")


def test_a_refused_connection_is_not_joined_again(broker, pool):
    wrong = Credentials("alice", "alice", "wrong")
    first = let_in(pool, wrong)
    second = let_in(pool, wrong)
    assert second.connection is not first.connection


def test_a_lost_viewer_is_cleared_by_its_will(broker):
    connection = Connection(BrokerAddress.parse(broker.url()), credentials(broker, "alice"))
    connection.start()
    connection.wait_decided(10)
    mine = protocol.VIEWER_PRESENCE.topic(user_id="alice", viewer=connection._viewer)
    with connected(broker, "alice") as watcher:
        watcher.subscribe(mine)
        watcher.settle()
        assert watcher.seen[-1].payload
        connection._link._stopping.set()
        connection._link._current.client.socket().close()
        wait_until(lambda: watcher.seen[-1].payload == b"", what="the will")
    connection.stop()


def test_questions_get_answers_files_or_sentences(broker, pool, analyzer):
    agent = AgentStandIn(broker.url("alice"), "alice")
    agent.start()
    connection = let_in(pool, credentials(broker, "alice")).connection
    listed = connection.ask(questions.LIST, ListQuery())
    assert [f.frequency_hz for f in listed.found] == [15.0, 100.0]
    agent.stop()
    analyzer.begin()
    analyzer.scans(3, live=False)
    assert connection.export_part(ExportQuery(), 10).content.count(b"\n") == 1 + 3 * 2 * 2
    with pytest.raises(AskError, match="Somebody else"):
        connection.ask(questions.STOP, StopRequest(seen_revision=99))
    analyzer.deaf = True
    with pytest.raises(AskError, match="No analyzer answers"):
        connection.ask(questions.STOP, StopRequest(), timeout_s=0.3)


def test_a_mark_reaches_its_asker_and_another_viewer_and_is_taken_away(broker, pool, analyzer):
    analyzer.begin()
    analyzer.scans(1)
    mine = let_in(pool, credentials(broker, "alice")).connection
    colleague = let_in(pool, credentials(broker, "carol", "alice")).connection
    for connection in (mine, colleague):
        wait_until(lambda c=connection: c.state.session is not None, what="the session")
    # The request itself is overheard with the same correlation data, and is no answer.
    for turn in range(1, 6):
        reply = mine.ask(questions.MARK, MarkRequest(number=turn, label="target"))
        assert len(reply.marks) == turn
    wait_until(lambda: len(colleague.state.marks) == 5, what="the marks at the colleague")
    assert len(mine.ask(questions.UNMARK, UnmarkRequest(mark_id=reply.marks[0].mark_id)).marks) == 4
    wait_until(lambda: len(colleague.state.marks) == 4, what="the mark's end at the colleague")


def test_a_broken_broker_keeps_the_trend_and_the_connection_comes_back(own_broker):
    analyzer = AnalyzerStandIn(own_broker.url("analyzer"), "alice")
    analyzer.start()
    analyzer.begin()
    pool = Pool(BrokerAddress.parse(own_broker.url()))
    connection = let_in(pool, credentials(own_broker, "alice")).connection
    analyzer.scans(2)
    wait_until(lambda: connection.state.shown and len(connection.state.shown.scans) == 4)
    own_broker.kill9()
    wait_until(lambda: connection.state.link == "offline", what="the loss")
    assert len(connection.state.shown.scans) == 4
    analyzer.scans(2, live=False)
    own_broker.start()
    wait_until(lambda: analyzer.link.connected, timeout=20, what="the analyzer")
    wait_until(lambda: len(connection.state.shown.scans) == 8, timeout=40, what="what was missed")
    pool.close()
    analyzer.stop()
