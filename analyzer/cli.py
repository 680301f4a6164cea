"""The command `sacmes-analyzer`."""

import json
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NoReturn

import typer
from rich.console import Console
from rich.progress import track

from analyzer import upkeep
from analyzer.options import (
    AlertWebhookOption,
    HttpOption,
    QuotaBytesOption,
    QuotaSessionsOption,
    StoreOption,
    store_url,
)
from sacmes_core.errors import ConfigError
from sacmes_core.logs import LogFormat, LogLevel
from sacmes_core.server_service import Program, install_service_command
from sacmes_core.shell import (
    EXIT_USAGE,
    BrokerOption,
    HomeOption,
    LogFormatOption,
    LogLevelOption,
    VersionOption,
    broker_address,
    configure_logging,
    home_folder,
    missing_extra,
    run_app,
    shell_settings,
    stop_on_signal,
)

_WORTH_A_BAR: Final = 50

app = typer.Typer(
    help="Store, analyse and publish the scans that agents send; the same science offline.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Files = Annotated[
    list[Path],
    typer.Argument(
        help="Files, or folders whose files are taken in natural order.", metavar="FILE…"
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]
Assignments = Annotated[
    list[str],
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="A setting, for example peak.smoothing=off or reading.delimiter=tab; the part may "
        "be left out where the name is the only one. May be given again.",
    ),
]


PROGRAM: Final = Program(
    "sacmes-analyzer", "analyzer", watched=True, settings=("SACMES_STORE", "PGPASSWORD")
)

upkeep.register(app)


@app.callback()
def _common(_version: VersionOption = False) -> None:
    """Apply what all commands have in common."""


@app.command()
def run(
    broker: BrokerOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
    quota_gb: QuotaBytesOption = None,
    quota_sessions: QuotaSessionsOption = None,
    http: HttpOption = None,
    alert_webhook: AlertWebhookOption = None,
    log_level: LogLevelOption = None,
    log_format: LogFormatOption = None,
) -> None:
    """Run the service: take in uploads, analyse them, answer questions.

    Example: SACMES_KEY=… sacmes-analyzer run --broker mqtts://analyzer@broker.example.org:8883
    """
    options = Service(broker, home, store, log_level, log_format, http, quota_gb, quota_sessions)
    _serve("run", replace(options, alert_webhook=alert_webhook))


@app.command()
def ingest(
    broker: BrokerOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
    quota_gb: QuotaBytesOption = None,
    quota_sessions: QuotaSessionsOption = None,
    http: HttpOption = None,
    alert_webhook: AlertWebhookOption = None,
    log_level: LogLevelOption = None,
    log_format: LogFormatOption = None,
) -> None:
    """Take in uploads and answer questions, beside workers elsewhere; a second one stands by.

    Example: SACMES_KEY=… sacmes-analyzer ingest --store postgresql+psycopg://sacmes@db/sacmes
    """
    options = Service(broker, home, store, log_level, log_format, http, quota_gb, quota_sessions)
    _serve("ingest", replace(options, alert_webhook=alert_webhook))


@app.command()
def work(
    broker: BrokerOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
    http: HttpOption = None,
    log_level: LogLevelOption = None,
    log_format: LogFormatOption = None,
) -> None:
    """Analyse what an ingest takes in; as many as there are cores, on any number of machines.

    Example: SACMES_KEY=… sacmes-analyzer work --store postgresql+psycopg://sacmes@db/sacmes
    """
    _serve("work", Service(broker, home, store, log_level, log_format, http))


@app.command()
def analyze(
    files: Files,
    as_json: Json = False,
    method: Annotated[
        str | None,
        typer.Option("--method", help="Name of the peak method.", show_default=False),
    ] = None,
    technique: Annotated[
        str | None,
        typer.Option(
            "--technique",
            help="What was measured, for files that do not say: swv, cv or ca.",
            show_default=False,
        ),
    ] = None,
    assignments: Assignments = [],  # noqa: B006
) -> None:
    """Analyse files as the service would, without a broker.

    Example: sacmes-analyzer analyze SWV_60Hz_*.txt --json --set smoothing=off
    """
    try:
        from analyzer.assignments import settings_of
        from analyzer.inspection import expanded
        from analyzer.offline import analyse_paths
        from analyzer.tables import print_analysis
    except ModuleNotFoundError as error:
        missing_extra(error, "sacmes-analyzer analyze", "analyzer")
    lines = analyse_paths(_watched(expanded(files)), settings_of(assignments, method), technique)
    _exit(_print_lines(lines) if as_json else print_analysis(lines))


