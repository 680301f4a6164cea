"""A real Mosquitto with the shipped configuration, to be started, stopped and killed."""

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.programs import environment
from support.tools import requires, wait_until

from dashboard.demo_broker import LOOPBACK, Listener, free_port, render, users_command

WRONG_KEY = "not-the-key"
PASSWORDS = "passwords"
USERS = ("alice", "bob")
COLLEAGUE = "carol"
"""May look at alice's data, and has none of her own."""


class Broker:
    """A broker on a free loopback port; its home survives `stop`, `kill9` and `restart`."""

    def __init__(self, home: Path, rights: Path, keys: dict[str, str]) -> None:
        self.home = home
        self.rights = rights
        self.keys = keys
        self.host = LOOPBACK
        self.port = free_port()
        self.extra_listeners: list[Listener] = []
        self.extra_configuration = ""
        self.log = home / "mosquitto.log"
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, user: str | None = None, *, key: str | None = None) -> str:
        """Address with the user's name and key; without a user, of an anonymous client."""
        if user is None:
            return f"mqtt://{self.host}:{self.port}"
        return f"mqtt://{user}:{key or self.keys[user]}@{self.host}:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        mosquitto = requires("mosquitto")
        configuration = self.home / "mosquitto.conf"
        listeners = [Listener(self.port), *self.extra_listeners]
        text = render(self.home, self.rights, listeners) + self.extra_configuration
        configuration.write_text(text, "utf-8")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [mosquitto, "-c", str(configuration)], stdout=log, stderr=subprocess.STDOUT
            )
        wait_until(self._answers, what=f"the broker ({self.log})")

    def stop(self) -> None:
        """End it as a service manager does; what it holds is written to disk."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def kill9(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)
        self._process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text("utf-8", "replace")
        with socket.socket() as client:
            return client.connect_ex((self.host, self.port)) == 0


class IotcoreBroker(Broker):
    """The embedded broker: one tree for all, nothing on disk, any name with its key."""

    def start(self) -> None:
        from dashboard import demo_iotcore

        configuration = self.home / "iotcore.toml"
        configuration.write_text(demo_iotcore.render(self.port, self.keys), "utf-8")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "dashboard.demo_iotcore", str(configuration)],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until(self._answers, what=f"the embedded broker ({self.log})")


def run_users(rights: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the administrator's script."""
    command = users_command(*arguments, "--folder", str(rights))
    return subprocess.run(
        command, env=environment(**settings), capture_output=True, text=True, check=False
    )


def users(rights: Path, *arguments: str) -> dict[str, str]:
    """Run the administrator's script with success; the keys that it says, by name."""
    said = run_users(rights, *arguments)
    assert said.returncode == 0, said.stderr
    return dict(line.split("\t") for line in said.stdout.splitlines())


def make_rights(rights: Path) -> dict[str, str]:
    """Make the users of the tests as an administrator would; their keys by name."""
    requires("mosquitto")
    requires("mosquitto_passwd", "mosquitto")
    return (
        users(rights, "init")
        | users(rights, "admin")
        | users(rights, "add", *USERS)
        | users(rights, "add", COLLEAGUE, "--reads", "alice")
    )


def copy_rights(rights: Path, home: Path) -> Path:
    """Give a broker files of its own, so that a test may change them."""
    return Path(shutil.copytree(rights, home / "rights"))


@contextmanager
def own_broker(home: Path) -> Iterator[Broker]:
    """A broker with users of its own, in a folder that need not be there yet."""
    place, rights = home / "broker", home / "rights"
    place.mkdir(parents=True)
    broker = Broker(place, rights, make_rights(rights))
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()
