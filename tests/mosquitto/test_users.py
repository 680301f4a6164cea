"""The administrator's script: names, keys and colleagues, and no broker that fails open."""

import os
import signal
import stat
from pathlib import Path

import pytest
from support.broker import Broker, run_users, users
from support.client import NOT_AUTHORIZED, SUCCESS, Client, connected
from support.tools import wait_until

from sacmes_core.address import BrokerAddress

PASSWORDS = "passwords"
ACL = "rights.acl"


@pytest.fixture
def rights(users_and_keys: tuple[Path, dict[str, str]], own_broker: Broker) -> Path:
    """The files that a running broker of the test's own reads."""
    return own_broker.rights


def reload(broker: Broker) -> None:
    os.kill(broker.pid, signal.SIGHUP)


def is_let_in(broker: Broker, user: str, key: str) -> bool:
    client = Client(broker, user, key=key)
    answer = client.connect()
    client.close()
    return answer == SUCCESS


def test_a_new_user_works_at_once_and_the_others_stay_connected(
    own_broker: Broker, rights: Path
) -> None:
    with connected(own_broker, "alice") as alice:
        keys = users(rights, "add", "dave", "erin")
        assert list(keys) == ["dave", "erin"]
        assert len(set(keys.values())) == 2
        reload(own_broker)
        wait_until(lambda: is_let_in(own_broker, "dave", keys["dave"]), what="dave's login")
        assert not alice.disconnected.is_set()
        assert alice.publish("sacmes/alice/raw/swv") != NOT_AUTHORIZED
        assert alice.publish("sacmes/dave/raw/swv") == NOT_AUTHORIZED


def test_a_removed_user_is_cut_and_his_colleague_sees_nothing_more(
    own_broker: Broker, rights: Path
) -> None:
    with connected(own_broker, "alice") as alice, connected(own_broker, "carol") as carol:
        users(rights, "remove", "alice")
        assert "carol" not in (rights / ACL).read_text("utf-8")
        reload(own_broker)
        wait_until(alice.disconnected.is_set, what="the end of alice's connection")
        assert carol.publish("sacmes/alice/query/history") == NOT_AUTHORIZED
        assert not is_let_in(own_broker, "alice", own_broker.keys["alice"])


def test_what_a_user_retained_is_hidden_once_he_has_lost_the_right(
    own_broker: Broker, rights: Path
) -> None:
    with connected(own_broker, "carol") as carol:
        carol.publish("sacmes/alice/presence/viewers/v1", b"here", retain=True)
    users(rights, "remove", "carol")
    reload(own_broker)
    wait_until(
        lambda: not is_let_in(own_broker, "carol", own_broker.keys["carol"]), what="carol's end"
    )
    with connected(own_broker, "alice") as alice:
        alice.subscribe("sacmes/alice/#")
        alice.settle()
        assert alice.seen == []


def test_a_colleague_looks_at_several_users(own_broker: Broker, rights: Path) -> None:
    keys = users(rights, "add", "frida", "--reads", "alice", "--reads", "bob")
    reload(own_broker)
    wait_until(lambda: is_let_in(own_broker, "frida", keys["frida"]), what="frida's login")
    frida = Client(own_broker, "frida", key=keys["frida"])
    frida.connect()
    answers = {
        topic: frida.publish(topic) != NOT_AUTHORIZED
        for topic in (
            "sacmes/alice/query/history",
            "sacmes/bob/query/history",
            "sacmes/bob/request/stop",
            "sacmes/carol/query/history",
            "sacmes/frida/query/history",
        )
    }
    frida.close()
    assert list(answers.values()) == [True, True, False, False, False]
    assert "frida\talice, bob\n" in run_users(rights, "list").stdout


@pytest.mark.parametrize(
    "name",
    ["analyzer", "admin", "_system", "alice/raw", "alice ", "Alice", "+", "a#b", "ab", "é" * 4],
)
def test_names_that_reach_into_other_trees_are_refused(rights: Path, name: str) -> None:
    before = (rights / PASSWORDS).read_bytes()
    said = run_users(rights, "add", name)
    assert said.returncode != 0
    assert "Error: " in said.stderr
    assert "Traceback" not in said.stderr
    assert (rights / PASSWORDS).read_bytes() == before


