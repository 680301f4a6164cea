"""The command line of the agent beside the instrument."""

import json
import sys
import threading
from pathlib import Path
from typing import Annotated, Literal

import typer

from agent.application import Agent, AgentOptions
from agent.disk import HomeLock
from agent.home import Home
from agent.settings import read_settings
from agent.settling import Patience
from agent.status import status_lines, status_of
from agent.watching_options import ResultLines, watched_folder, wish_of
from sacmes_core.address import BrokerAddress
from sacmes_core.errors import ConfigError, SacmesError
from sacmes_core.settings.parts import Technique
from sacmes_core.shell import (
    BrokerOption,
    HomeOption,
    LogFormatOption,
    LogLevelOption,
    ShellSettings,
    VersionOption,
    broker_address,
    configure_logging,
    home_folder,
    missing_extra,
    run_app,
    shell_settings,
    stop_on_signal,
)

app = typer.Typer(
    name="sacmes-agent",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="""Take each scan off the instrument the moment it exists, and lose none.

For example:

    sacmes-agent gui

    sacmes-agent watch data --broker mqtts://lab-7@broker.example.org:8883

    sacmes-agent simulate /tmp/scans
""",
)


@app.callback()
def _common(version: VersionOption = False) -> None:
    """Options of all commands."""


@app.command()
def watch(
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="Folder in which the instrument saves its files.",
            show_default="the one of the window",
        ),
    ] = None,
    broker: BrokerOption = None,
    home: HomeOption = None,
    start: Annotated[
        Technique | None,
        typer.Option(help="Start a session of this technique, without a dashboard."),
    ] = None,
    handle: Annotated[str, typer.Option(help="Start of the file names, for example SWV_.")] = "",
    extension: Annotated[str, typer.Option(help="End of the file names, for example .txt.")] = "",
    frequency: Annotated[
        list[float] | None, typer.Option(help="Frequency in Hz; once for each.")
    ] = None,
    first_number: Annotated[int, typer.Option(help="First scan number of the run.")] = 0,
    last_number: Annotated[int | None, typer.Option(help="Last scan number of the run.")] = None,
    reference_number: Annotated[
        int, typer.Option(help="Scan number that normalised currents are relative to.")
    ] = 1,
    backlog: Annotated[
        str | None,
        typer.Option(
            help="Files that are there already: all, since (the start) or none.", show_default="all"
        ),
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the session.")] = "",
    take_over: Annotated[
        bool | None,
        typer.Option("--take-over", help="Take the user_id from an agent elsewhere."),
    ] = None,
    subfolders: Annotated[
        bool | None,
        typer.Option("--subfolders", help="Watch the folders in the folder as well."),
    ] = None,
    quiet: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            max=600,
            help="Seconds that a file is left alone before it counts as finished.",
            show_default="2.0",
        ),
    ] = None,
    retry_refused: Annotated[
        bool, typer.Option("--retry-refused", help="Send again what the analyzer refused.")
    ] = False,
    results: Annotated[
        bool, typer.Option("--results", help="Write a line for each result that comes back.")
    ] = False,
    log_level: LogLevelOption = None,
    log_format: LogFormatOption = None,
) -> None:
    """Watch a folder and send each finished scan; runs until Ctrl-C.

    What is not named here is taken from settings.toml of the home folder, where the window keeps
    its own: without any argument, the agent does as the window did last.

    For example:

        sacmes-agent watch data --broker mqtts://lab-7@broker.example.org:8883

        sacmes-agent watch data --start swv --handle SWV_ --frequency 15 --frequency 200
    """
    agent_home, settings = _begin(home, broker, log_level, log_format)
    kept = read_settings(agent_home)
    wish = None
    if (technique := start or kept.start) is not None:
        wish = wish_of(
            technique,
            name,
            {
                "handle": handle or kept.handle,
                "extension": extension,
                "frequencies_hz": tuple(frequency or ()),
                "first_number": first_number,
                "last_number": last_number,
                "backlog": backlog or kept.backlog,
            },
            reference_number,
        )
    folder = watched_folder(folder, kept)
    stop = threading.Event()
    stop_on_signal(stop)
    address = broker_address(settings)
    with HomeLock(agent_home), Home.opened(agent_home) as opened:
        opened.adopt(address.username)
        if retry_refused:
            opened.outbox.retry_refused()
        options = AgentOptions(
            root=folder.resolve(),
            address=address.as_user(opened.identity.user_id, address.key or settings.key),
            patience=Patience.of(kept.quiet if quiet is None else quiet),
            subfolders=kept.subfolders if subfolders is None else subfolders,
            take_over=kept.take_over if take_over is None else take_over,
            wish=wish,
        )
        Agent(options, opened, stop, ResultLines() if results else None).run()


@app.command()
def gui(broker: BrokerOption = None, home: HomeOption = None) -> None:
    """Open the window: everything that `watch` does, for people who want no command line.

    For example:

        sacmes-agent gui
    """
    from agent.window.opening import open_window, say_in_a_box

    try:
        open_window(home_folder(home, "agent"), broker)
    except SacmesError as error:
        if sys.stderr is None:
            say_in_a_box(str(error))
        raise


