"""The command line of the agent beside the instrument."""

import json
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from agent.application import Agent, AgentOptions
from agent.disk import HomeLock
from agent.home import Home
from agent.serial_command import serial
from agent.settings import read_settings
from agent.simulator_cli import simulate
from agent.status import status_lines, status_of
from agent.watching import folder_source
from agent.watching_options import ResultLines, patience_for, watched_folder, wish_of
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

    sacmes-agent serial COM5 --instrument methodscript --start swv --frequency 15

    sacmes-agent simulate /tmp/scans
""",
)


app.command("serial")(serial)


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
            show_default="2.0, or 5.0 on a network drive",
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
            address=address.as_user(opened.identity.user_id, address.key or settings.key),
            source=folder_source(
                folder.resolve(),
                patience_for(folder, kept.quiet if quiet is None else quiet),
                subfolders=kept.subfolders if subfolders is None else subfolders,
            ),
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
    typer.echo(json.dumps(seen) if as_json else "\n".join(status_lines(seen)))


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
    files: Annotated[
        list[Path], typer.Argument(help="Files of earlier scans, or folders that hold them.")
    ],
    broker: BrokerOption = None,
    home: HomeOption = None,
    technique: Annotated[Technique, typer.Option(help="Technique of a new session.")] = "swv",
    name: Annotated[str, typer.Option(help="Name of a new session.")] = "",
    new: Annotated[bool, typer.Option("--new", help="Start a session for them anyway.")] = False,
    log_level: LogLevelOption = None,
    log_format: LogFormatOption = None,
) -> None:
    """Send files of earlier scans to the running session, or to a new one, and wait until stored.

    After Ctrl-C the same command goes on where it was stopped.

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
        home=agent_home,
    )
    if not send_files(sending, stop):
        raise typer.Exit(1)


app.command()(simulate)


@app.command("install-service")
def install_service(
    command: Annotated[
        list[str], typer.Argument(help="After --: watch DIR …, or serial PORT …, as it is started.")
    ],
    broker: BrokerOption = None,
    name: Annotated[str, typer.Option(help="Name of the service.")] = "sacmes-agent",
    run_as: Annotated[
        str | None,
        typer.Option("--as", help="User that it runs as. [default: the folder's owner, else none]"),
    ] = None,
    user: Annotated[
        bool, typer.Option("--user", help="A service of this user; needs no sudo.")
    ] = False,
    show: Annotated[
        bool, typer.Option("--print", "--dry-run", help="Show the files; write nothing.")
    ] = False,
    remove: Annotated[bool, typer.Option("--uninstall", help="Remove the files again.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite files that were changed by hand.")
    ] = False,
    root: Annotated[
        Path, typer.Option(help="Folder that stands for /, for the image of a card.")
    ] = Path("/"),
) -> None:
    """Write a systemd service that keeps an agent running, and say what it did.

    Broker and key (SACMES_BROKER, SACMES_KEY) go into a file that its owner alone may read.

    For example:

        sudo sacmes-agent install-service --broker mqtts://lab-7@broker.example.org -- watch /data

        sacmes-agent install-service --print -- watch /data --start swv --handle SWV_
    """
    from agent.installing import Plan, files, install, planned, uninstall

    _check_command(command)
    settings = shell_settings(root / "etc" / "sacmes", broker=broker)
    service = planned(name, tuple(command), run_as=run_as, per_user=user)
    plan = Plan(service, settings.broker, settings.key, root)
    if show:
        for file in files(plan):
            typer.echo(f"# {file.path}\n{file.text}")
        return
    for sentence in uninstall(plan, force=force) if remove else install(plan, force=force):
        typer.echo(sentence)


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


def _check_command(command: list[str]) -> None:
    """Refuse what could not be started, before it is started for ever.

    Raises
    ------
    ConfigError
        If it is no command that runs unattended, or its options are wrong.
    """
    if command[0] not in ("watch", "serial") or len(command) < 2:
        raise ConfigError(
            "Say after -- what the service does: watch DIR …, or serial PORT --instrument …."
        )
    known = typer.main.get_group(app).commands
    known[command[0]].make_context(f"sacmes-agent {command[0]}", command[1:])


if __name__ == "__main__":
    main()
