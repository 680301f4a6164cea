"""The broker of the demo and the tests: the shipped configuration with listeners and paths."""

import os
import shutil
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

LOOPBACK = "127.0.0.1"
SBIN = os.pathsep.join(("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"))
WINDOWS_FOLDER = Path(os.environ.get("PROGRAMFILES", "C:\\Program Files")) / "mosquitto"


@dataclass(frozen=True, slots=True)
class Listener:
    """A door of the broker; with a certificate and its key it speaks TLS."""

    port: int
    host: str = LOOPBACK
    protocol: Literal["mqtt", "websockets"] = "mqtt"
    certificate: Path | None = None
    private_key: Path | None = None

    def lines(self) -> list[str]:
        """Build the lines of this listener in Mosquitto's configuration."""
        lines = [f"listener {self.port} {self.host}", f"protocol {self.protocol}"]
        if self.protocol == "websockets":
            # Mosquitto 2.0 listens on every interface without this, whatever the host says.
            lines.append("socket_domain ipv4")
        if self.certificate is not None and self.private_key is not None:
            lines += [f"certfile {self.certificate}", f"keyfile {self.private_key}"]
            lines.append("tls_version tlsv1.2")
        return lines


def configuration_folder() -> Path:
    """Return the folder with the shipped configuration, in a checkout and in a wheel alike."""
    here = Path(__file__).resolve().parent
    installed = here / "mosquitto"
    return installed if installed.is_dir() else here.parent / "mosquitto"


def render(home: Path, rights: Path, listeners: list[Listener]) -> str:
    """Build a configuration: the common body with these listeners and paths.

    Parameters
    ----------
    home
        Folder for what the broker keeps.
    rights
        Folder with the password and the ACL file that `mosquitto/users.py` made.
    listeners
        At least one.
    """
    lines = [
        *(line for listener in listeners for line in listener.lines()),
        f"password_file {rights / 'passwords'}",
        f"acl_file {rights / 'rights.acl'}",
        f"persistence_location {home}{os.sep}",
        "log_dest stdout",
        f"include_dir {configuration_folder() / 'common.d'}",
    ]
    if os.name == "posix" and os.geteuid() == 0:
        # Started by root, Mosquitto would become another user, who may not read the files.
        lines.insert(0, "user root")
    return "\n".join(lines) + "\n"


def find_mosquitto(program: str = "mosquitto") -> str | None:
    """Find a program of Mosquitto's, also where PATH has no sbin; None if it is not installed."""
    places = (os.environ.get("PATH", ""), SBIN, str(WINDOWS_FOLDER))
    return shutil.which(program, path=os.pathsep.join(places))


def users_command(*arguments: str) -> list[str]:
    """Build the command that an administrator gives to make users."""
    return [sys.executable, str(configuration_folder() / "users.py"), *arguments]


def free_port(host: str = LOOPBACK) -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port
