"""Who may enter the broker and what each may do, as one value and as the two files it reads.

Keys are hashed by mosquitto_passwd. What is new is tried on a Mosquitto of its own before it
takes the place of the old: a running broker that is told to read a broken ACL file lets everyone
read and write everything.
"""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sacmes_core.errors import ConfigError
from sacmes_core.protocol import check_user_id

HERE = Path(__file__).parent
PASSWORDS = "passwords"
ACL = "rights.acl"
SERVICES = ("analyzer", "admin")
TRIAL_SECONDS = 10.0
SBIN = os.pathsep.join(("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"))
DISABLED = "# disabled "
"""Before the line of a user who may not enter for the time being; a comment to the broker."""


@dataclass(frozen=True, slots=True)
class Rights:
    """Who may enter and who may look at whose data, as one value.

    Attributes
    ----------
    hashes
        The line of the password file for each name.
    colleagues
        For each colleague, the users whose data he may look at.
    disabled
        Who may not enter for the time being.
    """

    hashes: dict[str, str]
    colleagues: dict[str, tuple[str, ...]]
    disabled: frozenset[str] = frozenset()

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read both files of a folder; ConfigError if they do not make sense."""
        try:
            lines = (folder / PASSWORDS).read_text("utf-8").splitlines()
            acl = (folder / ACL).read_text("utf-8")
        except OSError as error:
            raise ConfigError(
                f"There are no users in {folder} yet ({error.strerror}): run `users.py init` first."
            ) from error
        hashes = [line.removeprefix(DISABLED) for line in lines if line]
        names = [line.partition(":")[0] for line in hashes]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ConfigError(f"Named twice in {folder / PASSWORDS}: {', '.join(sorted(twice))}.")
        looks = re.findall(r"^# (\S+) looks at (.+)$", acl, re.MULTILINE)
        return cls(
            hashes=dict(zip(names, hashes, strict=True)),
            colleagues={name: tuple(owners.split(", ")) for name, owners in looks},
            disabled=frozenset(
                line.removeprefix(DISABLED).partition(":")[0]
                for line in lines
                if line.startswith(DISABLED)
            ),
        )

    @classmethod
    def try_as_they_are(cls, folder: Path) -> None:
        """Look at both files and try them; ConfigError if a broker must not get them."""
        rights = cls.read(folder).checked()
        with tempfile.TemporaryDirectory() as name:
            for file in (PASSWORDS, ACL):
                shutil.copy(folder / file, name)
            try_out(Path(name))
        if (folder / ACL).read_text("utf-8") != rights.acl():
            raise ConfigError(
                f"{folder / ACL} was changed by hand: `users.py init` builds it anew."
            )

    def checked(self) -> Self:
        """Return itself if every name is allowed and known; ConfigError says which is not."""
        for name in self.hashes:
            if name not in SERVICES:
                check_user_id(name)
        if "analyzer" not in self.hashes:
            raise ConfigError("The analyzer has no key: run `users.py init`.")
        for colleague, owners in self.colleagues.items():
            if missing := {colleague, *owners} - self.hashes.keys():
                raise ConfigError(
                    f"{colleague} looks at {', '.join(owners)}, but there is no user "
                    f"{', '.join(sorted(missing))}."
                )
        return self

    def acl(self) -> str:
        """Build the text of the ACL file: what all have in common, then the colleagues."""
        common = (HERE / "sacmes.acl").read_text("utf-8")
        template = (HERE / "colleague.acl").read_text("utf-8").splitlines()
        lines = [
            line.format(colleague=colleague, owners=", ".join(owners), owner=owner)
            for colleague, owners in sorted(self.colleagues.items())
            for line in template
            for owner in (owners if "{owner}" in line else owners[:1])
        ]
        return common + "".join(f"{line}\n" for line in lines)

    def passwords(self) -> str:
        """Build the text of the password file; to the broker a disabled user is a comment."""
        lines = (
            f"{DISABLED if name in self.disabled else ''}{line}\n"
            for name, line in self.hashes.items()
        )
        return "".join(lines)

    def install(self, folder: Path) -> None:
        """Put both files in place, once a Mosquitto of its own has taken them.

        They belong to whom the folder belongs: a broker that cannot read its ACL file when it is
        signalled lets everyone do everything.
        """
        make_folder(folder)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=folder) as name:
            new = Path(name)
            write_private(new / PASSWORDS, self.passwords())
            write_private(new / ACL, self.checked().acl())
            try_out(new)
            for file in (ACL, PASSWORDS):
                if is_root():
                    os.chown(new / file, folder.stat().st_uid, folder.stat().st_gid)
                (new / file).replace(folder / file)


def hashed(keys: dict[str, str]) -> dict[str, str]:
    """Let mosquitto_passwd hash the keys; they go through a private file, not the command line."""
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / PASSWORDS
        write_private(plain, "".join(f"{name}:{key}\n" for name, key in keys.items()))
        subprocess.run([tool("mosquitto_passwd"), "-U", str(plain)], check=True)
        return dict(zip(keys, plain.read_text("utf-8").splitlines(), strict=True))


def try_out(folder: Path) -> None:
    """Start a Mosquitto with these two files; ConfigError if it does not get to listening."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = probe.getsockname()
    conf = folder / "trial.conf"
    lines = (
        "user root" if is_root() else "",
        f"listener {address[1]} {address[0]}",
        "allow_anonymous false",
        f"password_file {folder / PASSWORDS}",
        f"acl_file {folder / ACL}",
    )
    conf.write_text("\n".join(lines) + "\n", "utf-8")
    with subprocess.Popen(
        [tool("mosquitto"), "-c", str(conf)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as trial:
        deadline = time.monotonic() + TRIAL_SECONDS
        while trial.poll() is None and time.monotonic() < deadline:
            with socket.socket() as client:
                if client.connect_ex(address) == 0:
                    # Before its main loop begins, Mosquitto forgets that it was asked to end.
                    trial.kill()
                    return
            time.sleep(0.02)
        trial.kill()
        said = trial.stdout.read().decode(errors="replace") if trial.stdout else ""
    raise ConfigError(f"Mosquitto does not take these files, and nothing was changed:\n{said}")


def tool(name: str) -> str:
    """Find a program of Mosquitto's, also where PATH has no sbin."""
    path = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), SBIN)))
    if path is None:
        raise ConfigError(f"{name} is not installed: apt-get install mosquitto openssl")
    return path


def is_root() -> bool:
    """Say whether this is root, on a system that has one."""
    return os.name == "posix" and os.geteuid() == 0


def make_folder(folder: Path) -> None:
    """Make the folder if it is not there; root makes it for the user whom Mosquitto becomes."""
    if folder.is_dir():
        return
    folder.mkdir(parents=True, mode=0o700)
    if is_root():
        with contextlib.suppress(LookupError):
            shutil.chown(folder, "mosquitto", "mosquitto")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads; Mosquitto complains of any other."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
