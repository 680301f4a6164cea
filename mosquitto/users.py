#!/usr/bin/env python3
"""Users and their rights, in the two files that the broker reads.

Keys are hashed by mosquitto_passwd. What is new is tried on a Mosquitto of its own before it
takes the place of the old: a running broker that is told to read a broken ACL file lets everyone
read and write everything.
"""

import contextlib
import os
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Self

import typer

from sacmes_core.address import BrokerAddress
from sacmes_core.errors import ConfigError
from sacmes_core.protocol import check_user_id
from sacmes_core.shell import run_app

HERE = Path(__file__).parent
PASSWORDS = "passwords"
ACL = "rights.acl"
SERVICES = ("analyzer", "admin")
TRIAL_SECONDS = 10.0
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Nothing that is mistaken for something else when a key is read from a screen and typed."""
KEY_LENGTH = 20
KEY_PATTERN = re.compile(r"[!-9;-~]{8,128}")
"""mosquitto_passwd would take what stands before a colon for the whole key."""
SBIN = os.pathsep.join(("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"))

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@dataclass(frozen=True, slots=True)
class Rights:
    """Who may enter and who may look at whose data, as one value.

    Attributes
    ----------
    hashes
        The line of the password file for each name.
    colleagues
        For each colleague, the users whose data he may look at.
    """

    hashes: dict[str, str]
    colleagues: dict[str, tuple[str, ...]]

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
        names = [line.partition(":")[0] for line in lines if line]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ConfigError(f"Named twice in {folder / PASSWORDS}: {', '.join(sorted(twice))}.")
        looks = re.findall(r"^# (\S+) looks at (.+)$", acl, re.MULTILINE)
        return cls(
            hashes=dict(zip(names, filter(None, lines), strict=True)),
            colleagues={name: tuple(owners.split(", ")) for name, owners in looks},
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

    def install(self, folder: Path) -> None:
        """Put both files in place, once a Mosquitto of its own has taken them.

        They belong to whom the folder belongs: a broker that cannot read its ACL file when it is
        signalled lets everyone do everything.
        """
        make_folder(folder)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=folder) as name:
            new = Path(name)
            write_private(new / PASSWORDS, "".join(f"{line}\n" for line in self.hashes.values()))
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
                    trial.terminate()
                    return
            time.sleep(0.02)
        trial.kill()
        said = trial.stdout.read().decode(errors="replace") if trial.stdout else ""
    raise ConfigError(f"Mosquitto does not take these files, and nothing was changed:\n{said}")


def tool(name: str) -> str:
    """Find a program of Mosquitto's, also where PATH has no sbin."""
    path = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), SBIN)))
    if path is None:
        raise ConfigError(f"{name} is not installed: apt-get install mosquitto")
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


def given_key(variable: str) -> str | None:
    """Return the key that the environment gives, if any; ConfigError if it would be misread."""
    key = os.environ.get(variable)
    if key and not KEY_PATTERN.fullmatch(key):
        raise ConfigError(f"{variable} has 8 to 128 letters, digits and signs; no space, no colon.")
    return key or None


def add_keys(folder: Path, rights: Rights, names: list[str], given: str | None) -> dict[str, str]:
    """Give each name a key, install the result, and say the keys drawn: they are kept nowhere."""
    drawn = {
        name: "".join(secrets.choice(ALPHABET) for _ in range(KEY_LENGTH))
        for name in names
        if given is None
    }
    keys = drawn or dict.fromkeys(names, given or "")
    replace(rights, hashes=rights.hashes | hashed(keys)).install(folder)
    for name, key in drawn.items():
        typer.echo(f"{name}\t{key}")
    return keys


def hand_out(keys: dict[str, str], broker: BrokerAddress) -> None:
    """Say the line that sets an agent up, for each name."""
    for name, key in keys.items():
        typer.echo(broker.as_user(name, key).connection_string())


