"""The address where supervisors and Prometheus ask how an analyzer is; it only answers GET."""

import json
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from analyzer import health
from analyzer.metrics import CONTENT_TYPE
from analyzer.monitor import Monitor
from sacmes_core.errors import ConfigError

logger = logging.getLogger(__name__)

REQUEST_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the answers are given."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Listening":
        """Read ``HOST:PORT``, ``[IPv6]:PORT``, or a port of this machine alone.

        Raises
        ------
        ConfigError
            If it is none.
        """
        host, _, port = text.rpartition(":")
        if not port.isdecimal() or int(port) > 65535:
            raise ConfigError(f"{text!r} is no address for --http; write 127.0.0.1:9464, or 9464.")
        return cls(host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port))


@contextmanager
def answering(listening: Listening, monitor: Monitor) -> Iterator[int]:
    """Answer in a thread of its own until the end of the block; yields the port.

    Raises
    ------
    ConfigError
        If nothing can listen there.
    """

    class Handler(_Handler):
        watched = monitor

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        address_family = socket.AF_INET6 if ":" in listening.host else socket.AF_INET

    try:
        server = Server((listening.host, listening.port), Handler)
    except OSError as error:
        raise ConfigError(
            f"Nothing can listen on {listening.host}:{listening.port} ({error.strerror}); name "
            "another address with --http."
        ) from None
    port = int(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, name="http", daemon=True)
    thread.start()
    logger.info("Health and metrics: http://%s:%d/readyz", listening.host, port)
    try:
        yield port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    watched: Monitor
    timeout = REQUEST_TIMEOUT_S
    server_version = "sacmes"
    sys_version = ""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/metrics":
            self._say(HTTPStatus.OK, CONTENT_TYPE, self.watched.metrics_text())
        elif path in ("/healthz", "/readyz"):
            condition = self.watched.condition()
            judge = health.illnesses if path == "/healthz" else health.obstacles
            reasons = judge(condition)
            status = HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK
            text = json.dumps(health.report(condition, reasons), ensure_ascii=False)
            self._say(status, "application/json", f"{text}\n")
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def log_message(self, format: str, *args: Any) -> None:
        logger.debug(format, *args)

    def _say(self, status: HTTPStatus, content_type: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)
