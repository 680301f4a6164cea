"""The command `sacmes-dashboard`: pages in the browser for everyone who may look."""

import logging
import socket
import threading
from typing import Annotated

import typer

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
    epilog="Example: sacmes-dashboard --broker mqtts://broker.example.org:8883 --port 8501"
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
    typer.echo(f"sacmes dashboard: http://{f'[{shown}]' if ':' in shown else shown}:{port}")
    asgi.app.run(config=asgi.CONFIG | {"server.port": port, "server.address": host})


def _free_port(host: str) -> int:
    with socket.create_server((host, 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def main() -> None:
    """Run the command line."""
    run_app(app)
