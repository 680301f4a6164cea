"""What the systemd units of agent, analyzer and dashboard have in common: rights and files."""

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from sacmes_core.errors import ConfigError

_HOMES: Final = ("/home", "/root", "/run/user")
_TEMPORARY: Final = ("/tmp", "/var/tmp")
_MARK: Final = "# Written by {program} install-service; checksum "

MODEST: Final = (
    "UMask=0077",
    "NoNewPrivileges=yes",
    "LockPersonality=yes",
    "RestrictRealtime=yes",
    "SystemCallArchitectures=native",
)
"""What any service gives up, also one of a user."""


def closed(places: Sequence[str]) -> tuple[str, ...]:
    """What a service of the system gives up; it may read the places that it works with."""
    seen_home = any(in_home(place) for place in places)
    in_temporary = any(_below(place, _TEMPORARY) for place in places)
    return (
        "ProtectSystem=strict",
        f"ProtectHome={'read-only' if seen_home else 'yes'}",
        f"PrivateTmp={'no' if in_temporary else 'yes'}",
        "ProtectKernelTunables=yes",
        "ProtectKernelModules=yes",
        "ProtectKernelLogs=yes",
        "ProtectControlGroups=yes",
        "ProtectHostname=yes",
        "ProtectProc=invisible",
        "RestrictNamespaces=yes",
        "RestrictSUIDSGID=yes",
        "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
        "CapabilityBoundingSet=",
        "SystemCallFilter=@system-service",
        "SystemCallFilter=~@privileged @resources",
    )


def in_home(place: str) -> bool:
    """Whether a path lies in the home folder of a user."""
    return _below(place, _HOMES)


def quoted(argument: str) -> str:
    """An argument as systemd reads a command line: no variable, no specifier, one word."""
    text = escaped(argument).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{text}"'


def escaped(text: str) -> str:
    """A text in which systemd finds no specifier."""
    return text.replace("%", "%%")


def environment_text(**settings: str | None) -> str:
    """The file with broker and key, which only the administrator may read."""
    lines = [f"{name}={_quoted_value(value)}" for name, value in settings.items() if value]
    return "\n".join(lines) + "\n"


def is_service_name(name: str) -> bool:
    """Whether a service may be called so."""
    return re.fullmatch(r"[a-z][a-z0-9_-]{0,40}", name) is not None


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file of a service."""

    path: Path
    text: str
    mode: int = 0o644


def refuse_changed(place: Path, program: str, *, force: bool) -> None:
    """Refuse to touch a file that somebody changed by hand, or that is another program's.

    Raises
    ------
    ConfigError
        If it was, and `force` is not set.
    """
    try:
        there = place.read_text("utf-8", "replace")
    except FileNotFoundError:
        return
    except OSError as error:
        raise not_written(place, error) from None
    ours = there == _marked(there.partition("\n")[2], program)
    if not ours and not force:
        raise ConfigError(
            f"{place} was changed by hand. Compare it with --print, and overwrite or remove it "
            "with --force."
        )


def write_file(place: Path, file: PlannedFile, program: str) -> str:
    """Write a file of a service; a sentence about it.

    Raises
    ------
    ConfigError
        If it cannot be written.
    """
    text = _marked(file.text, program)
    try:
        if place.exists() and place.read_text("utf-8", "replace") == text:
            return f"{place} is up to date."
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, file.mode)
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(text)
        place.chmod(file.mode)
    except OSError as error:
        raise not_written(place, error) from None
    return f"Wrote {place}."


def remove_file(place: Path) -> str:
    """Remove a file of a service; a sentence about it.

    Raises
    ------
    ConfigError
        If it cannot be removed.
    """
    if not (place.exists() or place.is_symlink()):
        return f"{place} was not there."
    try:
        place.unlink()
    except OSError as error:
        raise not_written(place, error) from None
    return f"Removed {place}."


def not_written(place: Path, error: OSError) -> ConfigError:
    """The error for a file that the one who installs may not touch."""
    hint = "Run it with sudo, or with --user." if isinstance(error, PermissionError) else ""
    return ConfigError(f"{place} cannot be written or read ({error.strerror}). {hint}".strip())


def _marked(text: str, program: str) -> str:
    checksum = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f"{_MARK.format(program=program)}{checksum}\n{text}"


def _quoted_value(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") + '"'


def _below(place: str, parents: Sequence[str]) -> bool:
    path = PurePosixPath(place)
    return any(path.is_relative_to(parent) for parent in parents)
