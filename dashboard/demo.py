"""`sacmes-demo`: the whole system on this machine, on simulated scans or on a folder of files."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlencode

import typer

from dashboard import demo_iotcore
from dashboard.demo_broker import (
    LOOPBACK,
    Listener,
    find_mosquitto,
    free_port,
    render,
    users_command,
)
from dashboard.demo_processes import Program, Programs
from dashboard.demo_source import FolderSource, Instrument, LineSource, Source
from sacmes_core.errors import ConfigError, SacmesError
from sacmes_core.protocol import RESULTS
from sacmes_core.settings.parts import Technique
from sacmes_core.shell import (
    LogFormatOption,
    LogLevelOption,
    VersionOption,
    run_app,
    stop_on_signal,
)

USER_ID: Final = "demo"
ANALYZER: Final = "analyzer"
BROKER_START_S: Final = 10.0
DASHBOARD_START_S: Final = 60.0
WATCH_S: Final = 0.2

# Whoever sends ends first, so that what it says last still finds its reader.
END_ORDER: Final = (("simulator", "agent"), (ANALYZER, "dashboard"), ("broker",))

app = typer.Typer(add_completion=False)


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo runs on: its folder, its scans, its broker, its keys."""

    home: Path
    source: Source
    broker_port: int
    dashboard_port: int
    keys: dict[str, str]
    mosquitto: str | None
    log_options: tuple[str, ...] = ()

    def broker(self, user: str | None = None) -> str:
        """Build the broker's URL, with the user's name and without his key."""
        name = f"{user}@" if user else ""
        return f"mqtt://{name}{LOOPBACK}:{self.broker_port}"

    @property
    def url(self) -> str:
        """The dashboard's address with the user_id in it, and never the key."""
        return f"http://{LOOPBACK}:{self.dashboard_port}/?{urlencode({'user_id': USER_ID})}"


@app.command()
def demo(
    folder: Annotated[
        Path | None,
        typer.Option(
            "--folder",
            help="Watch this folder of real files instead of a simulated potentiostat.",
            exists=True,
            file_okay=False,
            resolve_path=True,
        ),
    ] = None,
    instrument: Annotated[
        Instrument | None,
        typer.Option(help="Measure on a simulated instrument on a line; the agent drives it."),
    ] = None,
    technique: Annotated[
        Technique, typer.Option(help="What is measured, or what the folder's files hold.")
    ] = "swv",
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no browser.")] = False,
    home: Annotated[
        Path | None,
        typer.Option(
            "--home",
            help="Keep the demo's data here. Without it they are thrown away at the end.",
            show_default=False,
        ),
    ] = None,
    port: Annotated[int, typer.Option("--port", help="The dashboard's port; 0 for any.")] = 0,
    log_level: LogLevelOption = None,
    log_format: LogFormatOption = None,
    version: VersionOption = False,
) -> None:
    """Run the whole system on this machine: broker, analyzer, dashboard and an agent.

    sacmes-demo

    sacmes-demo --folder ~/data/2026-11-22

    sacmes-demo --technique frequency_map

    sacmes-demo --instrument methodscript
    """
    if folder is not None and instrument is not None:
        raise ConfigError("Name a folder or an instrument; the demo has one agent.")
    if instrument is not None and technique != "swv":
        raise ConfigError("The demo's instrument begins with swv; start others from the page.")
    log_options = (
        *(("--log-level", log_level) if log_level else ()),
        *(("--log-format", log_format) if log_format else ()),
    )
    stop = threading.Event()
    stop_on_signal(stop)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.getsignal(signal.SIGTERM))
    private = home or Path(tempfile.mkdtemp(prefix="sacmes-demo-"))
    (private / "logs").mkdir(parents=True, exist_ok=True, mode=0o700)
    run = _prepare(private, _source(private, folder, instrument, technique), port, log_options)
    programs = Programs(private / "logs")
    try:
        _start(run, programs, stop)
        if not stop.is_set():
            _announce(run)
        if not (no_browser or stop.is_set()) and _has_screen():
            webbrowser.open(run.url)
        ended = _watch(programs, stop)
    finally:
        for names in END_ORDER:
            programs.end(*names)
    if ended is not None:
        raise SacmesError(_obituary(ended))
    typer.echo("Ended.")
    if home is None:
        shutil.rmtree(private, ignore_errors=True)


def _source(
    home: Path, folder: Path | None, instrument: Instrument | None, technique: Technique
) -> Source:
    if instrument is not None:
        return LineSource(instrument, free_port())
    files = folder or home / "files"
    files.mkdir(exist_ok=True)
    return FolderSource(files, simulated=folder is None, technique=technique)


def _prepare(home: Path, source: Source, port: int, log_options: tuple[str, ...]) -> Demo:
    """Make the users, as an administrator would."""
    mosquitto = find_mosquitto()
    if mosquitto and find_mosquitto("mosquitto_passwd"):
        keys = _make_users(home / "rights")
    else:
        mosquitto = None
        keys = {name: secrets.token_hex(10) for name in (ANALYZER, USER_ID)}
    return Demo(
        home=home,
        source=source,
        broker_port=free_port(),
        dashboard_port=port or free_port(),
        keys=keys,
        mosquitto=mosquitto,
        log_options=log_options,
    )


