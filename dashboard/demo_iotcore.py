"""The embedded broker, where no Mosquitto can be had: for a demo, not for a laboratory.

It knows names and keys, but no rights on topics, and it keeps nothing on disk.
"""

import json
import logging
import sys
from collections.abc import Mapping

from dashboard.demo_broker import LOOPBACK

LABEL = "demo broker: no passwords on topics, nothing kept on disk"
MAX_PAYLOAD_BYTES = 1_200_000
"""As the shipped Mosquitto configuration has it."""

_TEMPLATE = """\
id = 0

[router]
id = 0
max_connections = 10000
max_outgoing_packet_count = 5000
max_segment_size = 104857600
max_segment_count = 10

[v5.1]
name = "v5"
listen = {listen}
next_connection_delay_ms = 1

[v5.1.connections]
connection_timeout_ms = 60000
max_payload_size = {max_payload_bytes}
max_inflight_count = 100
dynamic_filters = true

[v5.1.connections.auth]
{logins}
"""


def render(port: int, keys: Mapping[str, str]) -> str:
    """Build its configuration: one MQTT 5 listener on loopback, and a key for each name."""
    return _TEMPLATE.format(
        listen=json.dumps(f"{LOOPBACK}:{port}"),
        max_payload_bytes=MAX_PAYLOAD_BYTES,
        logins="\n".join(f"{json.dumps(name)} = {json.dumps(key)}" for name, key in keys.items()),
    )


def main() -> None:
    """Serve in this process until it is ended; the argument is the configuration's path."""
    from iotcore import IotCoreBroker

    # It reports its ordinary routing of messages as errors.
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)
    IotCoreBroker(config_path=sys.argv[1]).run_forever()


if __name__ == "__main__":
    main()
