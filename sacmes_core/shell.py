"""What the command lines have in common: where the broker is, where files live, how they log.

Every value comes from the command line, else from `SACMES_*` in the environment, else from
`settings.toml` in the home folder, else from the defaults here.
"""

import io
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer
from platformdirs import user_data_path
from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from sacmes_core import __version__, logs
from sacmes_core.address import BrokerAddress
from sacmes_core.errors import ConfigError, SacmesError
from sacmes_core.logs import LogFormat, LogLevel

EXIT_DONE: Final = 0
EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2

BrokerOption = Annotated[
    str | None,
    typer.Option(
        "--broker",
        help="Broker: mqtts://user:key@host:8883, mqtt://, ws://, wss:// or the connection string "
        "from the administrator. The key is better kept in SACMES_KEY. [env: SACMES_BROKER]",
        show_default=False,
    ),
]
HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        help="Folder for identity, outbox, store and logs. [env: SACMES_HOME; the platform's user "
        "data folder if empty]",
        show_default=False,
    ),
]
LogLevelOption = Annotated[
    LogLevel | None, typer.Option("--log-level", help="debug, info, warning or error.")
]
LogFormatOption = Annotated[LogFormat | None, typer.Option("--log-format", help="text or json.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sacmes {__version__}")
        raise typer.Exit


VersionOption = Annotated[
    bool,
    typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True),
]


class ShellSettings(BaseSettings):
    """What a command knows before it does anything; `SACMES_KEY` is only read from here.

    `SACMES_KEY_FILE` names a file with the key instead, as containers have their secrets.
    """

    model_config = SettingsConfigDict(env_prefix="SACMES_", extra="ignore")

    broker: str | None = None
    key: str | None = None
    key_file: Path | None = None
    log_level: LogLevel = "info"
    log_format: LogFormat = "text"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line before environment before `settings.toml`."""
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls))


def home_folder(option: Path | None, role: str) -> Path:
    """The folder of one role (agent, analyzer, dashboard), made if it is not there.

    Raises
    ------
    ConfigError
        If it cannot be made or written.
    """
    given = option or (Path(os.environ["SACMES_HOME"]) if os.environ.get("SACMES_HOME") else None)
    folder = (given or user_data_path("sacmes", appauthor=False)) / role
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigError(
            f"The folder {folder} cannot be made: {error.strerror}. Name another with --home."
        ) from None
    return folder


def shell_settings(home: Path, **options: Any) -> ShellSettings:
    """The settings that hold: the given options, the environment, `settings.toml` of the home.

    Raises
    ------
    ConfigError
        With the name of the setting that is wrong.
    """
    toml_file = home / "settings.toml"

    class Here(ShellSettings):
        model_config = SettingsConfigDict(env_prefix="SACMES_", extra="ignore", toml_file=toml_file)

    try:
        found = Here(**{name: value for name, value in options.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            f"The setting {name} (option, SACMES_{name.upper()} or {toml_file}): {first['msg']}."
        ) from None
    except ValueError as error:
        raise ConfigError(f"{toml_file} cannot be read: {error}.") from None
    if found.key is None and found.key_file is not None:
        return found.model_copy(update={"key": read_secret(found.key_file)})
    return found


def read_secret(file: Path) -> str:
    """What stands in a file that holds a key or a password, without the end of its line.

    Raises
    ------
    ConfigError
        If it cannot be read, or is empty.
    """
    try:
        secret = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigError(f"The secret in {file} cannot be read: {reason}.") from None
    if not secret:
        raise ConfigError(f"The file {file} is empty; a key or a password belongs into it.")
    return secret


def broker_address(settings: ShellSettings) -> BrokerAddress:
    """The broker of the settings, with `SACMES_KEY` as the key where the address holds none.

    Raises
    ------
    ConfigError
        If no broker is named, or it is no address.
    """
    if not settings.broker:
        raise ConfigError(
            "No broker is named: give --broker mqtts://user:key@host:8883, or set SACMES_BROKER."
        )
    address = BrokerAddress.parse(settings.broker)
    if address.key is None and settings.key and address.username:
        address = address.as_user(address.username, settings.key)
    return address


def configure_logging(settings: ShellSettings) -> None:
    """Log to stderr as the settings say."""
    logs.configure(settings.log_level, settings.log_format)


def stop_on_signal(stop: threading.Event) -> None:
    """Set `stop` at SIGTERM and Ctrl-C; the same signal again ends the process at once.

    Not any second signal: Ctrl-C reaches a whole group of processes, and whoever started them may
    then ask each of them with SIGTERM to end.
    """
    seen: set[int] = set()

    def asked(number: int, _frame: object) -> None:
        if number in seen:
            os._exit(EXIT_FAILED)
        seen.add(number)
        stop.set()

    # Windows says SIGBREAK when its window is closed or the user logs off.
    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), asked)


def run_app(app: Callable[[], object]) -> NoReturn:
    """Run a command line; every error that is meant for people becomes a sentence and a status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A code page of Windows has no Ω; better a question mark than no answer.
        sys.stdout.reconfigure(errors="replace")
    try:
        app()
    except ConfigError as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(EXIT_USAGE)
    except SacmesError as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(EXIT_FAILED)
    sys.exit(EXIT_DONE)


def missing_extra(error: ModuleNotFoundError, command: str, extra: str) -> NoReturn:
    """Say which extra to install when a command's libraries are not there, and exit."""
    typer.echo(
        f"{command} needs {error.name}, which is not installed. "
        f'Install it with: pip install "sacmes[{extra}]"',
        err=True,
    )
    sys.exit(EXIT_FAILED)
