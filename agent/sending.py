"""Sending files of earlier scans to the end; the same command goes on where one was stopped."""

import logging
import os
import queue
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import typer

from agent import starting
from agent.asking import Asker
from agent.claim import refusal_sentence
from agent.examination import examine
from agent.headers import upload_header
from agent.listing import list_folder, order
from agent.outbox import FileRecord, Outbox, Taken
from agent.postman import Postman
from agent.problems import Problems
from agent.progress import ShownProgress
from agent.recordings import is_label, label_of, labelled_header
from agent.resuming import Memory
from agent.selection import name_belongs
from agent.settling import Sighting
from sacmes_core import questions
from sacmes_core.address import BrokerAddress
from sacmes_core.errors import ConfigError, ProtocolError, SacmesError
from sacmes_core.link import Link
from sacmes_core.link_events import (
    Connected,
    Disconnected,
    LinkEvent,
    LinkOptions,
    Published,
    Received,
    Refused,
    Subscription,
)
from sacmes_core.messages import Message
from sacmes_core.payloads.questions import StopRequest
from sacmes_core.payloads.results import Receipts
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.protocol import MAX_UPLOAD_BYTES, RECEIPTS, REPLY, SESSION, decode, parse_topic
from sacmes_core.settings.parts import Technique
from sacmes_core.settings.session import SessionSettings
from sacmes_core.settings.source import SourceSettings
from sacmes_core.upload import pack

logger = logging.getLogger(__name__)

HELD_UPLOADS: Final = 100
STOP_TIMEOUT_S: Final = 5.0


class SendingError(SacmesError):
    """The files cannot be sent; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Sending:
    """What to send, and to which session."""

    address: BrokerAddress
    files: tuple[Path, ...]
    technique: Technique = "swv"
    name: str = ""
    new: bool = False
    home: Path | None = None


@dataclass(slots=True)
class Tally:
    """What became of the files."""

    stored: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """Files that are stored or refused."""
        return len(self.stored) + len(self.refused)


def send_files(sending: Sending, stop: threading.Event) -> bool:
    """Send all files and wait for their receipts; whether every one is stored.

    What is stored is remembered in the home folder until all is: after Ctrl-C the same command
    goes on in the same session.

    Raises
    ------
    SacmesError
        If a file is missing, the login is refused, or the session cannot be had.
    """
    sending = replace(sending, files=found_files(sending.files))
    with Memory.opened(sending.home) as memory:
        sender = _Sender(sending, memory)
        with ShownProgress(len(sending.files)) as progress:
            tally = sender.run(stop, progress.show)
        if tally.done == len(sending.files):
            memory.forget()
    for name, reason in sorted(tally.refused.items()):
        typer.echo(f"refused: {name}: {reason}")
    document = sender.document
    where = "" if document is None else f" in session {document.session_id}"
    typer.echo(f"{len(tally.stored)} of {len(sending.files)} files stored{where}")
    if tally.done < len(sending.files):
        typer.echo("Stopped. The same command goes on with the others.")
    return len(tally.stored) == len(sending.files)


def found_files(named: Sequence[Path]) -> tuple[Path, ...]:
    """The files that are meant, each once: of a folder those with a usual ending.

    Patterns are looked up here as well, since the shells of Windows leave them as they are.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    found: dict[Path, Path] = {}
    for one in named:
        listed = _listed(one)
        if not listed:
            raise ConfigError(
                f"{one} holds no scans." if one.is_dir() else f"There is no file {one}."
            )
        found |= {path.resolve(): path for path in listed if not is_label(path)}
    return tuple(found.values())


def _listed(one: Path) -> list[Path]:
    if one.is_dir():
        source = SourceSettings()
        listing = list_folder(one, subfolders=False)
        return [listed.path for name, listed in listing if name_belongs(source, name)]
    if not one.exists() and any(sign in one.name for sign in "*?["):
        return [path for path in one.parent.glob(one.name) if path.is_file()]
    return [one] if one.is_file() else []


