"""A store that is filled by its own interface, without a broker: runs of any length in seconds."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Final

from analyzer.sessions import Started
from analyzer.store.claims import Claims
from analyzer.store.results import Batch
from analyzer.store.rows import NO_TREND, Analysed, trend_of, with_trend
from analyzer.store.store import Store
from analyzer.store.uploads import Arrival
from sacmes_core.formats.scan import Scan
from sacmes_core.link_events import Received
from sacmes_core.messages import Message, Publication
from sacmes_core.payloads.questions import StartRequest
from sacmes_core.payloads.results import Result
from sacmes_core.settings.session import SessionSettings
from sacmes_core.simulate.potentiostat import Potentiostat, Run, file_name
from sacmes_core.upload import UploadHeader, upload_id

USER: Final = "alice"
SESSION: Final = "9b2f4c1e-0000-4000-8000-000000000001"
FREQUENCIES_HZ: Final = (15.0, 200.0)
STARTED: Final = datetime(2026, 11, 22, tzinfo=UTC)
_DIFFERENT: Final = 50
"""So many numbers are simulated; a longer run repeats their bytes under other names."""
POINTS_MAX: Final = 200
_GROUP: Final = 200


class Files:
    """The files of a run at two frequencies, one after the other, from 1; each of 5 kB."""

    def __init__(self) -> None:
        potentiostat = Potentiostat(Run((1,)))
        self._contents = [
            _text(potentiostat.scan(number, frequency_hz))
            for number in range(1, _DIFFERENT + 1)
            for frequency_hz in FREQUENCIES_HZ
        ]

    def arrival(self, k: int) -> Arrival:
        """The upload of file `k`."""
        content = self._contents[(k - 1) % len(self._contents)]
        name = file_name((k + 1) // 2, FREQUENCIES_HZ[(k - 1) % 2])
        header = UploadHeader(
            session_id=SESSION,
            upload_id=upload_id(SESSION, name, content),
            file=name,
            sha256=hashlib.sha256(content).hexdigest(),
            measured_at=STARTED + timedelta(seconds=5 * k),
            measured_at_source="host",
        )
        return Arrival(USER, header, content)


class Sink:
    """A link that takes everything at once and counts the bytes."""

    def __init__(self) -> None:
        self.wire_bytes = 0
        self.taken: list[int] = []

    def publish(self, publication: Publication) -> int:
        """Count a message: topic, payload and user properties."""
        properties = sum(len(name) + len(value) for name, value in publication.user_properties)
        self.wire_bytes += len(publication.topic) + len(publication.payload) + properties
        self.taken.append(len(self.taken) + 1)
        return self.taken[-1]

    def acknowledge(self, _received: Received) -> None:
        """Nothing waits for it."""


def received(publication: Publication) -> Received:
    """A publication as the other side gets it."""
    message = Message(
        publication.topic, publication.payload, user_properties=publication.user_properties
    )
    return Received(message, (0, 0, 1))


def start(store: Store, settings: SessionSettings | None = None) -> None:
    """Start the session in an empty store."""
    request = StartRequest(settings=settings or SessionSettings())
    store.sessions.apply(USER, Started(request, SESSION), STARTED)


def store_uploads(store: Store, files: Files, first: int, last: int) -> None:
    """Let uploads come and wait, in groups."""
    for start_at in range(first, last + 1, _GROUP):
        end = min(start_at + _GROUP - 1, last)
        store.uploads.commit([files.arrival(k) for k in range(start_at, end + 1)], STARTED)


def fill_up(store: Store, files: Files, last: int, like: Result) -> None:
    """Bring the session to `last` scans with results like one, announced, nothing analysed."""
    run = store.sessions.find(USER, SESSION)
    assert run is not None
    first = store.results.last_position(run.run) + 1
    claims = Claims(store.database, "filling")
    trend = tuple(map(trend_of, like.electrodes))
    bare = tuple(with_trend(electrode, NO_TREND) for electrode in like.electrodes)
    plain = like.model_copy(update={"electrodes": bare})
    for start_at in range(first, last + 1, _GROUP):
        store_uploads(store, files, start_at, min(start_at + _GROUP - 1, last))
        found = claims.next(0)
        assert found is not None
        waiting = store.uploads.waiting(run.run, limit=_GROUP, limit_bytes=1 << 30)
        analysed = [Analysed(u, (_like(plain, u.position),), (trend,)) for u in waiting]
        assert store.results.commit([Batch(found, analysed, like.settings_revision)], STARTED)
        told = store.announcements.waiting(_GROUP, passing=frozenset())
        store.announcements.done(told)
    claims.leave()


def _text(scan: Scan) -> bytes:
    """A CHI text file of the difference current alone, 200 points at the most."""
    curve = scan.curves[0]
    lines = [
        "Nov. 22, 2026   10:00:00",
        "Square Wave Voltammetry",
        "Instrument Model:  CHI1030C",
        "",
        f"Frequency (Hz) = {scan.frequency_hz:g}",
        "",
        "Potential/V, Diff(i/A)",
        "",
    ]
    step = -(-len(curve.current_a) // POINTS_MAX)
    pairs = zip(curve.potential_v[::step], curve.current_a[::step], strict=True)
    lines += [f"{potential_v:.4f}, {current_a:.6e}" for potential_v, current_a in pairs]
    return ("\r\n".join(lines) + "\r\n").encode()


def _like(result: Result, position: int) -> Result:
    scan = result.scan.model_copy(
        update={
            "file": file_name((position + 1) // 2, FREQUENCIES_HZ[(position - 1) % 2]),
            "number": (position + 1) // 2,
            "frequency_hz": FREQUENCIES_HZ[(position - 1) % 2],
            "measured_at": STARTED + timedelta(seconds=5 * position),
        }
    )
    return result.model_copy(update={"position": position, "scan": scan})