def address(broker: str, ca: Path | None) -> BrokerAddress:
    """Return where agents find the broker; ConfigError if that cannot be said in one line."""
    found = BrokerAddress.parse(broker)
    if found.scheme not in ("mqtt", "mqtts"):
        raise ConfigError("A connection string names an address with mqtts:// or mqtt://.")
    try:
        pem = ca.read_text("ascii") if ca else found.ca_pem
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The certificate {ca} cannot be read: {error}.") from None
    return BrokerAddress.parse(replace(found, ca_pem=pem).connection_string())


Folder = Annotated[
    Path, typer.Option("--folder", help="Where the two files are.", envvar="SACMES_RIGHTS")
]
DEFAULT = Path("/etc/mosquitto/sacmes")


@app.command()
def init(folder: Folder = DEFAULT) -> None:
    """Make the two files, or bring the rights up to date, and give the analyzer a key.

    The key is that of SACMES_ANALYZER_KEY, else a new one, which is shown once.

    users.py init --folder /etc/mosquitto/sacmes
    """
    rights = Rights.read(folder) if (folder / PASSWORDS).exists() else Rights({}, {})
    add_keys(folder, rights, ["analyzer"], given_key("SACMES_ANALYZER_KEY"))


@app.command()
def admin(folder: Folder = DEFAULT) -> None:
    """Give the administrator a key: he may read everything, $SYS too, and write nothing."""
    add_keys(folder, Rights.read(folder), ["admin"], given_key("SACMES_KEY"))


@app.command()
def add(
    names: list[str],
    reads: Annotated[
        list[str] | None, typer.Option(help="A user whose data the new one may only look at.")
    ] = None,
    broker: Annotated[
        str | None,
        typer.Option(help="Where agents find the broker: also say the line that sets one up."),
    ] = None,
    ca: Annotated[
        Path | None, typer.Option(help="Certificate of a private authority, for that line.")
    ] = None,
    folder: Folder = DEFAULT,
) -> None:
    """Add users, or give them new keys. With --reads, colleagues who may only look.

    The key is that of SACMES_KEY, else a new one for each, which is shown once.

    users.py add lab-3

    users.py add lab-3 --broker mqtts://broker.example.org:8883 --ca ca.pem

    users.py add carol --reads lab-3 --reads lab-4
    """
    for name in names:
        check_user_id(name)
    rights = Rights.read(folder)
    looks = {name: tuple(reads) for name in names} if reads else {}
    reached = address(broker, ca) if broker else None
    keys = add_keys(
        folder,
        replace(rights, colleagues=rights.colleagues | looks),
        names,
        given_key("SACMES_KEY"),
    )
    if reached is not None:
        hand_out(keys, reached)


@app.command()
def remove(name: str, folder: Folder = DEFAULT) -> None:
    """Remove a user; nobody looks at his data any longer, and his connection ends."""
    rights = Rights.read(folder)
    if name not in rights.hashes:
        raise ConfigError(f"There is no user {name!r}.")
    looks = {
        colleague: left
        for colleague, owners in rights.colleagues.items()
        if (left := tuple(owner for owner in owners if owner != name)) and colleague != name
    }
    hashes = {user: line for user, line in rights.hashes.items() if user != name}
    Rights(hashes, looks).install(folder)


@app.command("list")
def list_users(folder: Folder = DEFAULT) -> None:
    """List the users, and whose data a colleague may look at."""
    rights = Rights.read(folder)
    for name in rights.hashes:
        typer.echo("\t".join((name, ", ".join(rights.colleagues.get(name, ())))).rstrip())


@app.command()
def check(folder: Folder = DEFAULT) -> None:
    """Try the two files as they are; nothing is changed. Do this before a broker is signalled."""
    rights = Rights.read(folder).checked()
    with tempfile.TemporaryDirectory() as name:
        for file in (PASSWORDS, ACL):
            shutil.copy(folder / file, name)
        try_out(Path(name))
    if (folder / ACL).read_text("utf-8") != rights.acl():
        raise ConfigError(f"{folder / ACL} was changed by hand: `users.py init` builds it anew.")


if __name__ == "__main__":
    run_app(app)
