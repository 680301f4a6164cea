"""The command `sacmes-dashboard`: pages in the browser for everyone who may look."""

import logging
import socket
import ssl
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from sacmes_core.errors import ConfigError
from sacmes_core.server_service import Program, install_service_command
from sacmes_core.shell import (
    BrokerOption,
    HomeOption,
    LogFormatOption,
    LogLevelOption,
    VersionOption,
    broker_address,
    configure_logging,
    home_folder,
    missing_extra,
    run_app,
    shell_settings,
    stop_on_signal,
)

logger = logging.getLogger(__name__)

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    epilog="Example: sacmes-dashboard --broker mqtts://broker.example.org:8883 --port 8501. "
    "A service of systemd: sacmes-dashboard install-service --help"
)
def serve(
    broker: BrokerOption = None,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port of the pages; 0 for a free one.")
    ] = 8501,
    host: Annotated[
        str,
        typer.Option("--host", help="Address to listen on; 0.0.0.0 for other machines as well."),
    ] = "127.0.0.1",
    certificate: Annotated[
        Path | None,
        typer.Option(help="Certificate with its chain, to show the pages encrypted (https)."),
    ] = None,
    private_key: Annotated[
        Path | None, typer.Option("--private-key", help="The certificate's private key.")
    ] = None,
    home: HomeOption = None,
    log_level: LogLevelOption = None,
    log_format: LogFormatOption = None,
    version: VersionOption = False,
) -> None:
    """Show the live dashboard in the browser.

    The broker's address names the host only: each viewer signs in with a user_id and key of his
    own, and the broker decides what he may see.
    """
    settings = shell_settings(
        home_folder(home, "dashboard"), broker=broker, log_level=log_level, log_format=log_format
    )
    address = broker_address(settings)
    encryption = _encryption(certificate, private_key)
    configure_logging(settings)
    try:
        from dashboard import asgi, runtime
    except ModuleNotFoundError as error:
        missing_extra(error, "sacmes-dashboard", "dashboard")
    runtime.configure(address)
    # The server hands the signal on once it has ended; without this it would end in a traceback.
    stop_on_signal(threading.Event())
    port = port or _free_port(host)
    shown = {"0.0.0.0": "localhost", "::": "localhost"}.get(host, host)
    scheme = "https" if encryption else "http"
    typer.echo(f"sacmes dashboard: {scheme}://{f'[{shown}]' if ':' in shown else shown}:{port}")
    listening = {"server.port": port, "server.address": host}
    asgi.app.run(config=asgi.CONFIG | listening | encryption)


def _unattended(arguments: tuple[str, ...]) -> tuple[str, ...]:
    """The arguments of a service, refused where it could not be started."""
    typer.main.get_command(app).make_context("sacmes-dashboard", list(arguments))
    return arguments


installing = typer.Typer(add_completion=False, rich_markup_mode=None)
installing.command(
    epilog="Example: sacmes-dashboard install-service --print -- --port 8501",
)(install_service_command(Program("sacmes-dashboard", "dashboard", watched=False), _unattended))


def _encryption(certificate: Path | None, private_key: Path | None) -> dict[str, str]:
    """Build the server's settings for https; ConfigError if the two files do not make a pair."""
    if certificate is None and private_key is None:
        return {}
    if certificate is None or private_key is None:
        raise ConfigError("The pages are encrypted with --certificate and --private-key together.")
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            certificate, private_key, password=""
        )
    except OSError as error:
        raise ConfigError(
            f"{certificate} and {private_key} cannot be used: {error.strerror or error}."
        ) from None
    return {"server.sslCertFile": str(certificate), "server.sslKeyFile": str(private_key)}


def _free_port(host: str) -> int:
    with socket.create_server((host, 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def main() -> None:
    """Run the command line; the pages are its only command but one."""
    if sys.argv[1:2] == ["install-service"]:
        del sys.argv[1]
        run_app(installing)
    run_app(app)
