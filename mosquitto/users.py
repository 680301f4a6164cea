#!/usr/bin/env python3
"""Users and their rights, in the two files that the broker reads.

Keys are hashed by mosquitto_passwd. What is new is tried on a Mosquitto of its own before it
takes the place of the old: a running broker that is told to read a broken ACL file lets everyone
read and write everything. So tell the broker with `users.py reload`, which looks first.
"""

import os
import re
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rights import ACL, PASSWORDS, Rights, hashed
from running import Broker

from sacmes_core.address import BrokerAddress
from sacmes_core.errors import ConfigError
from sacmes_core.protocol import check_user_id
from sacmes_core.shell import read_secret, run_app

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Nothing that is mistaken for something else when a key is read from a screen and typed."""
KEY_LENGTH = 20
KEY_PATTERN = re.compile(r"[!-9;-~]{8,128}")
"""mosquitto_passwd would take what stands before a colon for the whole key."""

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


def given_key(variable: str) -> str | None:
    """Return the key that the environment gives, or a file that it names, if any.

    ConfigError if it would be misread.
    """
    key, file = os.environ.get(variable), os.environ.get(f"{variable}_FILE")
    if not key and file:
        key = read_secret(Path(file))
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
    replace(
        rights, hashes=rights.hashes | hashed(keys), disabled=rights.disabled - keys.keys()
    ).install(folder)
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


def known(rights: Rights, names: list[str]) -> None:
    """Refuse the names of services, and names that nobody has."""
    for name in names:
        check_user_id(name)
        if name not in rights.hashes:
            raise ConfigError(f"There is no user {name!r}; `users.py list` says who is there.")


Folder = Annotated[
    Path, typer.Option("--folder", help="Where the two files are.", envvar="SACMES_RIGHTS")
]
BrokerOption = Annotated[
    str | None,
    typer.Option(help="Where agents find the broker: also say the line that sets one up."),
]
CaOption = Annotated[
    Path | None, typer.Option(help="Certificate of a private authority, for that line.")
]
DEFAULT = Path("/etc/mosquitto/sacmes")


@app.command()
def init(folder: Folder = DEFAULT) -> None:
    """Make the two files, or bring the rights up to date, and give the analyzer a key.

    The key is that of SACMES_ANALYZER_KEY, or in the file that SACMES_ANALYZER_KEY_FILE names,
    else a new one, which is shown once.

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
    broker: BrokerOption = None,
    ca: CaOption = None,
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
def rotate(
    names: list[str],
    broker: BrokerOption = None,
    ca: CaOption = None,
    folder: Folder = DEFAULT,
) -> None:
    """Give users new keys; with the next reload, what is connected with the old ones is cut.

    users.py rotate lab-3 --broker mqtts://broker.example.org:8883
    """
    rights = Rights.read(folder)
    known(rights, names)
    reached = address(broker, ca) if broker else None
    keys = add_keys(folder, rights, names, given_key("SACMES_KEY"))
    if reached is not None:
        hand_out(keys, reached)


@app.command()
def disable(name: str, folder: Folder = DEFAULT) -> None:
    """Let a user not enter for the time being; his data, rights, key and colleagues stay."""
    rights = Rights.read(folder)
    known(rights, [name])
    replace(rights, disabled=rights.disabled | {name}).install(folder)


@app.command()
def enable(name: str, folder: Folder = DEFAULT) -> None:
    """Let a disabled user enter again, with the key that he had."""
    rights = Rights.read(folder)
    known(rights, [name])
    replace(rights, disabled=rights.disabled - {name}).install(folder)


@app.command()
def remove(name: str, folder: Folder = DEFAULT) -> None:
    """Remove a user; nobody looks at his data any longer, and his connection ends."""
    rights = Rights.read(folder)
    known(rights, [name])
    looks = {
        colleague: left
        for colleague, owners in rights.colleagues.items()
        if (left := tuple(owner for owner in owners if owner != name)) and colleague != name
    }
    hashes = {user: line for user, line in rights.hashes.items() if user != name}
    Rights(hashes, looks, rights.disabled - {name}).install(folder)


@app.command("list")
def list_users(folder: Folder = DEFAULT) -> None:
    """List the users, and whose data a colleague may look at."""
    rights = Rights.read(folder)
    for name in rights.hashes:
        standing = ("disabled",) if name in rights.disabled else ()
        typer.echo(
            "\t".join((name, ", ".join(rights.colleagues.get(name, ())), *standing)).rstrip()
        )


@app.command()
def check(folder: Folder = DEFAULT) -> None:
    """Try the two files as they are; nothing is changed. Do this before a broker is signalled."""
    Rights.try_as_they_are(folder)


@app.command()
def reload(
    pid: Annotated[int | None, typer.Option(help="Process of the broker.")] = None,
    pidfile: Annotated[
        Path | None, typer.Option(help="File with it: Mosquitto's own pid_file.")
    ] = None,
    unit: Annotated[str, typer.Option(help="Its service, if neither is given.")] = "mosquitto",
    folder: Folder = DEFAULT,
) -> None:
    """Let the running broker read the users again, once the two files have been tried.

    If anything is wrong with them the broker is not told, and goes on with what it has.
    Connections stay, but for those of users who were removed, disabled or given a new key.

    users.py reload

    users.py reload --pidfile /run/mosquitto/mosquitto.pid
    """
    broker = Broker.find(pid, pidfile, unit)
    Rights.try_as_they_are(folder)
    broker.read_again(folder / PASSWORDS, folder / ACL)


if __name__ == "__main__":
    run_app(app)
