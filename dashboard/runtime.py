"""What the process has once for all its pages: the broker's address and the pool."""

import socket
from typing import Final

from dashboard.downloads import Downloads
from dashboard.feeds import Feeds
from dashboard.pool import Pool
from dashboard.seats import Seats
from sacmes_core.address import BrokerAddress
from sacmes_core.errors import ConfigError

_CONNECT_TIMEOUT_S = 2.0

_broker: BrokerAddress | None = None
_pool: Pool | None = None
_downloads: Final = Downloads()
_feeds: Final = Feeds()
_seats: Final = Seats()


def configure(broker: BrokerAddress) -> None:
    """Name the broker; credentials in its address are dropped, since viewers bring their own."""
    global _broker
    _broker = broker.as_user("", None)


def configured() -> bool:
    """Whether a broker has been named."""
    return _broker is not None


def start() -> None:
    """Open the pool; pages may come.

    Raises
    ------
    ConfigError
        If no broker was named.
    """
    global _pool
    if _broker is None:
        raise ConfigError("No broker is named: give --broker mqtts://host:8883.")
    if _pool is None:
        _pool = Pool(_broker)


def stop() -> None:
    """Disconnect everybody cleanly."""
    global _pool
    pool, _pool = _pool, None
    if pool is not None:
        pool.close()


def pool() -> Pool:
    """The pool of this process.

    Raises
    ------
    ConfigError
        If it was not started.
    """
    if _pool is None:
        raise ConfigError("The dashboard was not started; run it with sacmes-dashboard.")
    return _pool


def downloads() -> Downloads:
    """The files of this process that wait for their browsers."""
    return _downloads


def feeds() -> Feeds:
    """The live pages of this process."""
    return _feeds


def seats() -> Seats:
    """The seats of this process's pages."""
    return _seats


def health() -> dict[str, str | int]:
    """How the process stands; `status` is ``ok`` only if everything it needs is there."""
    broker = "reachable" if _broker_answers() else "away"
    threads = "running" if _pool is not None and _pool.healthy else "stopped"
    good = broker == "reachable" and threads == "running"
    return {
        "status": "ok" if good else "failing",
        "broker": broker,
        "threads": threads,
        "connections": _pool.connections if _pool is not None else 0,
    }


def _broker_answers() -> bool:
    if _broker is None:
        return False
    try:
        socket.create_connection((_broker.host, _broker.port), _CONNECT_TIMEOUT_S).close()
    except OSError:
        return False
    return True
