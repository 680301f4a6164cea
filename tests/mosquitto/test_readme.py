"""The administrator's page: each block of commands is run on a real broker, in its order.

Our scripts run in this process, since as processes of their own they spend their time importing.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import certificates
import pytest
from support.administrator import administer, invoke, keys_said
from support.broker import Broker
from support.client import Client, connected
from support.programs import environment, running
from support.tools import ROOT, SBIN, requires, wait_until

from dashboard.demo_broker import Listener, free_port
from sacmes_core.address import BrokerAddress

PAGE = ROOT / "mosquitto" / "README.md"
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
TIMED_OUT = 27
"""mosquitto_sub ends with this after -W seconds."""


@dataclass
class Server:
    """A machine as the page has it, below a folder, with its broker and the keys that were said."""

    root: Path
    broker: Broker
    keys: dict[str, str]

    def run(self, block: str) -> str:
        port = self.broker.extra_listeners[0].port if self.broker.extra_listeners else 0
        here = {
            "broker.example.org": "127.0.0.1",
            " 192.168.1.20": "",
            "8883": str(port),
            "/etc/": f"{self.root}/etc/",
            " -C / ": f" -C {self.root} ",
            "users.py reload": f"users.py reload --pid {self.broker.pid if port else 0}",
            "certificates.py make": f"certificates.py make --owner {os.getuid()} "
            f"--authority {self.root}/etc/sacmes-authority "
            f"--folder {self.root}/etc/mosquitto/sacmes-tls",
            "certificates.py show": "certificates.py show "
            f"--folder {self.root}/etc/mosquitto/sacmes-tls",
        }
        for theirs, ours in here.items():
            block = block.replace(theirs, ours)
        said = "".join(self.command(line) for line in block.replace("\\\n", "").splitlines())
        self.keys |= dict(re.findall(r"^([a-z0-9-]+)\t(\S{20})$", said, re.MULTILINE))
        return said

    def command(self, line: str) -> str:
        words = shlex.split(line, comments=True)
        if "&&" not in words and words[0] == "users.py":
            said = administer(self.broker.rights, *words[1:])
        elif words[0] == "certificates.py":
            said = invoke(certificates.app, words[1:])
        else:
            said = self.shell(line)
        assert said.returncode in (0, TIMED_OUT), (line, said.stdout, said.stderr)
        return said.stdout

    def shell(self, line: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join((str(ROOT / "mosquitto"), str(Path(sys.executable).parent), SBIN))
        return subprocess.run(
            ["bash", "-eu", "-c", line],
            cwd=self.root,
            env=environment(
                PATH=path,
                SACMES_RIGHTS=str(self.broker.rights),
                ADMIN_KEY=self.keys["admin"],
                KEY=self.keys.get("lab-3", ""),
                COLLEAGUE_KEY=self.keys.get("carol", ""),
            ),
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = tmp_path_factory.mktemp("server")
    rights = root / "etc" / "mosquitto" / "sacmes"
    rights.mkdir(parents=True)
    keys = keys_said(rights, "init")
    broker = Broker(root, rights, keys)
    broker.extra_configuration = "sys_interval 1\n"
    yield Server(root, broker, keys)
    broker.stop()


def start(server: Server) -> None:
    folder = server.root / "etc" / "mosquitto" / "sacmes-tls"
    server.broker.extra_listeners = [
        Listener(
            free_port(), certificate=folder / "fullchain.pem", private_key=folder / "privkey.pem"
        )
    ]
    server.broker.start()


def next_block(blocks: list[str], *, holds: str) -> str:
    """Take the next block, which must be the one that is meant."""
    block = blocks.pop(0)
    assert holds in block, f"the page goes on with another block than this test:\n{block}"
    return block


def test_each_block_of_the_page(server: Server, tmp_path: Path) -> None:
    requires("mosquitto_rr", "mosquitto-clients")
    blocks = list(BLOCKS)
    assert "IP:127.0.0.1" in server.run(next_block(blocks, holds="certificates.py show"))
    start(server)
    assert "IP:127.0.0.1" in server.run(next_block(blocks, holds="certificates.py make"))
    server.run(next_block(blocks, holds="users.py init"))
    analyzer = ("run", "--broker", server.broker.url("analyzer"), "--home", tmp_path / "home")
    with running("sacmes-analyzer", *analyzer, log=tmp_path / "log"):
        wait_for_the_analyzer(server)
        users_and_views(server, blocks)
        the_broker_itself(server, blocks)
    assert blocks == []


def wait_for_the_analyzer(server: Server) -> None:
    with connected(server.broker, "admin") as admin:
        admin.subscribe("sacmes/_system/analyzers/+")
        wait_until(
            lambda: any(b'"state":"online"' in seen.payload for seen in admin.seen),
            timeout=60,
            what="the analyzer",
        )


def users_and_views(server: Server, blocks: list[str]) -> None:
    line = server.run(next_block(blocks, holds="users.py add lab-3")).splitlines()[1]
    assert BrokerAddress.parse(line).key == server.keys["lab-3"]
    assert BrokerAddress.parse(line).ca_pem
    assert '"sessions":[]' in server.run(next_block(blocks, holds="mosquitto_rr"))
    with connected(server.broker, "lab-3") as lab:
        lab.publish("sacmes/lab-3/presence/agent", b"here", retain=True)
        added, look = next_block(blocks, holds="carol").split("mosquitto_sub")
        server.run(added)
        assert "sacmes/lab-3/presence/agent here" in server.run(f"mosquitto_sub{look}")
        with connected(server.broker, "carol") as carol:
            server.run(next_block(blocks, holds="rotate lab-3"))
            wait_until(lab.disconnected.is_set, what="the end of the old key")
            said = server.run(next_block(blocks, holds="disable carol"))
            assert "carol\tlab-3\tdisabled" in said
            wait_until(carol.disconnected.is_set, what="the end of a disabled user")
    server.run(next_block(blocks, holds="enable carol"))
    with connected(server.broker, "carol"):
        pass
    server.run(next_block(blocks, holds="remove carol"))
    gone = Client(server.broker, "carol")
    assert gone.connect() != 0
    gone.close()


def the_broker_itself(server: Server, blocks: list[str]) -> None:
    server.run(next_block(blocks, holds="users.py check"))
    said = server.run(next_block(blocks, holds="presence"))
    assert "sacmes/lab-3/presence/agent here" in said
    assert '"state":"online"' in said
    assert "$SYS/broker/clients/connected" in said
    assert "$SYS/broker/messages/stored" in server.run(next_block(blocks, holds="load/publish"))
    assert server.run(next_block(blocks, holds="dropped")) == ""
    server.run(next_block(blocks, holds="tar -czpf"))
    shutil.rmtree(server.broker.rights)
    server.run(next_block(blocks, holds="tar -xzpf"))
    with connected(server.broker, "lab-3"):
        pass
