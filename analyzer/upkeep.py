"""The commands of `sacmes-analyzer` for the care of a store and what is in it."""

import queue
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.progress import Progress

from analyzer.options import StoreOption, store_url
from sacmes_core.errors import ConfigError, SacmesError
from sacmes_core.link import Link
from sacmes_core.link_events import Connected, LinkEvent, LinkOptions, Published, Refused
from sacmes_core.protocol import ANALYZER_PRESENCE, clearing
from sacmes_core.shell import (
    EXIT_FAILED,
    BrokerOption,
    HomeOption,
    broker_address,
    configure_logging,
    home_folder,
    missing_extra,
    shell_settings,
)

if TYPE_CHECKING:
    from analyzer.store.database import Database

FREE_MIN_BYTES: Final = 1 << 30
BROKER_TIMEOUT_S: Final = 20.0
_UNITS: Final = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}

Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", help="File to write. [default: named after the time]", show_default=False
    ),
]
Force = Annotated[
    bool,
    typer.Option(
        "--force", help="Replace a store that holds sessions; they are kept in a file beside."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to a command line."""
    for command in (backup, restore, doctor):
        app.command()(command)
    app.command("prune")(prune_old)
    app.command("export")(export_one)
    app.command("import")(import_one)


def backup(output: Output = None, home: HomeOption = None, store: StoreOption = None) -> None:
    """Write everything that the store holds into one file, while it is in use.

    Example: sacmes-analyzer backup -o /backups/$(date +%F).sqlite
    """
    with _database("backup", home, store) as (_, database):
        from analyzer.store.backups import back_up, stamp

        target = _new_file(output or Path(f"sacmes-backup-{stamp()}.sqlite"))
        with _bar("Backup") as progress:
            back_up(database, target, progress)
        typer.echo(target)


def restore(
    file: Annotated[Path, typer.Argument(help="The file that `backup` wrote.", metavar="FILE")],
    force: Force = False,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Put a backup into an empty store, in either database; end all analyzers first.

    Example: sacmes-analyzer restore backup.sqlite --store postgresql+psycopg://sacmes@db/sacmes
    """
    with _database("restore", home, store) as (folder, database):
        from analyzer.store.restoring import restore as put_back

        with _bar("Restore") as progress:
            before = put_back(file, database, folder, progress, force=force)
        if before is not None:
            typer.echo(f"What was there before is in {before}", err=True)
        typer.echo(database.place)


def prune_old(
    older_than: Annotated[
        str, typer.Option("--older-than", help="Age of a session's last event: 90d, 12h or 8w.")
    ],
    user: Annotated[
        str | None, typer.Option("--user", help="Of this user alone.", show_default=False)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which.")] = False,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Take old sessions out for ever, but those that run and each user's newest.

    Example: sacmes-analyzer prune --older-than 90d --dry-run
    """
    before = datetime.now(UTC) - age_of(older_than)
    with _database("prune", home, store, ready=True) as (_, database):
        from analyzer.store.pruning import old_sessions, prune

        found = old_sessions(database, before, user)
        done = iter(found) if dry_run else prune(database, found)
        count, freed = 0, 0
        for old in done:
            count += 1
            freed += old.stored_bytes
            typer.echo(
                f"{old.user_id} {old.session_id} {old.last_at:%Y-%m-%d} {old.uploads} uploads "
                f"{old.stored_bytes / 1e6:.1f} MB {old.name}".rstrip()
            )
        what = "would be taken out" if dry_run else "taken out"
        typer.echo(f"{count} sessions {what}, {freed / 1e6:.1f} MB", err=True)


def age_of(text: str) -> timedelta:
    """A length of time as people write it.

    Raises
    ------
    ConfigError
        If it is none.
    """
    unit = _UNITS.get(text[-1:])
    if unit is None or not text[:-1].isdecimal():
        raise ConfigError(f"{text!r} is no age; write 90d, 12h or 8w.")
    return int(text[:-1]) * unit


def export_one(
    session: Annotated[str, typer.Argument(help="Id of the session.", metavar="SESSION")],
    user: Annotated[str, typer.Option("--user", help="Whose session it is.")],
    output: Output = None,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Write a whole session into one ZIP file: bytes, settings, results. Another server reads it.

    Example: sacmes-analyzer export 9b2f4c1e-… --user lab-3 -o run7.zip
    """
    with _database("export", home, store, ready=True) as (_, database):
        from analyzer.archive import export_session

        target = _new_file(output or Path(f"sacmes-session-{session[:8]}.zip"))
        count = export_session(database, user, session, target)
        typer.echo(f"{count} uploads", err=True)
        typer.echo(target)


def import_one(
    file: Annotated[Path, typer.Argument(help="The file that `export` wrote.", metavar="FILE")],
    user: Annotated[
        str | None,
        typer.Option(
            "--user", help="Whose it becomes. [default: as in the file]", show_default=False
        ),
    ] = None,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Add the session of a file to the store, which may be in use. It comes as one that has ended.

    Example: sacmes-analyzer import run7.zip
    """
    with _database("import", home, store, ready=True) as (_, database):
        from analyzer.archive import import_session

        owner, waiting = import_session(database, file, user)
        typer.echo(f"The session is {owner}'s; {waiting} of its uploads wait for analysis.")


def doctor(broker: BrokerOption = None, home: HomeOption = None, store: StoreOption = None) -> None:
    """See whether store, disk, clock and broker are as they must be; status 1 if not.

    Example: sacmes-analyzer doctor --broker mqtt://analyzer@127.0.0.1:1883
    """
    fine = True
    with _database("doctor", home, store) as (folder, database):
        from analyzer.store.checkup import Finding, look_at

        def found() -> Iterator[Finding]:
            try:
                yield from look_at(database)
            except SacmesError as error:
                yield Finding("store", False, str(error))
            yield Finding("disk", *_disk(folder))
            yield Finding("broker", *_broker(folder, broker))

        for finding in found():
            fine = fine and finding.fine
            typer.echo(f"{'ok  ' if finding.fine else 'FAIL'} {finding.what:<10} {finding.text}")
    if not fine:
        raise typer.Exit(EXIT_FAILED)


def _new_file(target: Path) -> Path:
    if target.exists():
        raise ConfigError(f"{target} is there already; name another file with -o.")
    return target


def _disk(folder: Path) -> tuple[bool, str]:
    free = shutil.disk_usage(folder).free
    fine = free >= FREE_MIN_BYTES
    hint = "" if fine else "; free some, or scans have to wait at their agents"
    return fine, f"{free / 1e9:.1f} GB free in {folder}{hint}"


def _broker(folder: Path, broker: str | None) -> tuple[bool, str]:
    try:
        address = broker_address(shell_settings(folder, broker=broker))
    except ConfigError as error:
        return False, str(error)
    events: queue.SimpleQueue[LinkEvent] = queue.SimpleQueue()
    name = f"{address.username or 'analyzer'}.doctor.{secrets.token_hex(8)}"
    link = Link(address, LinkOptions(name, give_up_on_login=True), events)
    link.start()
    try:
        event = events.get(timeout=BROKER_TIMEOUT_S)
        if isinstance(event, Connected):
            # Removes the presence of an analyzer that is not there, as an analyzer alone may do.
            link.publish(clearing(ANALYZER_PRESENCE, analyzer=f"doctor-{secrets.token_hex(4)}"))
            event = events.get(timeout=BROKER_TIMEOUT_S)
    except queue.Empty:
        return False, f"{address} does not answer"
    finally:
        link.stop()
    match event:
        case Published(_, None):
            return True, f"{address} lets this analyzer in"
        case Published(_, why):
            return False, (
                f"{address} lets {address.username} in, but not as an analyzer ({why}); "
                "take the key that `users.py init` has shown, with the user analyzer"
            )
        case Refused(reason):
            return False, reason
        case _:
            return False, f"{address} hung up"


@contextmanager
def _database(
    command: str, home: Path | None, store: str | None, *, ready: bool = False
) -> Iterator[tuple[Path, "Database"]]:
    """The home folder and the store: as it is, or made ready and beside others."""
    folder = home_folder(home, "analyzer")
    configure_logging(shell_settings(folder))
    try:
        from analyzer.store.database import Database
        from analyzer.store.upgrades import prepare
    except ModuleNotFoundError as error:
        missing_extra(error, f"sacmes-analyzer {command}", "analyzer")
    database = Database(store_url(store, folder))
    try:
        if not ready:
            yield folder, database
            return
        prepare(database, folder)
        with database.shared():
            yield folder, database
    finally:
        database.close()


@contextmanager
def _bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar beside the output, where somebody looks."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, of: progress.update(task, completed=done, total=of)
