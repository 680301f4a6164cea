"""The command line of an instrument on a serial line."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Literal

import typer
from pydantic import ValidationError

from agent.application import Agent, AgentOptions
from agent.disk import HomeLock
from agent.home import Home
from agent.instruments import instrument_of
from agent.settings import start_refusal
from agent.starting import Wish
from sacmes_core.errors import ConfigError
from sacmes_core.instruments.methodscript.script import Multiplexer
from sacmes_core.instruments.orders import KINDS
from sacmes_core.settings.method import CyclicMethod
from sacmes_core.settings.parts import Technique
from sacmes_core.settings.quantities import quantity
from sacmes_core.settings.session import SessionSettings
from sacmes_core.shell import (
    BrokerOption,
    HomeOption,
    LogFormatOption,
    LogLevelOption,
    broker_address,
    configure_logging,
    home_folder,
    missing_extra,
    shell_settings,
    stop_on_signal,
)

RECORDINGS = "recordings"


def _in(unit: str) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            return quantity(str(text), unit)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None

    return parse


def _option(unit: str, text: str) -> Any:
    return typer.Option(parser=_in(unit), metavar=unit, help=text)


def serial(
    port: Annotated[
        str,
        typer.Argument(
            help="Port: /dev/serial/by-id/…, COM5, socket://host:5025; all that pyserial knows."
        ),
    ],
    instrument: Annotated[
        Literal["methodscript", "rodeostat", "lines"],
        typer.Option(help="What is on the line: EmStat and Sensit are methodscript."),
    ],
    config: Annotated[
        str | None,
        typer.Option(help="Of lines: kickstat, acestat, arduino or a TOML file of your own."),
    ] = None,
    broker: BrokerOption = None,
    home: HomeOption = None,
    start: Annotated[
        Technique | None,
        typer.Option(help="Start a session of this technique, without a dashboard."),
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the session.")] = "",
    from_v: Annotated[
        float | None, typer.Option("--from", parser=_in("V"), metavar="V", help="First potential.")
    ] = None,
    to_v: Annotated[
        float | None,
        typer.Option("--to", parser=_in("V"), metavar="V", help="Last one of a square wave."),
    ] = None,
    step: Annotated[float | None, _option("V", "Step of the potential.")] = None,
    amplitude: Annotated[float | None, _option("V", "Height of a square wave's pulses.")] = None,
    frequency: Annotated[
        list[float] | None, typer.Option(help="Frequency in Hz; once for each.")
    ] = None,
    vertex: Annotated[
        list[float] | None, _option("V", "Where a cycle turns; once for each of the two.")
    ] = None,
    scan_rate: Annotated[float | None, typer.Option(help="Of a cycle, V/s.")] = None,
    cycles: Annotated[int | None, typer.Option(help="Cycles of a scan.")] = None,
    potential: Annotated[
        list[float] | None, _option("V", "Held in chronoamperometry; once for each step.")
    ] = None,
    duration: Annotated[float | None, _option("s", "How long each of them is held.")] = None,
    sample_interval: Annotated[float | None, _option("s", "From sample to sample.")] = None,
    interval: Annotated[float | None, _option("s", "From round to round.")] = None,
    repeats: Annotated[int | None, typer.Option(help="Rounds of the run.")] = None,
    electrode: Annotated[
        list[int] | None, typer.Option(help="Channel of the multiplexer; once for each.")
    ] = None,
    conditioning: Annotated[float | None, _option("V", "Held before each scan.")] = None,
    conditioning_time: Annotated[float | None, _option("s", "How long that is held.")] = None,
    quiet_time: Annotated[
        float | None, _option("s", "How long the first potential is held.")
    ] = None,
    current_range: Annotated[
        float | None,
        typer.Option("--range", parser=_in("A"), metavar="A", help="Largest current expected."),
    ] = None,
    fixed_range: Annotated[
        bool, typer.Option("--fixed-range", help="Let the instrument take no smaller range.")
    ] = False,
    reference_number: Annotated[
        int, typer.Option(help="Scan number that normalised currents are relative to.")
    ] = 1,
    allow_remote: Annotated[
        bool,
        typer.Option("--allow-remote", help="Let viewers start measurements on the instrument."),
    ] = False,
    stop_after_offline: Annotated[
        float | None,
        _option("s", "Keep the cell off once the broker is out of reach for so long."),
    ] = None,
    limit_min: Annotated[float | None, _option("V", "Lowest potential ever applied.")] = None,
    limit_max: Annotated[float | None, _option("V", "Highest potential ever applied.")] = None,
    limit_current: Annotated[float | None, _option("A", "Largest current range ever.")] = None,
    limit_scans: Annotated[int | None, typer.Option(min=1, help="Most scans of a run.")] = None,
    limit_duration: Annotated[float | None, _option("s", "Longest scan.")] = None,
    multiplexer: Annotated[
        Multiplexer,
        typer.Option(help="Whether its channels share reference and counter electrode."),
    ] = "common",
    baud: Annotated[
        int | None, typer.Option(min=300, help="Baud rate. [default: the instrument's usual ones]")
    ] = None,
    flow_control: Annotated[
        bool, typer.Option("--flow-control", help="XON/XOFF, if the instrument wants it.")
    ] = False,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Take the user_id from an agent elsewhere.")
    ] = False,
    retry_refused: Annotated[
        bool, typer.Option("--retry-refused", help="Send again what the analyzer refused.")
    ] = False,
    log_level: LogLevelOption = None,
    log_format: LogFormatOption = None,
) -> None:
    """Measure on a potentiostat and send each scan; runs until Ctrl-C, which leaves the cell off.

    Quantities take a unit: -500mV, 1min, 10uA. What is not given is as for an aptamer sensor: -0.1
    to -0.5 V in steps of 1 mV, pulses of 25 mV, a range of 10 µA, 100 rounds, one a minute.

    For example:

        sacmes-agent serial /dev/serial/by-id/usb-FTDI_… --instrument methodscript --allow-remote

        sacmes-agent serial COM5 --instrument methodscript --start swv --from -0.1 --to -0.5
        --step 1mV --frequency 15 --frequency 200 --interval 1min --repeats 500

        sacmes-agent serial COM3 --instrument rodeostat --start cv --from 0 --vertex -0.5
        --scan-rate 0.1

        sacmes-agent serial /dev/ttyACM0 --instrument lines --config kickstat --start swv
        --frequency 10

    Without an instrument: sacmes-agent simulate --instrument methodscript --tcp 5025 --speed 20 in
    another window, and then socket://localhost:5025 as the port.
    """
    try:
        from agent.serial.source import serial_source
        from agent.serial.station import StationOptions
    except ModuleNotFoundError as error:
        missing_extra(error, "sacmes-agent serial", "serial")
    agent_home = home_folder(home, "agent")
    settings = shell_settings(agent_home, broker=broker, log_level=log_level, log_format=log_format)
    configure_logging(settings)
    line = instrument_of(instrument, config, multiplexer)
    wish = None
    if start is not None:
        method = {
            "interval_s": interval,
            "repeats": repeats,
            "electrodes": electrode or None,
            "conditioning_v": conditioning,
            "conditioning_s": conditioning_time,
            "quiet_s": quiet_time,
            "current_range_a": current_range,
            "autorange": not fixed_range,
            KINDS[start]: _measured(
                KINDS[start],
                start_v=from_v,
                end_v=to_v,
                step_v=step,
                amplitude_v=amplitude,
                vertices_v=vertex,
                scan_rate_v_s=scan_rate,
                cycles=cycles,
                potentials_v=potential,
                duration_s=duration,
                sample_interval_s=sample_interval,
            ),
        }
        wish = _wish(start, name, method, frequency or [], reference_number)
    elif not allow_remote:
        typer.echo(
            "Neither --start nor --allow-remote is given: only a run that was started here before "
            "is gone on with.",
            err=True,
        )
    stop = threading.Event()
    stop_on_signal(stop)
    address = broker_address(settings)
    told = {
        "min_v": limit_min,
        "max_v": limit_max,
        "max_current_a": limit_current,
        "max_scans": limit_scans,
        "max_duration_s": limit_duration,
    }
    bounds = replace(line.limits, **_given(told))

    def station_options(opened: Home) -> StationOptions:
        return StationOptions(
            port=port,
            fresh=line.driver,
            bauds=line.bauds if baud is None else (baud,),
            limits=bounds,
            user_id=opened.identity.user_id,
            recordings=opened.folder / RECORDINGS,
            stop_after_offline_s=stop_after_offline or float("inf"),
            flow_control=flow_control,
        )

    with HomeLock(agent_home), Home.opened(agent_home) as opened:
        opened.adopt(address.username)
        if retry_refused:
            opened.outbox.retry_refused()
        options = AgentOptions(
            address=address.as_user(opened.identity.user_id, address.key or settings.key),
            source=serial_source(station_options, allow_remote=allow_remote, wish=wish),
            take_over=take_over,
            wish=wish,
        )
        Agent(options, opened, stop).run()


def _measured(kind: str, **given: Any) -> dict[str, Any]:
    """What belongs to one kind of measurement; what belongs to another kind is refused."""
    known = {
        "swv": ("start_v", "end_v", "step_v", "amplitude_v"),
        "cv": ("start_v", "vertices_v", "step_v", "scan_rate_v_s", "cycles"),
        "ca": ("potentials_v", "duration_s", "sample_interval_s"),
    }[kind]
    chosen = {key: value for key, value in given.items() if value not in (None, [])}
    strange = chosen.keys() - set(known)
    if strange:
        raise ConfigError(
            f"--start {kind} has no use for {', '.join(sorted(strange))}; leave out these options."
        )
    vertices = chosen.pop("vertices_v", [])
    if len(vertices) > 2:
        raise ConfigError("--vertex: a cycle turns at most twice.")
    chosen |= dict(zip(("vertex_1_v", "vertex_2_v"), vertices, strict=False))
    if len(vertices) == 1 and "start_v" in chosen:
        chosen["vertex_2_v"] = chosen["start_v"]
    return chosen


def _wish(
    technique: Technique,
    name: str,
    method: dict[str, Any],
    frequencies_hz: list[float],
    reference_number: int,
) -> Wish:
    given = _given(method)
    document: dict[str, Any] = {
        "source": {"frequencies_hz": frequencies_hz, "method": given},
        "trend": {"reference_number": reference_number},
    }
    if technique == "cv":
        # An instrument does not say its scan rate, which the charge needs.
        rate_v_s = given["cv"].get("scan_rate_v_s", CyclicMethod().scan_rate_v_s)
        document["peak"] = {"cv": {"scan_rate_v_s": rate_v_s}}
    try:
        settings = SessionSettings.model_validate(document, strict=False)
    except ValidationError as error:
        raise start_refusal(error) from None
    if KINDS[technique] == "swv" and not frequencies_hz:
        raise ConfigError("--start: name at least one --frequency for a square wave.")
    return Wish(technique, settings, name)


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """The options that the command line names."""
    return {key: value for key, value in options.items() if value is not None}
