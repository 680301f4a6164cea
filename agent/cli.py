"""The command line of the agent beside the instrument."""

import json
import threading
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from agent.application import Agent, AgentOptions
from agent.disk import HomeLock
from agent.home import Home
from agent.serial_command import serial
from agent.settling import Patience
from agent.simulator_cli import simulate
from agent.starting import Wish
from agent.status import status_lines, status_of
from agent.watching import folder_source
from sacmes_core.errors import ConfigError
from sacmes_core.settings.parts import Technique
from sacmes_core.settings.session import SessionSettings
from sacmes_core.settings.source import SourceSettings
from sacmes_core.settings.trend import TrendSettings
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

    sacmes-agent status

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
    folder: Annotated[Path, typer.Argument(help="Folder in which the instrument saves its files.")],
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
        str, typer.Option(help="Files that are there already: all, since (the start) or none.")
    ] = "all",
    name: Annotated[str, typer.Option(help="Name of the session.")] = "",
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Take the user_id from an agent elsewhere.")
    ] = False,
    subfolders: Annotated[
        bool, typer.Option("--subfolders", help="Watch the folders in the folder as well.")
    ] = False,
    quiet: Annotated[
        float,
        typer.Option(
            min=0.1, max=600, help="Seconds that a file is left alone before it counts as finished."
        ),
    ] = 2.0,
    retry_refused: Annotated[
        bool, typer.Option("--retry-refused", help="Send again what the analyzer refused.")
    ] = False,
    log_level: LogLevelOption = None,
    log_format: LogFormatOption = None,
) -> None:
    """Watch a folder and send each finished scan; runs until Ctrl-C.

    For example:

        sacmes-agent watch data --broker mqtts://lab-7@broker.example.org:8883

        sacmes-agent watch data --start swv --handle SWV_ --frequency 15 --frequency 200
    """
    agent_home, settings = _begin(home, broker, log_level, log_format)
    wish = None
    if start is not None:
        wish = _wish(
            start,
            name,
            {
                "handle": handle,
                "extension": extension,
                "frequencies_hz": tuple(frequency or ()),
                "first_number": first_number,
                "last_number": last_number,
                "backlog": backlog,
            },
            reference_number,
        )
    if not folder.is_dir():
        raise ConfigError(
            f"There is no folder {folder}; name the one in which the instrument saves its files."
        )
    stop = threading.Event()
    stop_on_signal(stop)
    address = broker_address(settings)
    with HomeLock(agent_home), Home.opened(agent_home) as opened:
        opened.adopt(address.username)
        if retry_refused:
            opened.outbox.retry_refused()
        options = AgentOptions(
            address=address.as_user(opened.identity.user_id, address.key or settings.key),
            source=folder_source(folder.resolve(), Patience.of(quiet), subfolders=subfolders),
            take_over=take_over,
            wish=wish,
        )
        Agent(options, opened, stop).run()


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


app.command()(simulate)


def main() -> None:
    """Run the command line."""
    run_app(app)


def _begin(
    home: Path | None, broker: str | None, log_level: str | None, log_format: str | None
) -> tuple[Path, ShellSettings]:
    folder = home_folder(home, "agent")
    settings = shell_settings(folder, broker=broker, log_level=log_level, log_format=log_format)
    configure_logging(settings)
    return folder, settings


def _wish(
    technique: Technique, name: str, source: dict[str, object], reference_number: int
) -> Wish:
    try:
        settings = SessionSettings(
            source=SourceSettings.model_validate(source),
            trend=TrendSettings(reference_number=reference_number),
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = " ".join(str(part) for part in first["loc"]) or "session"
        raise ConfigError(f"--start: {where}: {first['msg']}.") from None
    return Wish(technique, settings, name)


if __name__ == "__main__":
    main()