@app.command("map")
def frequency_map(
    files: Files,
    as_json: Json = False,
    electrons: Annotated[
        int, typer.Option(min=1, max=4, help="Electrons that a label transfers.")
    ] = 2,
    transfer_coefficient: Annotated[
        float, typer.Option(min=0.1, max=0.9, help="Transfer coefficient of the label.")
    ] = 0.5,
    assignments: Assignments = [],  # noqa: B006
) -> None:
    """Map peak current and charge over the frequency and fit rate constants.

    Example: sacmes-analyzer map SWV_*Hz_1.txt --electrons 2
    """
    from analyzer.assignments import settings_of
    from analyzer.inspection import expanded
    from analyzer.maps import map_files, map_lines, print_map
    from sacmes_core.analysis.kinetics.response import SquareWaveCouple

    couple = SquareWaveCouple(electrons, transfer_coefficient)
    lines = map_lines(map_files(_watched(expanded(files)), settings_of(assignments), couple))
    _exit(_print_lines(iter(lines)) if as_json else print_map(lines))


@app.command()
def inspect(files: Files, as_json: Json = False, assignments: Assignments = []) -> None:  # noqa: B006
    """Show what is read from files, without analysing them.

    Example: sacmes-analyzer inspect export.csv --set reading.delimiter=tab
    """
    from analyzer.assignments import settings_of
    from analyzer.inspection import expanded, inspect_paths
    from analyzer.tables import print_inspection

    lines = inspect_paths(_watched(expanded(files)), settings_of(assignments).reading)
    _exit(_print_lines(lines) if as_json else print_inspection(lines))


@dataclass(frozen=True, slots=True)
class Service:
    """The options of every command that goes on until it is ended."""

    broker: str | None
    home: Path | None
    store: str | None
    log_level: LogLevel | None
    log_format: LogFormat | None
    http: str | None
    quota_gb: float | None = None
    quota_sessions: int | None = None
    alert_webhook: str | None = None


def _serve(role: Literal["run", "ingest", "work"], service: Service) -> None:
    folder = home_folder(service.home, "analyzer")
    settings = shell_settings(
        folder,
        broker=service.broker,
        log_level=service.log_level,
        log_format=service.log_format,
    )
    configure_logging(settings)
    address = broker_address(settings)
    try:
        from analyzer.application import Analyzer
        from analyzer.store.quotas import Quota
        from analyzer.store.store import open_store_once_there
        from analyzer.watch_server import Listening, answering
        from analyzer.webhook import Webhook
    except ModuleNotFoundError as error:
        missing_extra(error, f"sacmes-analyzer {role}", "analyzer")
    listening = Listening.parse(service.http) if service.http else None
    webhook = None
    if service.alert_webhook:
        webhook = Webhook(service.alert_webhook, os.environ.get("SACMES_ALERT_WEBHOOK_SECRET"))
    stop = threading.Event()
    stop_on_signal(stop)
    quota = Quota(
        None if service.quota_gb is None else int(service.quota_gb * 1e9), service.quota_sessions
    )
    opened = open_store_once_there(store_url(service.store, folder), folder, quota, stop)
    if opened is None:
        return
    try:
        with opened.database.shared(), ExitStack() as until_the_end:
            watched = listening is not None
            analyzer = Analyzer(address, opened, role, folder, watched=watched, webhook=webhook)
            if listening is not None:
                until_the_end.enter_context(answering(listening, analyzer.monitor))
            analyzer.run(stop)
    finally:
        opened.close()


def _unattended(arguments: tuple[str, ...]) -> tuple[str, ...]:
    """The arguments of a service, refused where it could not be started."""
    arguments = arguments or ("run",)
    if arguments[0] not in ("run", "ingest", "work"):
        raise ConfigError("Say after -- what the service does: run, ingest or work, with options.")
    known = typer.main.get_group(app).commands
    known[arguments[0]].make_context(f"sacmes-analyzer {arguments[0]}", list(arguments[1:]))
    return arguments


app.command("install-service")(install_service_command(PROGRAM, _unattended))


def main() -> NoReturn:
    """Run the command line.

    The matrices of an analysis are small: several threads of the linear algebra would wait for each
    other on processors that others could use, and cost twice the time. Who sets a number gets it.
    """
    for library in ("OPENBLAS", "OMP", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    run_app(app)


def _print_lines(lines: Iterator[dict[str, Any]]) -> int:
    """Print each line as JSON as it comes; return how many tell of an error."""
    failed = 0
    for line in lines:
        failed += line.get("error") is not None
        typer.echo(json.dumps(line, ensure_ascii=False, allow_nan=False))
    return failed


def _watched(paths: list[Path]) -> Iterable[Path]:
    """The paths with a progress bar beside them, where somebody looks."""
    console = Console(stderr=True)
    if not console.is_terminal or len(paths) < _WORTH_A_BAR:
        return paths
    return track(paths, "Reading", console=console, transient=True)


def _exit(failed: int) -> None:
    if failed:
        raise typer.Exit(EXIT_USAGE)
