"""The way in for scans: check, commit in groups, and only then say that they are stored.

Nothing is read or analysed here, so that no file can stand in the way of another.
"""

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from analyzer import metrics
from analyzer.status import Status
from analyzer.store.database import StoreError
from analyzer.store.uploads import Arrival, Committed, Uploads
from sacmes_core.errors import ProtocolError
from sacmes_core.link_events import Received
from sacmes_core.logs import concerning
from sacmes_core.messages import Message, Publication
from sacmes_core.payloads.results import Receipt, Receipts
from sacmes_core.protocol import RECEIPTS, parse_topic, publication
from sacmes_core.upload import UploadRefusedError, unpack

logger = logging.getLogger(__name__)

GROUP_MAX: Final = 200
GROUP_BYTES_MAX: Final = 64 * 1024 * 1024
"""Of files unpacked, which all are in memory at once; what waits at the broker is packed."""
RECEIPTS_MAX: Final = 1000
RETRY_FIRST_S: Final = 0.5
RETRY_MAX_S: Final = 15.0


class Outward(Protocol):
    """The side of a link that sends."""

    def publish(self, publication: Publication) -> int | None:
        """Hand a message to the connection; None if there is none."""

    def acknowledge(self, received: Received) -> None:
        """Tell the broker that a message is done."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An upload that was not taken, and who is to be told."""

    user_id: str
    receipt: Receipt | None
    reason: str
    kind: str


def check(message: Message) -> Arrival | Refusal:
    """Check and unpack an upload; whatever is wrong with it becomes a refusal."""
    try:
        user_id, header, content = unpack(message)
    except UploadRefusedError as error:
        receipt = None
        if error.upload_id is not None:
            receipt = Receipt(
                upload_id=error.upload_id, status="refused", reason=str(error), retry=error.retry
            )
        return Refusal(parse_topic(message.topic).user_id, receipt, str(error), error.kind)
    if "\0" in header.file:
        reason = "The file name holds a NUL, which no file system allows."
        refused = Receipt(upload_id=header.upload_id, status="refused", reason=reason)
        return Refusal(user_id, refused, reason, "header")
    return Arrival(user_id, header, content)


_Checked = tuple[Received, Arrival | Refusal]


class Ingest:
    """Takes groups of uploads into the store.

    Parameters
    ----------
    committed
        Called after each group that brought something new.
    stop
        Ends the waiting for a store that cannot be written.
    """

    def __init__(
        self,
        uploads: Uploads,
        link: Outward,
        status: Status,
        committed: Callable[[], None],
        stop: threading.Event,
    ) -> None:
        self._uploads = uploads
        self._link = link
        self._status = status
        self._committed = committed
        self._stop = stop

    def take(self, group: Sequence[Received]) -> None:
        """Store a group, send the receipts, and acknowledge it to the broker.

        Without a commit there is neither receipt nor acknowledgement: it all comes again.
        """
        part: list[_Checked] = []
        size = 0
        for received in group:
            if (item := self._checked(received)) is None:
                continue
            part.append((received, item))
            size += len(item.content) if isinstance(item, Arrival) else 0
            if size > GROUP_BYTES_MAX:
                if not self._take_or_drop(part):
                    return
                part, size = [], 0
        self._take_or_drop(part)

    def _checked(self, received: Received) -> Arrival | Refusal | None:
        try:
            return check(received.message)
        except Exception as error:
            self._drop(received, error)
            return None

    def _take_or_drop(self, part: Sequence[_Checked]) -> bool:
        """Take some uploads; False if the end came before."""
        try:
            return self._take(part)
        except Exception as error:
            if len(part) > 1:
                return all(self._take_or_drop([one]) for one in part)
            self._drop(part[0][0], error)
            return True

    def _drop(self, received: Received, error: Exception) -> None:
        """Leave an upload alone that makes the ingest fail.

        A fault of ours in one upload must not hold up the others, nor stay in the broker's window.
        Without a receipt its agent keeps it.
        """
        with concerning(parse_topic(received.message.topic).user_id):
            logger.error("An upload made the ingest fail", exc_info=error)
        self._status.refuse("raw", "An upload made the ingest fail; the log says more.", "fault")
        self._link.acknowledge(received)

    def _take(self, part: Sequence[_Checked]) -> bool:
        arrivals = [item for _, item in part if isinstance(item, Arrival)]
        committed = self._commit(arrivals) if arrivals else Committed(0, {})
        if committed is None:
            return False
        self._status.count("received", len(part))
        receipts: dict[str, list[Receipt]] = defaultdict(list)
        for _, item in part:
            if isinstance(item, Arrival):
                key = item.user_id, item.header.upload_id
                if key in committed.early:
                    continue
                reason = committed.refused.get(key)
                receipts[item.user_id].append(_receipt(item, reason))
                if reason is not None:
                    with concerning(item.user_id, item.header.session_id):
                        self._status.refuse("raw", reason, "quota")
            else:
                with concerning(item.user_id):
                    self._status.refuse("raw", item.reason, item.kind)
                if item.receipt is not None:
                    receipts[item.user_id].append(item.receipt)
        for user_id, those in receipts.items():
            for receipt in those:
                self._status.metrics.add(metrics.RECEIPTS, labels=(receipt.status,))
            for message in _messages(user_id, those):
                self._send(message)
        for received, _ in part:
            self._link.acknowledge(received)
        return True

    def _send(self, message: Publication) -> None:
        try:
            self._link.publish(message)
        except ProtocolError as error:
            self._status.refuse("receipts", str(error))

    def _commit(self, arrivals: Sequence[Arrival]) -> Committed | None:
        """Commit a group, again and again if need be; None if the end came before."""
        wait_s = RETRY_FIRST_S
        while True:
            try:
                committed = self._uploads.commit(arrivals, datetime.now(UTC))
            except StoreError as error:
                self._status.trouble("store", str(error))
                if self._stop.wait(wait_s):
                    return None
                wait_s = min(2 * wait_s, RETRY_MAX_S)
                continue
            self._status.trouble("store", None)
            self._status.count("stored", committed.fresh)
            unstored = len(committed.refused) + len(committed.early)
            self._status.count("repeated", len(arrivals) - committed.fresh - unstored)
            self._status.count("early", len(committed.early))
            logger.debug("Of %d uploads %d are new", len(arrivals), committed.fresh)
            if committed.fresh:
                self._committed()
            return committed


def _receipt(arrival: Arrival, over_quota: str | None) -> Receipt:
    identity = arrival.header.upload_id
    if over_quota is None:
        return Receipt(upload_id=identity, status="stored")
    return Receipt(upload_id=identity, status="refused", reason=over_quota, retry=True)


def _messages(user_id: str, receipts: Sequence[Receipt]) -> Iterable[Publication]:
    for start in range(0, len(receipts), RECEIPTS_MAX):
        part = tuple(receipts[start : start + RECEIPTS_MAX])
        try:
            yield publication(RECEIPTS, Receipts(receipts=part), user_id=user_id)
        except ProtocolError:
            # Reasons that are too long in sum: one message for each of them fits.
            for receipt in part:
                yield publication(RECEIPTS, Receipts(receipts=(receipt,)), user_id=user_id)
