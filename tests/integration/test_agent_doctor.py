"""The doctor against real brokers: each thing that can be wrong has its sentence."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support import programs
from support.agents import chi_file, session_document, storing_analyzer
from support.broker import WRONG_KEY, Broker
from support.certificates import Authority
from support.tools import wait_until

from agent.doctor.examination import Patient, examined
from agent.doctor.findings import worst
from dashboard.demo_broker import Listener, free_port
from sacmes_core import protocol
from sacmes_core.address import BrokerAddress

LONG = {"begins": "20200101000000Z", "ends": "20991231000000Z"}


class Doctor:
    """What is found, by check."""

    def __init__(self, home: Path, address: str, folder: Path | None = None) -> None:
        home = home / "agent"
        home.mkdir(parents=True, exist_ok=True)
        found = list(examined(Patient(home, BrokerAddress.parse(address), folder)))
        self.status = worst(found)
        self.checks = {one.check: one for one in found}

    def __getitem__(self, check: str) -> tuple[str, str]:
        one = self.checks[check]
        return one.level, one.sentence


def command(home: Path, *arguments: str | Path, address: str) -> tuple[int, str]:
    """Exit status and output of the command itself."""
    said = programs.run("sacmes-agent", "doctor", *arguments, "--home", home, SACMES_BROKER=address)
    assert "Traceback" not in said.stderr, said.stderr
    return said.returncode, said.stdout


@pytest.fixture(scope="module")
def encrypted(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Addresses of one broker behind good and bad certificates."""
    folder = tmp_path_factory.mktemp("authority")
    ours, theirs = Authority(folder / "ours"), Authority(folder / "theirs", "somebody else")
    soon = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + 3 * 86400))
    later = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + 86400))
    certificates = {
        "good": ours.server(**LONG),
        "expired": ours.server(begins="20200101000000Z", ends="20210101000000Z"),
        "early": ours.server(begins=later, ends="20991231000000Z"),
        "soon": ours.server(begins="20200101000000Z", ends=soon),
        "other host": ours.server("DNS:broker.example.org", **LONG),
        "other authority": theirs.server(**LONG),
    }
    listeners = {
        name: Listener(free_port(), certificate=c.certificate, private_key=c.private_key)
        for name, c in certificates.items()
    }
    broker.extra_listeners = list(listeners.values())
    broker.restart()
    one = BrokerAddress("mqtts", broker.host, 1, "alice", broker.keys["alice"], ca_pem=ours.pem)
    addresses = {
        name: replace(one, port=listener.port).connection_string()
        for name, listener in listeners.items()
    }
    public = replace(one, port=listeners["good"].port, ca_pem=None)
    return addresses | {
        "no authority": public.connection_string(),
        "plain port": replace(one, port=broker.port).connection_string(),
    }


@pytest.mark.parametrize(
    ("which", "level", "sentence"),
    [
        ("good", "ok", "Encrypted; the certificate is good until 31 December 2099"),
        ("expired", "problem", "has expired, or this computer's clock is wrong"),
        ("early", "problem", "clock is behind"),
        ("soon", "warning", "ends in 2 days"),
        ("other host", "problem", "is for another name than 127.0.0.1"),
        ("other authority", "problem", "not from the authority in your connection string"),
        ("no authority", "problem", "use the administrator's connection string"),
        ("plain port", "problem", "does not speak TLS"),
    ],
)
def test_certificates(
    encrypted: dict[str, str], tmp_path: Path, which: str, level: str, sentence: str
) -> None:
    doctor = Doctor(tmp_path, encrypted[which])
    assert doctor["tls"][0] == level
    assert sentence in doctor["tls"][1]
    assert ("login" in doctor.checks) == (level != "problem")
    assert (doctor.status == "problem") == (level == "problem")


def test_the_name_and_the_port(broker: Broker, tmp_path: Path) -> None:
    unknown = Doctor(tmp_path, "mqtt://alice:k@no-such-host.invalid")
    assert unknown["dns"][0] == "problem"
    assert "is not known here" in unknown["dns"][1]
    assert "tcp" not in unknown.checks
    closed = Doctor(tmp_path, f"mqtt://alice:k@127.0.0.1:{free_port()}")
    assert closed["tcp"][0] == "problem"
    assert "firewall" in closed["tcp"][1]


def test_login(broker: Broker, tmp_path: Path) -> None:
    wrong = Doctor(tmp_path, broker.url("alice", key=WRONG_KEY))
    assert "refuses the user_id alice or its key" in wrong["login"][1]
    none = Doctor(tmp_path, f"mqtt://alice@{broker.host}:{broker.port}")
    assert "No key is named" in none["login"][1]
    assert "rights" not in wrong.checks


def test_the_encrypted_port_without_encryption(encrypted: dict[str, str], tmp_path: Path) -> None:
    port = BrokerAddress.parse(encrypted["good"]).port
    doctor = Doctor(tmp_path, f"mqtt://alice:k@127.0.0.1:{port}")
    assert "does it expect mqtts:// there?" in doctor["login"][1]


