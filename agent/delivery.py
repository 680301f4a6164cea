"""Which uploads are on their way, as a reducer: a bounded window, resending, receipts, order.

The window is the flow control: an upload leaves it on its receipt alone, whatever the broker
answered before. What does not fit stays in the outbox, so that memory does not grow with it.
Each upload names the one before it that has no receipt yet, so that the analyzer takes them in
order even when some of them are lost on the way; whatever is lost is sent again with all behind it.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

WINDOW_UPLOADS: Final = 100
WINDOW_BYTES: Final = 8 * 1024 * 1024
RESEND_FIRST_S: Final = 5.0
RESEND_MAX_S: Final = 300.0
"""The broker keeps what is sent while the analyzer is away, so repeats are kept rare."""
NAMED_ATTEMPTS: Final = 4
"""An upload that was sent more often without a receipt holds up no other: 75 s after the first."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An upload in the outbox that has no receipt; sequence numbers grow in the order taken."""

    sequence: int
    upload_id: str
    wire_bytes: int
    session_id: str


@dataclass(frozen=True, slots=True)
class InFlight:
    """An upload in the window, to be sent again at `due_at`."""

    upload: Waiting
    due_at: float
    attempts: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """The window, in the order of the outbox.

    Attributes
    ----------
    cursor
        Highest sequence number that was ever in the window.
    """

    window: tuple[InFlight, ...] = ()
    cursor: int = 0
    connected: bool = False

    @property
    def room(self) -> int:
        """How many more uploads may be offered now."""
        if not self.connected or self.wire_bytes >= WINDOW_BYTES:
            return 0
        return WINDOW_UPLOADS - len(self.window)

    @property
    def wire_bytes(self) -> int:
        """Bytes on their way."""
        return sum(flight.upload.wire_bytes for flight in self.window)

    @property
    def next_due(self) -> float | None:
        """When the next upload is to be sent again; None if nothing is."""
        if not self.connected:
            return None
        return min((flight.due_at for flight in self.window), default=None)


@dataclass(frozen=True, slots=True)
class Opened:
    """The broker accepted a connection; what was in flight may be lost."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The connection ended."""


@dataclass(frozen=True, slots=True)
class Offered:
    """The next uploads of the outbox, in order, after the cursor."""

    uploads: tuple[Waiting, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """These uploads are stored, or refused for good: they leave the window."""

    upload_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Deferred:
    """These uploads were refused for now; sending them later can help."""

    upload_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class AnalyzerReturned:
    """An analyzer came online: what it misses is soon asked for again."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time went by."""


Event = Opened | Closed | Offered | Settled | Deferred | AnalyzerReturned | Tick


@dataclass(frozen=True, slots=True)
class Send:
    """Publish this upload now.

    Attributes
    ----------
    after
        The upload of the same session that the analyzer is to have before; None for any.
    """

    upload_id: str
    after: str | None = None


def step(state: Delivery, event: Event, now: float) -> tuple[Delivery, tuple[Send, ...]]:
    """The window after an event, and what to send."""
    match event:
        case Opened():
            return _resend(replace(state, connected=True), now, everything=True)
        case Closed():
            return replace(state, connected=False), ()
        case Offered(uploads):
            return _take(state, uploads, now)
        case Settled(upload_ids):
            kept = tuple(f for f in state.window if f.upload.upload_id not in upload_ids)
            return replace(state, window=kept), ()
        case Deferred(upload_ids):
            return _defer(state, upload_ids, now), ()
        case AnalyzerReturned():
            soon = now + RESEND_FIRST_S
            window = tuple(replace(f, due_at=min(f.due_at, soon), attempts=1) for f in state.window)
            return replace(state, window=window), ()
        case Tick():
            return _resend(state, now) if state.connected else (state, ())


def resend_after(attempts: int) -> float:
    """Seconds from an attempt to the next one."""
    return min(RESEND_MAX_S, RESEND_FIRST_S * 2.0 ** min(attempts - 1, 16))


def _take(
    state: Delivery, uploads: tuple[Waiting, ...], now: float
) -> tuple[Delivery, tuple[Send, ...]]:
    window, taken = state.window, state.wire_bytes
    cursor = state.cursor
    new: set[str] = set()
    for upload in uploads:
        fits = taken + upload.wire_bytes <= WINDOW_BYTES or not window
        if not state.connected or len(window) >= WINDOW_UPLOADS or not fits:
            break
        if upload.sequence <= cursor:
            continue
        window = (*window, InFlight(upload, now + resend_after(1), 1))
        taken += upload.wire_bytes
        cursor = upload.sequence
        new.add(upload.upload_id)
    return replace(state, window=window, cursor=cursor), _sends(window, new)


def _defer(state: Delivery, upload_ids: frozenset[str], now: float) -> Delivery:
    window = tuple(
        replace(f, due_at=now + resend_after(f.attempts)) if f.upload.upload_id in upload_ids else f
        for f in state.window
    )
    return replace(state, window=window)


def _resend(
    state: Delivery, now: float, *, everything: bool = False
) -> tuple[Delivery, tuple[Send, ...]]:
    """Send what is due, and all behind it: without the one before, they came too early."""
    due = (k for k, flight in enumerate(state.window) if everything or flight.due_at <= now)
    first = next(due, len(state.window))
    again = []
    for flight in state.window[first:]:
        attempts = 1 if everything else flight.attempts + 1
        again.append(InFlight(flight.upload, now + resend_after(attempts), attempts))
    window = (*state.window[:first], *again)
    sends = _sends(window, {flight.upload.upload_id for flight in again})
    return replace(state, window=window), sends


def _sends(window: tuple[InFlight, ...], upload_ids: Collection[str]) -> tuple[Send, ...]:
    """Orders to send some uploads of the window, each after the one before it."""
    before: dict[str, str] = {}
    sends: list[Send] = []
    for flight in window:
        upload = flight.upload
        if upload.upload_id in upload_ids:
            sends.append(Send(upload.upload_id, before.get(upload.session_id)))
        if flight.attempts <= NAMED_ATTEMPTS:
            before[upload.session_id] = upload.upload_id
    return tuple(sends)
