"""How a running broker gets new users and rights: after a look at both files, never before."""

import os
import subprocess
from pathlib import Path

import pytest
from support.administrator import administer, keys_said
from support.broker import Broker
from support.client import NOT_AUTHORIZED, SUCCESS, Client, connected
from support.tools import wait_until

PASSWORDS = "passwords"
ACL = "rights.acl"


def reload(broker: Broker) -> subprocess.CompletedProcess[str]:
    return administer(broker.rights, "reload", "--pid", str(broker.pid))


def reloaded(broker: Broker) -> None:
    said = reload(broker)
    assert said.returncode == 0, said.stderr


def was_told(broker: Broker) -> bool:
    return "Reloading config" in broker.log.read_text("utf-8")


def is_let_in(broker: Broker, user: str, key: str | None = None) -> bool:
    client = Client(broker, user, key=key)
    answer = client.connect()
    client.close()
    return answer == SUCCESS


def test_new_disabled_enabled_and_rotated_users(own_broker: Broker) -> None:
    rights = own_broker.rights
    with connected(own_broker, "alice") as alice, connected(own_broker, "bob") as bob:
        new = keys_said(rights, "rotate", "alice")["alice"]
        keys_said(rights, "disable", "carol")
        added = keys_said(rights, "add", "dave")["dave"]
        reloaded(own_broker)
        wait_until(alice.disconnected.is_set, what="the end of what came in with the old key")
        assert is_let_in(own_broker, "dave", added)
        assert is_let_in(own_broker, "alice", new)
        assert not is_let_in(own_broker, "alice")
        assert not is_let_in(own_broker, "carol")
        assert "carol\talice\tdisabled" in administer(rights, "list").stdout
        keys_said(rights, "enable", "carol")
        reloaded(own_broker)
        wait_until(lambda: is_let_in(own_broker, "carol"), what="carol, with the key she had")
        assert not bob.disconnected.is_set()


def test_a_disabled_user_is_cut_and_comes_back_with_a_new_key(own_broker: Broker) -> None:
    rights = own_broker.rights
    with connected(own_broker, "alice") as alice, connected(own_broker, "carol") as carol:
        keys_said(rights, "disable", "alice")
        reloaded(own_broker)
        wait_until(alice.disconnected.is_set, what="the end of alice's connection")
        assert carol.publish("sacmes/alice/query/history") != NOT_AUTHORIZED
    key = keys_said(rights, "rotate", "alice")["alice"]
    reloaded(own_broker)
    wait_until(lambda: is_let_in(own_broker, "alice", key), what="alice, with her new key")


@pytest.mark.parametrize(
    ("file", "damage", "reason"),
    [
        (ACL, "user dave\nbadword sacmes/#\n", "Mosquitto does not take"),
        (ACL, "pattern readwrite sacmes/#\n", "changed by hand"),
        (PASSWORDS, "alice:$7$101$x$y\n", "twice"),
    ],
)
def test_what_would_open_the_broker_never_reaches_it(
    own_broker: Broker, file: str, damage: str, reason: str
) -> None:
    with (own_broker.rights / file).open("a", encoding="utf-8") as out:
        out.write(damage)
    said = reload(own_broker)
    assert said.returncode == 2
    assert reason in said.stderr
    with connected(own_broker, "bob") as bob:
        assert bob.publish("sacmes/alice/raw/swv") == NOT_AUTHORIZED
        assert bob.publish("sacmes/bob/raw/swv") != NOT_AUTHORIZED
    assert not was_told(own_broker)


def test_files_that_the_broker_may_not_read_are_not_read(own_broker: Broker) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can start a program as another user")
    # A broker's name and another user: what Mosquitto is after it gave root's rights away.
    pretend = ["/bin/sh", "-c", "echo mosquitto >/proc/self/comm; read line"]
    with subprocess.Popen(pretend, user="nobody", stdin=subprocess.PIPE) as other:
        try:
            wait_until(lambda: comm(other.pid) == "mosquitto", what="the other program")
            said = administer(own_broker.rights, "reload", "--pid", str(other.pid))
            running = other.poll() is None
        finally:
            other.kill()
    assert running
    assert (said.returncode, "may not read" in said.stderr) == (2, True), said.stderr


def comm(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def test_another_program_is_not_signalled(own_broker: Broker, tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        try:
            wait_until(lambda: comm(sleeper.pid) == "sleep", what="the other program")
            said = administer(own_broker.rights, "reload", "--pid", str(sleeper.pid))
            running = sleeper.poll() is None
        finally:
            sleeper.kill()
    assert running
    assert (said.returncode, "is sleep, not mosquitto" in said.stderr) == (2, True), said.stderr


@pytest.mark.parametrize(
    ("content", "sentence"), [(None, "does not say"), ("no number", "does not say")]
)
def test_a_pidfile_that_says_nothing(
    own_broker: Broker, tmp_path: Path, content: str | None, sentence: str
) -> None:
    pidfile = tmp_path / "mosquitto.pid"
    if content is not None:
        pidfile.write_text(content)
    said = administer(own_broker.rights, "reload", "--pidfile", str(pidfile))
    assert (said.returncode, sentence in said.stderr) == (2, True), said.stderr