@pytest.fixture
def analyzer(own_broker: Broker, tmp_path: Path) -> Iterator[None]:
    with programs.running(
        "sacmes-analyzer", "run", "--broker", own_broker.url("analyzer"), "--home",
        tmp_path / "analyzer", log=tmp_path / "analyzer.log",
    ):  # fmt: skip
        log = tmp_path / "analyzer.log"
        wait_until(lambda: "starts" in log.read_text("utf-8"), what="the analyzer")
        time.sleep(1)
        yield


@pytest.mark.usefixtures("analyzer")
def test_all_is_well(own_broker: Broker, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "SWV_15Hz_1.txt").write_bytes(chi_file())
    doctor = Doctor(tmp_path, own_broker.url("alice"), folder)
    levels = {check: one.level for check, one in doctor.checks.items() if check != "clock"}
    assert set(levels.values()) == {"ok"}, doctor.checks
    assert {"folder", "files", "outbox", "disk", "dns", "tcp", "tls", "login", "rights", "user_id",
            "analyzer", "time"} == levels.keys()  # fmt: skip
    assert "online and answers" in doctor["analyzer"][1]
    status, text = command(tmp_path, address=own_broker.url("alice"))
    assert status == 0
    assert text.splitlines()[0].startswith("warning  folder")
    assert "ok       analyzer  The analyzer" in text


def test_a_colleague_has_no_tree_of_his_own(broker: Broker, tmp_path: Path) -> None:
    doctor = Doctor(tmp_path, broker.url("carol"))
    assert doctor["rights"][0] == "problem"
    assert "Not authorized" in doctor["rights"][1]
    assert "send scans" in doctor["rights"][1]


def test_a_single_right_that_is_missing_is_named(own_broker: Broker, tmp_path: Path) -> None:
    acl = own_broker.rights / "rights.acl"
    for line, what in (
        ("pattern write sacmes/%u/raw/+\n", "send scans"),
        ("pattern write sacmes/%u/query/+\n", "ask the analyzer"),
        ("pattern read  sacmes/%u/#\n", "does not come back"),
    ):
        before = acl.read_text("utf-8")
        assert line in before
        acl.write_text(before.replace(line, ""), "utf-8")
        own_broker.restart()
        level, sentence = Doctor(tmp_path, own_broker.url("alice"))["rights"]
        assert (level, what in sentence) == ("problem", True), sentence
        acl.write_text(before, "utf-8")


def test_another_agent_with_the_user_id_and_ones_own(own_broker: Broker, tmp_path: Path) -> None:
    folder, home = tmp_path / "data", tmp_path / "holder"
    folder.mkdir()
    url = own_broker.url("alice")
    with (
        storing_analyzer(own_broker.url("analyzer"), "alice") as store,
        programs.running(
            "sacmes-agent", "watch", folder, "--broker", url, "--home", home, log=tmp_path / "log"
        ),
    ):
        wait_until(lambda: store.presence, what="the holder")
        level, sentence = Doctor(tmp_path / "other", url)["user_id"]
        assert (level, "has held this user_id since" in sentence) == ("problem", True)
        assert Doctor(home, url)["user_id"][0] == "ok"
        assert "This agent runs" in Doctor(home, url)["user_id"][1]
        before = len(store.presences)
        assert Doctor(home, url)["rights"][0] == "ok"
        assert [p.state for p in store.presences[before:]] in ([], ["online"])


def test_it_leaves_nothing_behind_and_says_when_no_analyzer_is_there(
    own_broker: Broker, tmp_path: Path
) -> None:
    doctor = Doctor(tmp_path, own_broker.url("alice"))
    assert doctor["analyzer"][0] == "warning"
    assert "No analyzer is online" in doctor["analyzer"][1]
    assert doctor.status == "warning"
    with storing_analyzer(own_broker.url("analyzer"), "alice") as store:
        store.publish(session_document())
        time.sleep(0.5)
        assert store.presences == []


def test_a_clock_that_is_wrong_is_seen_by_the_analyzers_heartbeat(
    own_broker: Broker, tmp_path: Path
) -> None:
    from support.windows import analyzer as presence

    said = presence().model_copy(
        update={"heartbeat_at": session_document().started_at.replace(year=2025)}
    )
    with storing_analyzer(own_broker.url("analyzer"), "alice") as store:
        store.link.publish(protocol.publication(protocol.ANALYZER_PRESENCE, said, analyzer="a"))
        time.sleep(0.3)
        level, sentence = Doctor(tmp_path, own_broker.url("alice"))["time"]
    assert level == "problem"
    assert "ahead of the analyzer's" in sentence


def test_without_a_broker_or_with_another_users_scans(broker: Broker, tmp_path: Path) -> None:
    status, text = command(tmp_path, "--json", address="")
    assert status == 1
    said = json.loads(text)
    assert said["status"] == "problem"
    assert "No broker is named" in said["checks"][-1]["sentence"]
    wrong = Doctor(tmp_path, "mqtt://Not_A_User:k@localhost")
    assert "small letters" in wrong["user_id"][1]
