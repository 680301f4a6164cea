"""Writing a service of the system for an agent, taking it away again, and saying what was done."""

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.units import Service, UsbIdentity, udev_rules, unit
from sacmes_core.errors import ConfigError
from sacmes_core.units import (
    PlannedFile,
    environment_text,
    is_service_name,
    refuse_changed,
    remove_file,
    write_file,
)

PROGRAM: Final = "sacmes-agent"
_HOMES: Final = (Path("/home"), Path("/root"))


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be installed, and where.

    Attributes
    ----------
    root
        Folder that stands for ``/``, for the image of a card; ``/`` itself usually.
    """

    service: Service
    broker: str | None = None
    key: str | None = None
    root: Path = Path("/")


def planned(
    name: str,
    arguments: tuple[str, ...],
    *,
    run_as: str | None = None,
    per_user: bool = False,
) -> Service:
    """The service for a command of this installation.

    Raises
    ------
    ConfigError
        If this system has no systemd, the name is none, or the command may not run unattended.
    """
    if sys.platform != "linux":
        raise ConfigError(
            "Services are installed on Linux with systemd only; on Windows use the task "
            "scheduler, see docs/windows.md."
        )
    if not is_service_name(name):
        raise ConfigError(
            f"{name!r} cannot be the name of a service: small letters, digits, - and _."
        )
    if "--take-over" in arguments:
        raise ConfigError(
            "A service that is restarted for ever must not --take-over: two of them would take "
            "the user_id from each other in turn. Leave it out."
        )
    arguments = _with_whole_paths(arguments)
    executable = _executable()
    who = None if per_user else run_as or _owner(arguments, executable)
    configuration = Path.home() / ".config" / "sacmes" if per_user else Path("/etc/sacmes")
    return Service(
        name=name,
        executable=str(executable),
        arguments=arguments,
        environment_file=str(configuration / f"{name}.env"),
        run_as=who,
        per_user=per_user,
    )


def files(plan: Plan) -> tuple[PlannedFile, ...]:
    """The files of a service: the unit, the rules for an instrument, broker and key."""
    service = plan.service
    units = (
        Path.home() / ".config/systemd/user" if service.per_user else Path("/etc/systemd/system")
    )
    found = [PlannedFile(units / f"{service.name}.service", unit(service))]
    if plan.broker or plan.key:
        text = environment_text(SACMES_BROKER=plan.broker, SACMES_KEY=plan.key)
        found.append(PlannedFile(Path(service.environment_file), text, 0o600))
    if service.is_serial and not service.per_user:
        rules = udev_rules(service.name, usb_identity(service.arguments[1]))
        found.append(PlannedFile(Path("/etc/udev/rules.d/70-sacmes.rules"), rules))
    return tuple(found)


def install(plan: Plan, *, force: bool) -> Iterator[str]:
    """Write the files; yields a sentence for each, and at the end what to do next.

    Raises
    ------
    ConfigError
        If a file was changed by hand and `force` is not set, or cannot be written. Nothing is
        written then.
    """
    wanted = files(plan)
    for file in wanted:
        refuse_changed(_place(plan, file.path), PROGRAM, force=force)
    for file in wanted:
        yield write_file(_place(plan, file.path), file, PROGRAM)
    yield from _next_steps(plan, wanted)


def uninstall(plan: Plan, *, force: bool) -> Iterator[str]:
    """Remove the files; scans that wait and the identity stay.

    Raises
    ------
    ConfigError
        If a file was changed by hand and `force` is not set, or cannot be removed.
    """
    service = plan.service
    known = files(Plan(service, broker="-", root=plan.root))
    places = [_place(plan, file.path) for file in known if file.path.suffix != ".rules"]
    for place in places:
        refuse_changed(place, PROGRAM, force=force)
    wants = [folder / places[0].name for folder in places[0].parent.glob("*.target.wants")]
    for place in (*filter(Path.is_symlink, wants), *places):
        yield remove_file(place)
    control = _control(service)
    yield (
        f"Now run: {control} stop {service.name}; {control} daemon-reload. The identity and the "
        f"scans that wait stay in {_state(service)}; the rules of udev stay for other instruments."
    )


def usb_identity(port: str, devices: Path = Path("/sys/class/tty")) -> UsbIdentity | None:
    """The USB device behind a port; None if it is none, or not plugged in."""
    device = (devices / Path(os.path.realpath(port)).name / "device").resolve()
    for folder in (device, *device.parents):
        with contextlib.suppress(OSError):
            vendor, product = ((folder / f).read_text("ascii").strip() for f in _USB_FILES)
            serial = folder / "serial"
            known = serial.read_text("utf-8", "replace").strip() if serial.exists() else ""
            return UsbIdentity(vendor, product, known)
    return None


_USB_FILES: Final = ("idVendor", "idProduct")


def _with_whole_paths(arguments: tuple[str, ...]) -> tuple[str, ...]:
    """The arguments with the watched folder as a whole path: a service starts elsewhere."""
    if arguments[0] != "watch":
        return arguments
    return (arguments[0], str(Path(arguments[1]).absolute()), *arguments[2:])


def _executable() -> Path:
    """The command of this installation, as the service is to start it."""
    beside = Path(sys.executable).with_name(PROGRAM)
    return beside if beside.exists() else Path(sys.argv[0]).absolute()


def _owner(arguments: tuple[str, ...], executable: Path) -> str | None:
    """Whose rights the service needs: of the folder, or of an installation in somebody's home."""
    places = [Path(arguments[1])] if arguments[0] == "watch" else []
    if any(executable.is_relative_to(home) for home in _HOMES):
        places.append(executable)
    for place in places:
        with contextlib.suppress(OSError, KeyError):
            if place.stat().st_uid != 0:
                return place.owner()
    if executable.is_relative_to("/root"):
        return "root"
    return None


def _place(plan: Plan, path: Path) -> Path:
    return plan.root / path.relative_to("/")


def _control(service: Service) -> str:
    return "systemctl --user" if service.per_user else "sudo systemctl"


def _state(service: Service) -> str:
    return f"~/.local/state/{service.name}" if service.per_user else f"/var/lib/{service.name}"


def _next_steps(plan: Plan, wanted: tuple[PlannedFile, ...]) -> Iterator[str]:
    service, control = plan.service, _control(plan.service)
    if not plan.broker and not _place(plan, Path(service.environment_file)).exists():
        yield (
            f"No broker was named: write SACMES_BROKER=… and SACMES_KEY=… into "
            f"{service.environment_file}, readable by its owner alone."
        )
    rights = "its own user" if service.run_as is None else f"the user {service.run_as}"
    if not service.per_user:
        yield f"It runs with the rights of {rights}; name another one with --as."
    commands = [f"{control} daemon-reload", f"{control} enable --now {service.name}"]
    if any(file.path.suffix == ".rules" for file in wanted):
        commands.insert(0, "sudo udevadm control --reload && sudo udevadm trigger")
    if service.per_user:
        commands.append("loginctl enable-linger    # so that it runs while nobody is logged in")
    yield "Now run:\n" + "\n".join(f"    {command}" for command in commands)
    if service.is_serial and not service.per_user and service.arguments[1].startswith("/dev/tty"):
        yield (
            f"{service.arguments[1]} may be another device after a restart. With the rules the "
            f"instrument is also /dev/{service.name}, or see /dev/serial/by-id; give that name."
        )
    yield (
        f"See how it is with: {control} status {service.name}; journalctl "
        f"{'--user ' if service.per_user else ''}-u {service.name}; "
        f"{'' if service.per_user else 'sudo '}sacmes-agent status --home {_state(service)}"
    )
