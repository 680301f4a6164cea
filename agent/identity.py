"""Who this agent is: its user_id and the random names that tell it from every other one."""

import json
import secrets
import uuid
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from agent.disk import write_private
from sacmes_core.errors import ConfigError, ProtocolError
from sacmes_core.protocol import check_user_id

FILE_NAME: Final = "identity.json"


@dataclass(frozen=True, slots=True)
class Identity:
    """What an agent keeps on its disk for as long as it lives.

    Attributes
    ----------
    user_id
        Name of the tree that it writes to, and its MQTT username.
    instance
        Random; tells two agents with one user_id apart.
    client
        Random; makes the MQTT client id unguessable.
    number
        The number it took at its last start; a later start takes a higher one.
    """

    user_id: str
    instance: str
    client: str
    number: int = 0

    @property
    def client_id(self) -> str:
        """Name of the connection at the broker."""
        return f"{self.user_id}.agent.{self.client}"


def new_identity() -> Identity:
    """An identity that nobody had before."""
    return Identity(str(uuid.uuid4()), secrets.token_hex(16), secrets.token_hex(8))


def load_identity(home: Path) -> Identity:
    """The identity kept in the home folder, made and written there the first time.

    Raises
    ------
    ConfigError
        If it cannot be read or written.
    """
    path = home / FILE_NAME
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        identity = new_identity()
        save_identity(home, identity)
        return identity
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None
    return _parsed(text, path)


def save_identity(home: Path, identity: Identity) -> None:
    """Keep the identity in the home folder.

    Raises
    ------
    ConfigError
        If it cannot be written.
    """
    path = home / FILE_NAME
    try:
        write_private(path, json.dumps(asdict(identity), indent=1).encode() + b"\n")
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written: {error.strerror}. Name another folder with --home."
        ) from None


def adopted(identity: Identity, user_id: str | None, waiting: int) -> Identity:
    """The identity under the user_id that the broker's address names.

    Parameters
    ----------
    user_id
        Username of the address; None keeps the one there is.
    waiting
        Uploads that wait for a receipt under the present user_id.

    Raises
    ------
    ConfigError
        If it is no user_id, or scans wait for the present one.
    """
    if user_id is None or user_id == identity.user_id:
        return identity
    try:
        check_user_id(user_id)
    except ProtocolError as error:
        raise ConfigError(f"The name {user_id!r} in the broker's address: {error}") from None
    if waiting:
        raise ConfigError(
            f"{waiting} scans still wait to be sent for the user_id {identity.user_id}, so this "
            f"agent cannot become {user_id}. Start it once with the old address until they are "
            "sent, or name another folder with --home."
        )
    return replace(identity, user_id=user_id, number=0)


def _parsed(text: str, path: Path) -> Identity:
    try:
        document = json.loads(text)
        identity = Identity(
            check_user_id(str(document["user_id"])),
            str(document["instance"]),
            str(document["client"]),
            int(document.get("number", 0)),
        )
        bytes.fromhex(identity.instance + identity.client)
    except (ValueError, TypeError, KeyError, ProtocolError):
        raise ConfigError(
            f"{path} is damaged. If the user_id is known, write it there again; "
            "if not, delete the file and the agent makes a new one."
        ) from None
    return identity
