"""The command that plays an instrument; needs numpy only when it is run."""

import threading
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from agent.simulator_ports import Port, PtyPort, TcpPort
from sacmes_core.errors import ConfigError
from sacmes_core.shell import (
    LogFormatOption,
    LogLevelOption,
    configure_logging,
    missing_extra,
    shell_settings,
    stop_on_signal,
)

_PORT_MAX: Final = 65_535


def simulate(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder to write the scans to, as files.")
    ] = None,
    instrument: Annotated[
        str | None,
        typer.Option(help="Speak on a line instead: methodscript, rodeostat, kickstat or acestat."),
    ] = None,
    tcp: Annotated[
        str | None, typer.Option(help="PORT or HOST:PORT of the line; 0 for any that is free.")
    ] = None,
    pty: Annotated[bool, typer.Option("--pty", help="A tty as the line, not on Windows.")] = False,
    link: Annotated[
        Path | None, typer.Option(help="Path of a link to the tty, as udev would make one.")
    ] = None,
    speed: Annotated[
        float, typer.Option(min=1e-3, max=1e4, help="How many times as fast the instrument is.")
    ] = 1.0,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="KIND@SCAN or KIND~CHANCE, with :SECONDS where it lasts; once for each."),
    ] = None,
    status_port: Annotated[
        int | None, typer.Option(help="TCP port that tells each caller the status as JSON.")
    ] = None,
    interval: Annotated[float, typer.Option(min=0.01, help="Seconds between two scans.")] = 1.0,
    technique: Annotated[
        Literal["swv", "cv", "ca"],
        typer.Option(help="Square wave, cyclic voltammetry or chronoamperometry."),
    ] = "swv",
    frequency: Annotated[
        list[float] | None, typer.Option(help="Frequency in Hz; once for each. [default: 15, 200]")
    ] = None,
    electrodes: Annotated[int, typer.Option(min=1, max=16, help="Electrodes of a scan.")] = 2,
    scans: Annotated[int, typer.Option(min=1, help="Scans at each frequency.")] = 300,
    handle: Annotated[
        str | None, typer.Option(help="Start of the file names. [default: SWV_, CV_ or CA_]")
    ] = None,
    file_format: Annotated[
        str, typer.Option("--format", help="chi, gamry, pstrace, …; an unknown one lists them.")
    ] = "chi",
    seed: Annotated[int, typer.Option(help="Another seed, another noise.")] = 1,
    event_at: Annotated[
        int | None, typer.Option(help="Scan at which the target binds. [default: half-way]")
    ] = None,
    add: Annotated[
        list[str] | None,
        typer.Option(help="SCAN=CONCENTRATION from then on; once for each step of a titration."),
    ] = None,
    noise: Annotated[float, typer.Option(min=0, help="White noise of a current, nA.")] = 2.0,
    mains: Annotated[float, typer.Option(min=0, help="Amplitude of 50 Hz mains, nA.")] = 0.0,
    background: Annotated[
        float, typer.Option(min=0, help="Charging and oxygen currents; 1 is the usual size.")
    ] = 1.0,
    loss: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the signal lost with each scan.")
    ] = 2e-4,
    full_scale: Annotated[
        float | None, typer.Option(min=1e-3, help="Current range in µA. [default: no limit]")
    ] = None,
    log_level: LogLevelOption = None,
    log_format: LogFormatOption = None,
) -> None:
    """Play a potentiostat that is not there: scans of a sensor that binds a target.

    Into a folder it writes their files; as an instrument it measures what its host asks for.

    For example:

        sacmes-agent simulate /tmp/scans --interval 0.5 --scans 40

        sacmes-agent simulate /tmp/titration --add 20=3uM --add 40=30uM --add 60=300uM

        sacmes-agent simulate /tmp/hard --format gamry --noise 20 --mains 10 --loss 0.002

        sacmes-agent simulate /tmp/cycles --technique cv --format pssession

        sacmes-agent simulate --instrument methodscript --tcp 5025 --speed 60

        sacmes-agent simulate --instrument rodeostat --link /tmp/potentiostat --fault unplug@5:2s
    """
    port = None
    if instrument is None:
        if folder is None or tcp or pty or link or fault or status_port:
            raise ConfigError(
                "Name a folder to write scans to, or with --instrument what speaks on a line."
            )
    elif folder is not None or full_scale is not None:
        raise ConfigError(
            "An instrument on a line writes no files and is told its current range; leave out the "
            "folder and --full-scale."
        )
    else:
        port = _port(tcp, pty, link)
    try:
        from agent.simulator import Conditions, Simulation, additions_of, write_scans
        from agent.simulator_service import Bench, faults_of, serve
    except ModuleNotFoundError as error:
        missing_extra(error, "sacmes-agent simulate", "analyzer")
    configure_logging(
        shell_settings(folder or Path(), log_level=log_level or "warning", log_format=log_format)
    )
    stop = threading.Event()
    stop_on_signal(stop)
    additions = additions_of(add or (), event_at, scans)
    conditions = Conditions(
        noise_a=noise * 1e-9,
        mains_a=mains * 1e-9,
        background=background,
        loss_per_scan=loss,
        range_a=None if full_scale is None else full_scale * 1e-6,
    )
    if instrument is not None and port is not None:
        bench = Bench(
            kind=instrument,
            electrodes=electrodes,
            additions=additions,
            conditions=conditions,
            seed=seed,
            faults=faults_of(fault or ()),
            speed=speed,
        )
        serve(bench, port, status_port, stop)
    elif folder is not None:
        simulation = Simulation(
            folder=folder,
            handle=handle,
            frequencies_hz=tuple(frequency or (15.0, 200.0)),
            electrodes=electrodes,
            scans=scans,
            interval_s=interval,
            seed=seed,
            additions=additions,
            technique=technique,
            kind=file_format,
            conditions=conditions,
        )
        write_scans(simulation, stop)


def _port(tcp: str | None, pty: bool, link: Path | None) -> Port:
    """The line that the options name."""
    if (tcp is not None) == (pty or link is not None):
        raise ConfigError("Name the line of the instrument: --tcp PORT, --pty or --link PATH.")
    if tcp is None:
        return PtyPort(link)
    host, _, port = tcp.rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) > _PORT_MAX:
        raise ConfigError(f"--tcp {tcp}: give a port such as 5025, or an address and a port.")
    return TcpPort(host or "127.0.0.1", int(port))
