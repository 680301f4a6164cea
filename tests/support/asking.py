"""A viewer that asks questions as the dashboard does, and waits for the answers."""

import queue
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sacmes_core import payloads
from sacmes_core.address import BrokerAddress
from sacmes_core.errors import ProtocolError
from sacmes_core.link import Link
from sacmes_core.link_events import LinkEvent, LinkOptions, Received, Subscription
from sacmes_core.payloads import HistoryQuery, HistoryReply, Payload, Result
from sacmes_core.protocol import REPLY
from sacmes_core.questions import EXPORT, HISTORY, Question, question, read_reply


class Viewer:
    """One user's connection for questions."""

    def __init__(self, url: str, user_id: str, *, as_user: str | None = None) -> None:
        self.user_id = user_id
        self.client = f"test-{secrets.token_hex(4)}"
        self._events: queue.SimpleQueue[LinkEvent] = queue.SimpleQueue()
        reply = REPLY.topic(user_id=user_id, client=self.client)
        options = LinkOptions(f"{as_user or user_id}.{self.client}", (Subscription(reply),))
        self.link = Link(BrokerAddress.parse(url), options, self._events)

    def ask(self, kind: Question, payload: Payload, *, timeout_s: float = 10) -> Payload | bytes:
        """The answer; the question is put again each second until it comes."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            mark = secrets.token_bytes(8)
            asked = question(
                kind, payload, user_id=self.user_id, client=self.client, correlation_data=mark
            )
            if self.link.publish(asked) is None:
                time.sleep(0.05)
                continue
            answer = self._answer(kind, mark, min(2.0, deadline - time.monotonic()))
            if answer is not None:
                return answer
        raise AssertionError(f"no answer to {kind.verb} within {timeout_s} s")

    def history(self, session_id: str | None = None) -> list[Result]:
        """Every result of a session, page after page; empty as long as there is no session."""
        results: list[Result] = []
        while True:
            after = results[-1].position if results else 0
            page = self.ask(HISTORY, HistoryQuery(session_id=session_id, after_position=after))
            if isinstance(page, payloads.Problem):
                return results
            assert isinstance(page, HistoryReply)
            results.extend(page.results)
            if not page.more:
                return results

    def csv(self, session_id: str | None = None) -> str:
        """The export of a session in one piece."""
        content = self.ask(EXPORT, payloads.ExportQuery(session_id=session_id))
        assert isinstance(content, bytes), content
        return content.decode("utf-8-sig")

    def _answer(self, kind: Question, mark: bytes, timeout_s: float) -> Payload | bytes | None:
        deadline = time.monotonic() + timeout_s
        while (left := deadline - time.monotonic()) > 0:
            try:
                event = self._events.get(timeout=left)
            except queue.Empty:
                return None
            if isinstance(event, Received) and event.message.correlation_data == mark:
                try:
                    return read_reply(kind, event.message)
                except ProtocolError as error:
                    raise AssertionError(str(error)) from error
        return None


@contextmanager
def viewer(url: str, user_id: str, *, as_user: str | None = None) -> Iterator[Viewer]:
    """A viewer that is connected for the length of a block."""
    one = Viewer(url, user_id, as_user=as_user)
    one.link.start()
    try:
        yield one
    finally:
        one.link.stop()
