"""The agent's own lines in `settings.toml` of its home folder, read and written."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.disk import write_private
from sacmes_core.errors import ConfigError
from sacmes_core.logs import LogLevel
from sacmes_core.settings.parts import Technique

FILE_NAME: Final = "settings.toml"

Value = str | float | bool | None
"""What a line of the file can be set to; None takes the line out."""


class AgentSettings(BaseModel):
    """How an agent watches, where its command line or its window say nothing else."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    folder: str = Field(default="", description="Folder in which the instrument saves its files.")
    quiet: Annotated[float, Field(ge=0.1, le=600)] | None = Field(
        default=None,
        description="Seconds that a file is left alone before it counts as finished; empty for 2, "
        "or 5 on a network drive.",
    )
    subfolders: bool = Field(default=False, description="Whether folders in the folder count.")
    take_over: bool = Field(
        default=False, description="Whether to take the user_id from an agent elsewhere."
    )
    start: Technique | None = Field(
        default=None, description="Technique of the session that the window starts by itself."
    )
    handle: Annotated[str, Field(max_length=128)] = Field(
        default="", description="Start of the file names of such a session."
    )
    backlog: Literal["all", "since", "none"] = Field(
        default="all",
        description="Files that are there when such a session starts: all, since or none.",
    )
    connect: bool = Field(
        default=False, description="Whether the window connects as soon as it opens."
    )
    log_level: LogLevel = Field(default="info", description="debug, info, warning or error.")
    consent: str = Field(
        default="", description="File with the text that the window shows before its first start."
    )


def read_settings(home: Path) -> AgentSettings:
    """The agent's settings of a home folder; defaults where the file or a line is missing.

    Raises
    ------
    ConfigError
        With the name of the line that is wrong.
    """
    path = home / FILE_NAME
    try:
        return AgentSettings.model_validate(_parsed(_text(path), path))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"The setting {name} in {path}: {first['msg']}.") from None


def start_refusal(error: ValidationError) -> ConfigError:
    """What is wrong with the settings of the session that `--start` asks for."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = " ".join(str(part) for part in first["loc"]) or "session"
    return ConfigError(f"--start: {where}: {first['msg']}.")


def keep_settings(home: Path, changes: Mapping[str, Value]) -> None:
    """Change lines of the file and leave all others as they are.

    Raises
    ------
    ConfigError
        If it cannot be written, or is written in a way that cannot be changed line by line.
    """
    path = home / FILE_NAME
    before = _text(path)
    after = edited(before, changes)
    expected = _parsed(before, path) | dict(changes)
    if _parsed(after, path) != {k: v for k, v in expected.items() if v is not None}:
        raise ConfigError(
            f"{path} is written in a way that this program cannot change; edit it by hand, "
            "with one setting on each line."
        )
    if after == before:
        return
    try:
        write_private(path, after.encode())
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from None


def edited(text: str, changes: Mapping[str, Value]) -> str:
    """The text of a TOML file with top-level settings changed, each in its line."""
    lines = text.removesuffix("\n").split("\n") if text else []
    top = next((k for k, line in enumerate(lines) if line.lstrip().startswith("[")), len(lines))
    head, tail = lines[:top], lines[top:]
    left = dict(changes)
    kept: list[str] = []
    for line in head:
        name = line.partition("=")[0].strip()
        if name not in changes:
            kept.append(line)
        elif (value := left.pop(name, None)) is not None:
            kept.append(f"{name} = {_literal(value)}")
    kept += [f"{name} = {_literal(value)}" for name, value in left.items() if value is not None]
    return "".join(f"{line}\n" for line in [*kept, *tail])


def _literal(value: str | float | bool) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8").replace("\r\n", "\n")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.") from None


def _parsed(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} cannot be read: {error}.") from None