def _make_users(rights: Path) -> dict[str, str]:
    rights.mkdir(exist_ok=True, mode=0o700)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SACMES_")}
    keys: dict[str, str] = {}
    for arguments in (["init"], ["add", USER_ID]):
        said = subprocess.run(
            users_command(*arguments, "--folder", str(rights)),
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if said.returncode != 0:
            raise ConfigError(f"The broker's users cannot be made: {said.stderr.strip()}")
        keys |= dict(line.split("\t") for line in said.stdout.splitlines())
    return keys


def _start(run: Demo, programs: Programs, stop: threading.Event) -> None:
    """Start everything; return when the broker and the dashboard answer, or at a stop."""

    def wait_for(name: str, ready: Callable[[Demo], bool], timeout_s: float) -> None:
        if not programs.wait_for(name, lambda: stop.is_set() or ready(run), timeout_s=timeout_s):
            raise SacmesError(_obituary(programs.running[name]))

    programs.start("broker", _broker_command(run))
    wait_for("broker", _listens, BROKER_START_S)
    common = ("--home", str(run.home), *run.log_options)
    programs.start(
        ANALYZER,
        _run("analyzer.cli", "run", "--broker", run.broker(ANALYZER), *common),
        key=run.keys[ANALYZER],
    )
    dashboard = ("--host", LOOPBACK, "--port", str(run.dashboard_port), "--broker", run.broker())
    programs.start("dashboard", _run("dashboard.cli", *dashboard, *common))
    if run.source.simulator is not None:
        programs.start("simulator", _run("agent.cli", *run.source.simulator))
    agent = (*run.source.agent, "--broker", run.broker(USER_ID))
    programs.start("agent", _run("agent.cli", *agent, *common), key=run.keys[USER_ID])
    wait_for("dashboard", _healthy, DASHBOARD_START_S)


def _broker_command(run: Demo) -> list[str]:
    home = run.home / "broker"
    home.mkdir(exist_ok=True)
    if run.mosquitto is None:
        configuration = home / "iotcore.toml"
        configuration.touch(mode=0o600)
        configuration.write_text(demo_iotcore.render(run.broker_port, run.keys), "utf-8")
        return _run("dashboard.demo_iotcore", str(configuration))
    configuration = home / "mosquitto.conf"
    listeners = [Listener(run.broker_port)]
    configuration.write_text(render(home, run.home / "rights", listeners), "utf-8")
    return [run.mosquitto, "-c", str(configuration)]


def _run(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", f"from {name} import main; main()", *arguments]


def _listens(run: Demo) -> bool:
    with socket.socket() as client:
        return client.connect_ex((LOOPBACK, run.broker_port)) == 0


def _healthy(run: Demo) -> bool:
    try:
        address = f"http://{LOOPBACK}:{run.dashboard_port}/_stcore/health"
        with urllib.request.urlopen(address, timeout=1):
            return True
    except (urllib.error.URLError, OSError):
        return False


def _announce(run: Demo) -> None:
    mosquitto_sub = (
        f"mosquitto_sub -V 5 -h {LOOPBACK} -p {run.broker_port} -u {USER_ID} "
        f"-P {run.keys[USER_ID]} -t {RESULTS.topic(user_id=USER_ID)}"
    )
    name, where = run.source.label
    rows = {
        "dashboard": typer.style(run.url, bold=True),
        "user_id": USER_ID,
        "key": typer.style(run.keys[USER_ID], bold=True),
        name: where,
        "broker": f"{LOOPBACK}:{run.broker_port}, "
        + ("mosquitto" if run.mosquitto else demo_iotcore.LABEL),
        "logs": str(run.home / "logs"),
        "listen": mosquitto_sub,
    }
    for name, value in rows.items():
        typer.echo(f"{name:>10}  {value}")
    typer.echo("Type the key into the page. Ctrl-C ends everything.")


def _has_screen() -> bool:
    if sys.platform in {"win32", "darwin"}:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _watch(programs: Programs, stop: threading.Event) -> Program | None:
    """Start again what ends unasked, until somebody asks for the end.

    Returns
    -------
    Program
        What ended so soon after its start that it must be looked into; None at the end.
    """
    while not stop.wait(WATCH_S):
        ended = programs.ended()
        if ended is None:
            continue
        status = ended.process.returncode
        if ended.name == "simulator":
            typer.echo("The simulator has ended: no more scans come.")
        elif ended.short_lived:
            return ended
        else:
            typer.echo(f"The {ended.name} ended, status {status}, and is started again.")
            programs.start_again(ended)
    return None


def _obituary(program: Program) -> str:
    return (
        f"The {program.name} ended, status {program.process.poll()}; its last lines, "
        f"from {program.log}:\n{program.last_lines()}"
    )


def main() -> None:
    """Run the command line."""
    run_app(app)


if __name__ == "__main__":
    main()
