"""Carries uploads from the outbox to the broker and receipts back, as `delivery` says."""

import logging
from collections.abc import Callable
from typing import Final

from agent.database import OutboxError
from agent.delivery import (
    AnalyzerReturned,
    Closed,
    Deferred,
    Delivery,
    Event,
    Offered,
    Opened,
    Send,
    Settled,
    Tick,
    step,
)
from agent.outbox import Outbox
from agent.problems import Problems
from sacmes_core.errors import ProtocolError
from sacmes_core.link_events import Published
from sacmes_core.messages import Publication
from sacmes_core.payloads.results import Receipt, Receipts
from sacmes_core.upload import pack

logger = logging.getLogger(__name__)

_OFFERED: Final = 32


class Postman:
    """Performs what the delivery reducer decides; lives in its owner's thread.

    Parameters
    ----------
    publish
        Hands a message to the connection; None for no connection.
    """

    def __init__(
        self,
        outbox: Outbox,
        user_id: str,
        publish: Callable[[Publication], int | None],
        problems: Problems,
    ) -> None:
        self._outbox = outbox
        self._user_id = user_id
        self._publish = publish
        self._problems = problems
        self._delivery = Delivery()
        self._on_their_way: set[int] = set()

    @property
    def in_flight(self) -> int:
        """Uploads that were published and are not settled."""
        return len(self._delivery.window)

    @property
    def next_due(self) -> float | None:
        """When something is to be sent again."""
        return self._delivery.next_due

    def opened(self, now: float) -> None:
        """The broker accepted a connection: what was in flight is sent again."""
        self._on_their_way.clear()
        self._step(Opened(), now)
        self.tick(now)

    def closed(self, now: float) -> None:
        """The connection ended."""
        self._on_their_way.clear()
        self._step(Closed(), now)

    def analyzer_returned(self, now: float) -> None:
        """An analyzer came online."""
        self._step(AnalyzerReturned(), now)

    def tick(self, now: float) -> None:
        """Send what is due again, and fill the window from the outbox."""
        self._step(Tick(), now)
        while (room := self._delivery.room) > 0:
            uploads = self._outbox.waiting(self._delivery.cursor, min(room, _OFFERED))
            before = self._delivery.cursor
            if uploads:
                self._step(Offered(uploads), now)
            if self._delivery.cursor == before:
                break

    def receive(self, receipts: Receipts, now: float) -> frozenset[str]:
        """Strike off what is stored or refused; returns the ids that left the window."""
        try:
            self._outbox.settle(receipts.receipts)
        except OutboxError as error:
            self._problems.put("outbox", str(error))
            return frozenset()
        gone, later = _sorted_out(receipts.receipts)
        held = frozenset(flight.upload.upload_id for flight in self._delivery.window)
        for receipt in receipts.receipts:
            if receipt.status == "refused" and receipt.upload_id in held:
                logger.warning("The analyzer refused an upload: %s", receipt.reason)
        self._problems.put("analyzer", _why_deferred(receipts))
        self._step(Settled(gone), now)
        self._step(Deferred(later), now)
        return gone & held

    def published(self, published: Published) -> bool:
        """Note the broker's answer; returns whether it was about an upload."""
        if published.token not in self._on_their_way:
            return False
        self._on_their_way.discard(published.token)
        if published.error is not None:
            self._problems.put(
                "rights",
                f"The broker does not let {self._user_id} send scans ({published.error}); ask the "
                "administrator for the right to write. The scans are kept.",
            )
        else:
            self._problems.put("rights", None)
            hint = (
                "No analyzer has ever listened at this broker; the scans are kept until one does."
            )
            self._problems.put("listener", hint if published.no_subscribers else None)
        return True

    def _step(self, event: Event, now: float) -> None:
        self._delivery, sends = step(self._delivery, event, now)
        for send in sends:
            self._send(send, now)

    def _send(self, send: Send, now: float) -> None:
        loaded = self._outbox.load(send.upload_id)
        if loaded is None:
            self._step(Settled(frozenset({send.upload_id})), now)
            return
        header, content = loaded
        header = header.model_copy(update={"after": send.after})
        try:
            token = self._publish(pack(header, content, user_id=self._user_id))
        except ProtocolError as error:
            logger.warning("Refused: %s: %s", header.file, error)
            refusal = Receipt(upload_id=send.upload_id, status="refused", reason=str(error))
            self._outbox.settle([refusal])
            self._step(Settled(frozenset({send.upload_id})), now)
            return
        if token is not None:
            self._on_their_way.add(token)


def _why_deferred(receipts: Receipts) -> str | None:
    """A sentence while the analyzer cannot take scans; None once it stores them again."""
    reason = next((r.reason for r in receipts.receipts if r.status == "refused" and r.retry), None)
    if reason is None:
        return None
    return f"The analyzer cannot take scans at the moment: {reason} They are kept and sent again."


def _sorted_out(receipts: tuple[Receipt, ...]) -> tuple[frozenset[str], frozenset[str]]:
    later = frozenset(r.upload_id for r in receipts if r.status == "refused" and r.retry)
    return frozenset(r.upload_id for r in receipts) - later, later
