"""Plays an instrument on a line: a thread that gives a simulated device its time and its bytes."""

import contextlib
import json
import logging
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import typer

from agent.simulator import Conditions, sensor_of
from agent.simulator_ports import Port
from sacmes_core.errors import ConfigError
from sacmes_core.simulate.electrodes import Electrodes
from sacmes_core.simulate.instruments.cell import Cell
from sacmes_core.simulate.instruments.faults import Fault, FaultPlan, parse_fault
from sacmes_core.simulate.instruments.instrument import Effect, Instrument, Unplug
from sacmes_core.simulate.instruments.kinds import make_instrument
from sacmes_core.simulate.isotherm import Addition

logger = logging.getLogger(__name__)

_REST_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class Bench:
    """An instrument with a cell of sensors.

    Attributes
    ----------
    kind
        A name of `sacmes_core.simulate.instruments.kinds.INSTRUMENTS`.
    speed
        Seconds of the instrument in one of the host; the durations of faults are the host's.
    """

    kind: str = "methodscript"
    electrodes: int = 2
    additions: tuple[Addition, ...] = ()
    conditions: Conditions = field(default_factory=Conditions)
    seed: int = 1
    faults: Sequence[Fault] = ()
    speed: float = 1.0

    def instrument(self) -> Instrument:
        """The instrument, just switched on."""
        electrodes = Electrodes(
            sensor_of(self.conditions),
            range(1, self.electrodes + 1),
            self.additions,
            self.seed,
        )
        faults = [replace(f, duration_s=f.duration_s * self.speed) for f in self.faults]
        return make_instrument(self.kind, Cell(electrodes), FaultPlan(faults, self.seed))


class InstrumentService:
    """Owns the thread, the instrument and its port.

    >>> with InstrumentService(Bench(), TcpPort("127.0.0.1", 0)) as service:  # doctest: +SKIP
    ...     serial.serial_for_url(service.port.name)
    """

    def __init__(self, bench: Bench, port: Port) -> None:
        self.port = port
        self.instrument = bench.instrument()
        self._bench = bench
        self._stopping = threading.Event()
        self._plug_in_at = 0.0
        self._plugged = True
        self._thread = threading.Thread(target=self._run, name="instrument", daemon=True)

    def __enter__(self) -> "InstrumentService":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self.port.close()

    @property
    def failed(self) -> bool:
        """Whether the thread has ended without being told."""
        return not self._thread.is_alive()

    def status(self) -> dict[str, Any]:
        """What a person standing at the instrument would see."""
        instrument = self.instrument
        return {
            "instrument": self._bench.kind,
            "cell_is_on": instrument.cell_is_on,
            "potential_v": instrument.potential_v,
            "running": instrument.is_running,
            "scans": instrument.scans,
            "plugged_in": self._plugged,
        }

    def _run(self) -> None:
        begin = time.monotonic()
        speed = self._bench.speed
        while not self._stopping.is_set():
            now = time.monotonic()
            due_s = self.instrument.due_s
            rest_s = _REST_S if due_s is None else begin + due_s / speed - now
            received = self.port.read(min(max(rest_s, 0.0), _REST_S))
            now_s = (time.monotonic() - begin) * speed
            if self.port.opened:
                self.port.opened = False
                self.instrument.opened(now_s)
            if received:
                self.instrument.receive(received, now_s)
            for effect in self.instrument.advance(now_s):
                self._perform(effect)
            if not self._plugged and time.monotonic() >= self._plug_in_at:
                self._plug_in()

    def _perform(self, effect: Effect) -> None:
        if isinstance(effect, Unplug):
            # Said before the host can see it.
            self._plugged = False
            self.port.unplug()
            self._plug_in_at = time.monotonic() + effect.seconds / self._bench.speed
            logger.info("unplugged")
        else:
            self.port.write(effect.data)

    def _plug_in(self) -> None:
        try:
            self.port.plug()
        except OSError as error:
            # Somebody else has taken the port meanwhile; it may come free.
            logger.debug("cannot be plugged in: %s", error)
            return
        self._plugged = True
        logger.info("plugged in")


class StatusServer:
    """Answers each connection with the status of the instrument as one line of JSON."""

    def __init__(self, service: InstrumentService, host: str, port: int) -> None:
        self._service = service
        try:
            self._listener = socket.create_server((host, port))
        except OSError as error:
            raise ConfigError(
                f"Port {port} cannot tell the status ({error.strerror}); choose another one."
            ) from None
        self._thread = threading.Thread(target=self._run, name="status", daemon=True)

    def __enter__(self) -> "StatusServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # Only this wakes the thread on every system.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    @property
    def address(self) -> str:
        """Host and port where it listens."""
        host, port = self._listener.getsockname()[:2]
        return f"{host}:{port}"

    def _run(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, contextlib.suppress(OSError):
                client.sendall(json.dumps(self._service.status()).encode("ascii") + b"\n")


def faults_of(texts: Sequence[str]) -> tuple[Fault, ...]:
    """The faults of a command line.

    Raises
    ------
    ConfigError
        If one cannot be read.
    """
    return tuple(map(parse_fault, texts))


def serve(bench: Bench, port: Port, status_port: int | None, stop: threading.Event) -> None:
    """Play an instrument until `stop` is set; print what a host opens, then where the status is.

    Raises
    ------
    ConfigError
        If there is no such instrument, or the port of the status is taken.
    """
    with contextlib.ExitStack() as stack:
        stack.callback(port.close)
        service = stack.enter_context(InstrumentService(bench, port))
        typer.echo(port.name)
        if status_port is not None:
            status = stack.enter_context(StatusServer(service, "127.0.0.1", status_port))
            typer.echo(status.address)
        while not stop.wait(_REST_S):
            if service.failed:
                raise typer.Exit(1)
