"""Exit status 0 if an analyzer has said within its heartbeat's expiry that it is online, else 1."""

import os
import queue
import secrets
import sys
import time
from datetime import UTC, datetime

from sacmes_core.address import BrokerAddress
from sacmes_core.errors import SacmesError
from sacmes_core.link import Link
from sacmes_core.link_events import LinkEvent, LinkOptions, Received, Subscription
from sacmes_core.payloads.presence import AnalyzerPresence
from sacmes_core.protocol import ANALYZER_PRESENCE, PRESENCE_EXPIRY_S, read

TIMEOUT_S = 8.0


def is_healthy(event: LinkEvent) -> bool:
    """Say whether this is a fresh word of an analyzer that is online."""
    if not isinstance(event, Received):
        return False
    try:
        _, presence = read(event.message)
    except SacmesError:
        return False
    if not isinstance(presence, AnalyzerPresence) or presence.state != "online":
        return False
    age = datetime.now(UTC) - presence.heartbeat_at
    return age.total_seconds() < PRESENCE_EXPIRY_S


def main() -> int:
    """Ask the broker of SACMES_BROKER, with the analyzer's own name and key."""
    address = BrokerAddress.parse(os.environ["SACMES_BROKER"])
    if address.username and address.key is None:
        address = address.as_user(address.username, os.environ["SACMES_KEY"])
    events: queue.Queue[LinkEvent] = queue.Queue()
    options = LinkOptions(
        client_id=f"{address.username}.health.{secrets.token_hex(8)}",
        subscriptions=(Subscription(ANALYZER_PRESENCE.filter(), qos=0),),
    )
    link = Link(address, options, events)
    link.start()
    deadline = time.monotonic() + TIMEOUT_S
    try:
        while (left := deadline - time.monotonic()) > 0:
            if is_healthy(events.get(timeout=left)):
                return 0
    except queue.Empty:
        pass
    finally:
        link.stop()
    return 1


if __name__ == "__main__":
    sys.exit(main())