@app.command()
def status(
    home: HomeOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say who this agent is, what waits in its outbox, and which session it follows.

    For example:

        sacmes-agent status --json
    """
    seen = status_of(home_folder(home, "agent"))
    typer.echo(json.dumps(seen, ensure_ascii=False) if as_json else "\n".join(status_lines(seen)))


@app.command()
def doctor(
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="Folder in which the instrument saves its files.",
            show_default="the one of the window",
        ),
    ] = None,
    broker: BrokerOption = None,
    home: HomeOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Check everything between the folder and the analyzer, and say what to do; 1 for a problem.

    For example:

        sacmes-agent doctor data --broker mqtts://lab-7@broker.example.org:8883
    """
    from agent.doctor.examination import Patient
    from agent.doctor.report import report

    agent_home, settings = _begin(home, broker, "error", None)
    kept = read_settings(agent_home)
    try:
        address: BrokerAddress | str = broker_address(settings)
    except ConfigError as error:
        address = str(error)
    named = folder or (Path(kept.folder) if kept.folder else None)
    patient = Patient(agent_home, address, named, kept.subfolders, settings.key)
    if not report(patient, as_json=as_json):
        raise typer.Exit(1)


@app.command()
def send(
    files: Annotated[list[Path], typer.Argument(help="Files of earlier scans.")],
    broker: BrokerOption = None,
    home: HomeOption = None,
    technique: Annotated[Technique, typer.Option(help="Technique of a new session.")] = "swv",
    name: Annotated[str, typer.Option(help="Name of a new session.")] = "",
    new: Annotated[bool, typer.Option("--new", help="Start a session for them anyway.")] = False,
    log_level: LogLevelOption = None,
    log_format: LogFormatOption = None,
) -> None:
    """Send files of earlier scans to the running session, or to a new one, and wait until stored.

    For example:

        sacmes-agent send old/*.txt --broker mqtts://lab-7@broker.example.org:8883
    """
    from agent.sending import Sending, send_files

    agent_home, settings = _begin(home, broker, log_level or "warning", log_format)
    stop = threading.Event()
    stop_on_signal(stop)
    address = broker_address(settings)
    with Home.opened(agent_home) as opened:
        user_id = address.username or opened.identity.user_id
    sending = Sending(
        address=address.as_user(user_id, address.key or settings.key),
        files=tuple(files),
        technique=technique,
        name=name,
        new=new,
    )
    if not send_files(sending, stop):
        raise typer.Exit(1)


@app.command()
def simulate(
    folder: Annotated[Path, typer.Argument(help="Folder to write the scans to.")],
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
    """Write the files of a potentiostat that is not there: scans of a sensor that binds a target.

    For example:

        sacmes-agent simulate /tmp/scans --interval 0.5 --scans 40

        sacmes-agent simulate /tmp/titration --add 20=3uM --add 40=30uM --add 60=300uM

        sacmes-agent simulate /tmp/hard --format gamry --noise 20 --mains 10 --loss 0.002

        sacmes-agent simulate /tmp/cycles --technique cv --format pssession
    """
    try:
        from agent.simulator import Conditions, Simulation, additions_of, write_scans
    except ModuleNotFoundError as error:
        missing_extra(error, "sacmes-agent simulate", "analyzer")
    configure_logging(
        shell_settings(folder, log_level=log_level or "warning", log_format=log_format)
    )
    stop = threading.Event()
    stop_on_signal(stop)
    simulation = Simulation(
        folder=folder,
        handle=handle,
        frequencies_hz=tuple(frequency or (15.0, 200.0)),
        electrodes=electrodes,
        scans=scans,
        interval_s=interval,
        seed=seed,
        additions=additions_of(add or (), event_at, scans),
        technique=technique,
        kind=file_format,
        conditions=Conditions(
            noise_a=noise * 1e-9,
            mains_a=mains * 1e-9,
            background=background,
            loss_per_scan=loss,
            range_a=None if full_scale is None else full_scale * 1e-6,
        ),
    )
    write_scans(simulation, stop)


def main() -> None:
    """Run the command line; a double click, which brings no console, opens the window."""
    if len(sys.argv) == 1 and (getattr(sys, "frozen", False) or sys.stdout is None):
        sys.argv.append("gui")
    run_app(app)


def gui_main() -> None:
    """Open the window, for a shortcut or a menu."""
    sys.argv.insert(1, "gui")
    run_app(app)


def _begin(
    home: Path | None, broker: str | None, log_level: str | None, log_format: str | None
) -> tuple[Path, ShellSettings]:
    folder = home_folder(home, "agent")
    settings = shell_settings(folder, broker=broker, log_level=log_level, log_format=log_format)
    configure_logging(settings)
    return folder, settings


if __name__ == "__main__":
    main()