class _Sender:
    """One connection that sends the files; `run` returns when all have their receipts."""

    def __init__(self, sending: Sending, memory: Memory) -> None:
        assert sending.address.username is not None
        self._sending = sending
        self._user_id = sending.address.username
        client = f"send-{secrets.token_hex(8)}"
        self._asking, self._ending = secrets.token_bytes(8), secrets.token_bytes(8)
        self._events: queue.SimpleQueue[LinkEvent] = queue.SimpleQueue()
        self._problems = Problems()
        self._memory = memory
        self._outbox: Outbox = memory.outbox
        self._link = Link(sending.address, self._options(client), self._events)
        self._asker = Asker(self._user_id, client, self._link.publish)
        self._postman = Postman(self._outbox, self._user_id, self._link.publish, self._problems)
        self._starting: starting.Starting | None = None
        self._held: dict[str, str] = {}
        self._command = (self._user_id, sending.technique, sending.name)
        self._files = dict(named_files(sending.files))
        self._unread = iter(self._files.items())
        self._tally = Tally()
        self._newest: SessionDocument | None = None
        self._started_here = False
        self._ended = False
        self.document: SessionDocument | None = None
        self._resume()

    def run(self, stop: threading.Event, show: Callable[[str, int], None]) -> Tally:
        """Send until all is done or `stop` is set."""
        self._link.start()
        try:
            while not stop.is_set() and self._tally.done < len(self._sending.files):
                self._turn()
                show(self._state(), self._tally.done)
            if self._started_here and self._tally.done == len(self._sending.files):
                self._end_session(stop)
        finally:
            self._link.stop()
        return self._tally

    def _resume(self) -> None:
        """Go on with the session of a command that was stopped, if these are its files."""
        kept = self._memory.kept(self._command)
        if (
            kept is None
            or self._sending.new
            or not self._memory.has_begun(kept[0].session_id, self._files)
        ):
            self._memory.forget()
            return
        known = self._memory.stored(kept[0].session_id, self._files.items())
        self.document, self._started_here = kept
        self._unread = iter([one for one in self._files.items() if one[0] not in known])
        self._tally.stored |= known

    def _options(self, client: str) -> LinkOptions:
        topics = (
            SESSION.topic(user_id=self._user_id),
            RECEIPTS.topic(user_id=self._user_id),
            REPLY.topic(user_id=self._user_id, client=client),
        )
        return LinkOptions(
            client_id=f"{self._user_id}.{client}",
            subscriptions=tuple(Subscription(topic) for topic in topics),
            give_up_on_login=True,
        )

    def _turn(self) -> None:
        try:
            self._perform(self._events.get(timeout=0.2))
            while True:
                self._perform(self._events.get_nowait())
        except queue.Empty:
            pass
        now = time.monotonic()
        self._step(starting.Tick(), now)
        if self.document is not None:
            self._feed(self.document)
            self._postman.tick(now)

    def _perform(self, event: LinkEvent) -> None:
        now = time.monotonic()
        match event:
            case Connected():
                self._problems.put("broker", None)
                self._asker.send_marker()
                self._postman.opened(now)
            case Disconnected(reason=reason):
                self._problems.put("broker", f"The connection is lost ({reason}); it is tried on.")
                self._step(starting.Closed(), now)
                self._postman.closed(now)
            case Refused(login=True) as refused:
                raise SendingError(
                    f"The broker refuses the user_id {self._user_id} or its key "
                    f"({refused.reason}); check SACMES_KEY and --broker."
                )
            case Refused() as refused:
                self._problems.put("broker", refusal_sentence(refused, self._user_id))
            case Published() as answer:
                self._postman.published(answer)
            case Received(message=message):
                try:
                    self._receive(message, now)
                except ProtocolError as error:
                    logger.warning("Ignored a message on %s: %s", message.topic[:80], error)

    def _receive(self, message: Message, now: float) -> None:
        channel = parse_topic(message.topic).channel
        if channel is RECEIPTS:
            self._count(decode(Receipts, message.payload), now)
        elif channel is SESSION and message.payload:
            document = decode(SessionDocument, message.payload)
            if self._newest is None or document.revision > self._newest.revision:
                self._newest = document
                self._step(starting.Holds(document), now)
        elif self._asker.is_marker(message):
            self._choose_session(now)
        elif message.correlation_data == self._asking:
            reply = questions.read_reply(questions.START, message)
            if not isinstance(reply, bytes):
                self._step(starting.Answered(reply), now)
        elif message.correlation_data == self._ending:
            self._ended = True

    def _choose_session(self, now: float) -> None:
        """Go on with the running session, or ask for one that no watching agent adds to."""
        newest = self._newest
        if self.document is not None:
            return
        if newest is not None and newest.state == "running" and not self._sending.new:
            self._go_on(newest)
            return
        if self._starting is None:
            source = SourceSettings(backlog="none")
            wish = starting.Wish(
                self._sending.technique, SessionSettings(source=source), self._sending.name
            )
            passed_over = newest.session_id if newest is not None and self._sending.new else None
            self._starting = starting.Starting(wish, document=newest, passed_over=passed_over)
        self._step(starting.Looked(), now)

    def _step(self, event: starting.Event, now: float) -> None:
        if self._starting is None:
            return
        self._starting, effects = starting.step(self._starting, event, now)
        for effect in effects:
            match effect:
                case starting.Ask(seen_revision):
                    request = self._starting.wish.request(seen_revision, "send")
                    self._asker.ask(questions.START, request, self._asking)
                case starting.Met(document, new):
                    self._started_here = new
                    self._go_on(document)
                case starting.Failed(sentence):
                    raise SendingError(sentence)

    def _go_on(self, document: SessionDocument) -> None:
        self.document = document
        self._memory.keep(self._command, document, started=self._started_here)

    def _feed(self, document: SessionDocument) -> None:
        """Read the next files, as long as few are held."""
        while len(self._held) < HELD_UPLOADS:
            name, path = next(self._unread, ("", None))
            if path is None:
                return
            try:
                taken = _taken(document, name, path, self._user_id)
            except (ProtocolError, OSError) as error:
                self._tally.refused[name] = str(error)
                continue
            assert taken.header is not None
            self._outbox.add([taken])
            if self._outbox.holds(taken.header.upload_id):
                self._held[taken.header.upload_id] = name
            else:
                self._tally.stored.add(name)

    def _count(self, receipts: Receipts, now: float) -> None:
        self._postman.receive(receipts, now)
        for receipt in receipts.receipts:
            if receipt.upload_id not in self._held or receipt.retry:
                continue
            name = self._held.pop(receipt.upload_id)
            if receipt.status == "stored":
                self._tally.stored.add(name)
            else:
                self._tally.refused[name] = receipt.reason or "no reason given"

    def _state(self) -> str:
        if self._problems.text is not None and not self._link.connected:
            return "no connection"
        return "waiting for a session" if self.document is None else "sending"

    def _end_session(self, stop: threading.Event) -> None:
        """Stop the session that was started for these files alone."""
        assert self.document is not None
        newest = self._newest or self.document
        if newest.session_id != self.document.session_id or newest.state != "running":
            return
        request = StopRequest(seen_revision=newest.revision, by="send")
        self._asker.ask(questions.STOP, request, self._ending)
        until = time.monotonic() + STOP_TIMEOUT_S
        while not self._ended and not stop.is_set() and time.monotonic() < until:
            self._turn()


