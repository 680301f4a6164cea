"""systemd services for the programs of a server, and the command that writes them."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from sacmes_core.errors import ConfigError
from sacmes_core.shell import BrokerOption, shell_settings
from sacmes_core.units import (
    MODEST,
    PlannedFile,
    closed,
    environment_text,
    escaped,
    in_home,
    is_service_name,
    quoted,
    refuse_changed,
    remove_file,
    write_file,
)

Show = Annotated[bool, typer.Option("--print", "--dry-run", help="Show the files; write nothing.")]
Remove = Annotated[bool, typer.Option("--uninstall", help="Remove the files.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite files that were changed by hand.")]
Root = Annotated[Path, typer.Option(help="Folder that stands for /.")]

UNITS: Final = Path("/etc/systemd/system")
SETTINGS: Final = Path("/etc/sacmes")


@dataclass(frozen=True, slots=True)
class Program:
    """A command that runs as a service.

    Attributes
    ----------
    watched
        Whether it tells systemd that it is up and still turns.
    settings
        Names of what it reads from its environment besides broker and key.
    """

    name: str
    what: str
    watched: bool
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServerService:
    """One service of a program, with the arguments that it is started with."""

    program: Program
    name: str
    executable: str
    arguments: tuple[str, ...]

    @property
    def environment_file(self) -> Path:
        """Where broker, key and store stand."""
        return SETTINGS / f"{self.name}.env"


def unit(service: ServerService) -> str:
    """The systemd unit: a user of its own, restarted when it fails, with few rights."""
    program = service.program
    command = " ".join(quoted(part) for part in (service.executable, *service.arguments))
    watching = ("Type=notify", "NotifyAccess=main", "WatchdogSec=60")
    lines = (
        "[Unit]",
        f"Description=sacmes {program.what}",
        # Whichever of these is not on this machine is not waited for.
        "After=network-online.target time-sync.target mosquitto.service postgresql.service",
        "Wants=network-online.target",
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        *(watching if program.watched else ("Type=exec",)),
        f"ExecStart={command}",
        f"Environment=PYTHONUNBUFFERED=1 HOME=%S/{service.name} SACMES_HOME=%S/{service.name}",
        f"EnvironmentFile=-{escaped(str(service.environment_file))}",
        f"StateDirectory={service.name}",
        "StateDirectoryMode=0700",
        "Restart=on-failure",
        "RestartSec=5",
        "TimeoutStopSec=40",
        "DynamicUser=yes",
        "PrivateDevices=yes",
        *MODEST,
        *closed((service.executable,)),
        "SystemCallErrorNumber=EPERM",
        "",
        "[Install]",
        "WantedBy=multi-user.target",
    )
    return "\n".join(lines) + "\n"


def files(service: ServerService, **settings: str | None) -> tuple[PlannedFile, ...]:
    """The unit, and the file with what only its owner may read, where something is given."""
    found = [PlannedFile(UNITS / f"{service.name}.service", unit(service))]
    if any(settings.values()):
        text = environment_text(**settings)
        found.append(PlannedFile(service.environment_file, text, 0o600))
    return tuple(found)


def install(
    service: ServerService, wanted: tuple[PlannedFile, ...], root: Path, *, force: bool
) -> Iterator[str]:
    """Write the files; yields a sentence for each, and at the end what to do next.

    Raises
    ------
    ConfigError
        If a file was changed by hand and `force` is not set, or cannot be written.
    """
    program = service.program.name
    for file in wanted:
        refuse_changed(_place(root, file.path), program, force=force)
    for file in wanted:
        yield write_file(_place(root, file.path), file, program)
    if not _place(root, service.environment_file).exists():
        yield (
            f"No broker was named: write SACMES_BROKER=… and SACMES_KEY=… into "
            f"{service.environment_file}, readable by its owner alone."
        )
    if in_home(service.executable):
        yield (
            f"{service.executable} lies in somebody's home folder, which the service's own user "
            "may not enter: install sacmes into /opt/sacmes, for example, and do this again there."
        )
    yield (
        "Now run:\n    sudo systemctl daemon-reload\n"
        f"    sudo systemctl enable --now {service.name}"
    )
    yield (
        f"See how it is with: systemctl status {service.name}; journalctl -u {service.name}. "
        f"What it keeps is in /var/lib/{service.name}."
    )


def uninstall(service: ServerService, root: Path, *, force: bool) -> Iterator[str]:
    """Remove the files; what the service keeps stays.

    Raises
    ------
    ConfigError
        If a file was changed by hand and `force` is not set, or cannot be removed.
    """
    paths = [_place(root, file.path) for file in files(service, SACMES_BROKER="-")]
    for place in paths:
        refuse_changed(place, service.program.name, force=force)
    yield from map(remove_file, paths)
    yield (
        f"Now run: sudo systemctl disable --now {service.name}; sudo systemctl daemon-reload. "
        f"What it keeps stays in /var/lib/{service.name}."
    )


def planned(program: Program, name: str, arguments: tuple[str, ...]) -> ServerService:
    """The service for a command of this installation.

    Raises
    ------
    ConfigError
        If this system has no systemd, or the name is none.
    """
    if sys.platform != "linux":
        raise ConfigError("Services are installed on Linux with systemd only.")
    if not is_service_name(name):
        raise ConfigError(
            f"{name!r} cannot be the name of a service: small letters, digits, - and _."
        )
    beside = Path(sys.executable).with_name(program.name)
    executable = beside if beside.exists() else Path(sys.argv[0]).absolute()
    return ServerService(program, name, str(executable), arguments)


def install_service_command(
    program: Program, check: Callable[[tuple[str, ...]], tuple[str, ...]]
) -> Callable[..., None]:
    """The command `install-service` of a program.

    Parameters
    ----------
    check
        Looks whether the program could be started with these arguments, and completes them.
    """

    def install_service(
        arguments: Annotated[
            list[str] | None,
            typer.Argument(help=f"After --: the arguments of {program.name}.", metavar="ARGUMENT…"),
        ] = None,
        broker: BrokerOption = None,
        name: Annotated[str, typer.Option(help="Name of the service.")] = program.name,
        show: Show = False,
        remove: Remove = False,
        force: Force = False,
        root: Root = Path("/"),
    ) -> None:
        service = planned(program, name, check(tuple(arguments or ())))
        settings = shell_settings(root / "etc" / "sacmes", broker=broker)
        given = {name: os.environ.get(name) for name in program.settings}
        wanted = files(service, SACMES_BROKER=settings.broker, SACMES_KEY=settings.key, **given)
        if show:
            said: Iterable[str] = (f"# {file.path}\n{file.text}" for file in wanted)
        elif remove:
            said = uninstall(service, root, force=force)
        else:
            said = install(service, wanted, root, force=force)
        for text in said:
            typer.echo(text)

    install_service.__doc__ = f"""Write a systemd service for {program.name}, and say what it did.

    What the environment says ({", ".join(("SACMES_BROKER", "SACMES_KEY", *program.settings))})
    goes into a file that its owner alone may read.
    """
    return install_service


def _place(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")
