"""All checks, one after the other: first here, then the way, then there."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.database import damage
from agent.doctor import here, there, way
from agent.doctor.findings import Finding, problem
from agent.doctor.visit import visit
from agent.home import Home
from agent.identity import Identity, adopted, load_identity
from agent.outbox import FILE_NAME as OUTBOX_NAME
from sacmes_core.address import BrokerAddress
from sacmes_core.errors import SacmesError
from sacmes_core.settings.session import SessionSettings


@dataclass(frozen=True, slots=True)
class Patient:
    """What is to be checked.

    Attributes
    ----------
    broker
        The broker's address, or a sentence why there is none.
    """

    home: Path
    broker: BrokerAddress | str
    folder: Path | None = None
    subfolders: bool = False
    key: str | None = None


def examined(patient: Patient) -> Iterator[Finding]:
    """Every finding, as soon as it is there; a problem on the way ends the way."""
    broken = damage(patient.home / OUTBOX_NAME)
    settings = SessionSettings() if broken is not None else _session_settings(patient.home)
    yield from here.check_folder(patient.folder, settings, subfolders=patient.subfolders)
    yield here.check_outbox(patient.home, broken)
    yield here.check_disk(patient.home)
    yield here.check_clock()
    if isinstance(patient.broker, str):
        yield problem("broker", patient.broker)
        return
    try:
        identity = _identity(patient.home, patient.broker, sound=broken is None)
    except SacmesError as error:
        yield problem("user_id", str(error))
        return
    address = patient.broker.as_user(identity.user_id, patient.broker.key or patient.key)
    reached = True
    for finding in way.check_way(address):
        reached = reached and finding.level != "problem"
        yield finding
    if reached:
        yield from there.judge(visit(address, identity.user_id), address, identity)


def _session_settings(home: Path) -> SessionSettings:
    """Those of the session that the agent follows, else the usual ones."""
    try:
        with Home.opened(home) as opened:
            document = opened.kept_session()
    except SacmesError:
        return SessionSettings()
    return SessionSettings() if document is None else document.settings


def _identity(home: Path, address: BrokerAddress, *, sound: bool) -> Identity:
    """Who the agent is at this broker; what waits counts where the outbox is there and sound."""
    identity = load_identity(home)
    if address.username is None or address.username == identity.user_id:
        return identity
    waiting = 0
    if sound:
        with Home.opened(home) as opened:
            waiting = opened.outbox.waiting_count()
    return adopted(identity, address.username, waiting)