def _taken(document: SessionDocument, name: str, path: Path, user_id: str) -> Taken:
    status = path.stat()
    if status.st_size > MAX_UPLOAD_BYTES:
        raise ProtocolError(f"it has {status.st_size:,} bytes; at most {MAX_UPLOAD_BYTES:,} fit.")
    content = path.read_bytes()
    sighting = Sighting(status.st_size, status.st_mtime_ns)
    label = label_of(path)
    if label is not None:
        header = labelled_header(label, document.session_id, name, content)
    else:
        found = examine(content, name, document.settings.reading)
        if found.outlook == "binary":
            raise ProtocolError(found.reason or "it is not text")
        header = upload_header(document, name, content, found, sighting)
    wire_bytes = len(pack(header, content, user_id=user_id).payload)
    record = FileRecord(name, sighting, "sent")
    return Taken(record, document.session_id, header, content, wire_bytes)


def named_files(files: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """The files by the names they are sent under, in the order of their numbers.

    Two files of one name keep the folders that tell them apart.
    """
    names = Counter(file.name for file in files)
    if max(names.values(), default=0) <= 1:
        named = [(file.name, file) for file in files]
    else:
        parent = Path(os.path.commonpath([file.parent for file in files]))
        named = [(file.relative_to(parent).as_posix(), file) for file in files]
    return iter(sorted(named, key=lambda one: order(one[0])))