def test_the_key_can_be_given_and_never_stands_in_a_file(own_broker: Broker, rights: Path) -> None:
    key = """quote"and'$HOME%s/@?#"""
    said = run_users(rights, "add", "grace", SACMES_KEY=key)
    assert said.returncode == 0
    assert said.stdout == ""
    reload(own_broker)
    wait_until(lambda: is_let_in(own_broker, "grace", key), what="grace's login")
    assert b"quote" not in (rights / PASSWORDS).read_bytes()


@pytest.mark.parametrize("key", ["short", "has:a-colon", "has a space", "µµµµµµµµ", "x" * 129])
def test_a_key_that_the_broker_would_misread_is_refused(rights: Path, key: str) -> None:
    said = run_users(rights, "add", "grace", SACMES_KEY=key)
    assert said.returncode == 2
    assert "no colon" in said.stderr


def test_only_the_owner_reads_the_files(rights: Path) -> None:
    users(rights, "add", "heidi")
    modes = {stat.S_IMODE((rights / file).stat().st_mode) for file in (PASSWORDS, ACL)}
    assert modes == {0o600}


def test_the_files_belong_to_whom_the_broker_becomes(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    for rights in (tmp_path / "new", tmp_path / "mine"):
        if rights.name == "mine":
            rights.mkdir()
        users(rights, "init")
        users(rights, "add", "heidi")
        assert {path.owner() for path in (rights, *rights.iterdir())} == {
            "mosquitto" if rights.name == "new" else "root"
        }


@pytest.mark.parametrize(
    ("file", "damage", "reason"),
    [
        (ACL, "user dave\nbadword sacmes/#\n", "Mosquitto does not take"),
        (ACL, "topic readwrite sacmes/#\n", "changed by hand"),
        (PASSWORDS, "alice:$7$101$x$y\n", "twice"),
        (PASSWORDS, "alice/raw:$7$101$x$y\n", "3 to 64"),
    ],
)
def test_check_finds_what_would_open_or_close_the_broker(
    rights: Path, file: str, damage: str, reason: str
) -> None:
    assert run_users(rights, "check").returncode == 0
    with (rights / file).open("a", encoding="utf-8") as out:
        out.write(damage)
    said = run_users(rights, "check")
    assert said.returncode != 0
    assert reason in said.stderr


def test_init_again_keeps_the_users_and_brings_the_rights_up_to_date(rights: Path) -> None:
    shipped = (rights / ACL).read_text("utf-8")
    (rights / ACL).write_text(shipped.replace("raw/+", "raw/old"), "utf-8")
    users(rights, "init")
    assert (rights / ACL).read_text("utf-8") == shipped
    assert run_users(rights, "list").stdout.split() == [
        "analyzer", "admin", "alice", "bob", "carol", "alice",
    ]  # fmt: skip


def test_before_init_there_is_a_sentence(tmp_path: Path) -> None:
    said = run_users(tmp_path / "none", "add", "alice")
    assert said.returncode == 2
    assert "init" in said.stderr


def test_the_line_for_an_agent_names_everything(tmp_path: Path, rights: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_text("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    said = run_users(
        rights, "add", "dave", "--broker", "mqtts://broker.example.org:8884", "--ca", str(ca)
    )
    assert said.returncode == 0, said.stderr
    shown, line = said.stdout.splitlines()
    address = BrokerAddress.parse(line)
    assert (address.host, address.port, address.username) == ("broker.example.org", 8884, "dave")
    assert shown == f"dave\t{address.key}"
    assert address.ca_pem == ca.read_text()


@pytest.mark.parametrize(
    ("broker", "ca", "sentence"),
    [
        ("broker.example.org", None, "starts with mqtt://"),
        ("wss://broker.example.org", None, "mqtts:// or mqtt://"),
        ("mqtts://broker.example.org", "gone.pem", "cannot be read"),
        ("mqtts://broker.example.org", "rights.acl", "damaged"),
    ],
)
def test_a_line_that_cannot_be_made_adds_nobody(
    rights: Path, broker: str, ca: str | None, sentence: str
) -> None:
    options = [] if ca is None else ["--ca", str(rights / ca)]
    said = run_users(rights, "add", "dave", "--broker", broker, *options)
    assert (said.returncode, sentence in said.stderr) == (2, True), said.stderr
    assert "dave" not in (rights / PASSWORDS).read_text("utf-8")
