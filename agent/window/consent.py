"""The notice before the first start: what is sent to whom, and that somebody agreed to it."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from agent.disk import write_private
from sacmes_core import __version__
from sacmes_core.errors import ConfigError

TEXT_NAME: Final = "consent.txt"
RECORD_NAME: Final = "consent.json"

DEFAULT_TEXT: Final = """\
This program reads the files that your instrument saves in the folder you choose, and sends them \
to the server you name.

What is sent: the content of files that belong to the running session, their names and times, and \
the name of this computer. Nothing else on this computer is read, and no file is changed.

Who sees it: everyone who has your user_id and its key, the colleagues whom the administrator of \
the server lets read your data, and that administrator.

The server keeps what was sent until it is deleted there. You can stop at any time; what is not \
sent yet then stays on this computer."""


def notice(home: Path, file: str = "") -> str:
    """The text to agree to; empty where the administrator wants none.

    Parameters
    ----------
    file
        Text that the settings name; else `consent.txt` of the home folder, else the usual one.

    Raises
    ------
    ConfigError
        If the named file cannot be read: nobody shall agree to another text instead.
    """
    path = Path(file) if file else home / TEXT_NAME
    try:
        return path.read_text("utf-8-sig").strip()
    except FileNotFoundError:
        if not file:
            return DEFAULT_TEXT
        raise ConfigError(f"The notice {path} is not there; ask the administrator.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The notice {path} cannot be read: {error}.") from None


def is_accepted(home: Path, text: str) -> bool:
    """Whether somebody agreed to exactly this text before, or there is nothing to agree to."""
    if not text:
        return True
    try:
        record = json.loads((home / RECORD_NAME).read_text("utf-8"))
        return bool(record["version"] == version_of(text))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def remember(home: Path, text: str) -> None:
    """Keep when which text was agreed to.

    Raises
    ------
    ConfigError
        If that cannot be written.
    """
    record = {
        "accepted_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": version_of(text),
        "program": __version__,
        "text": text,
    }
    path = home / RECORD_NAME
    try:
        write_private(path, json.dumps(record, ensure_ascii=False, indent=1).encode() + b"\n")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from None


def version_of(text: str) -> str:
    """A short name of a text: another text has another one."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]
