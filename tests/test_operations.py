"""The page for who runs a server: its commands, its examples, and its alert rules."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import certificates
import pytest
import typer
import users
import yaml
from click import Group
from support.administrator import invoke
from support.agent import packed, voltammogram
from support.tools import ROOT

import analyzer.cli
import dashboard.cli
from analyzer import metrics
from analyzer.ingest import Arrival, check
from analyzer.monitor import Connections, Monitor
from analyzer.status import Status
from analyzer.store.engines import home_url, sqlite_url
from analyzer.store.store import open_store
from sacmes_core.messages import Message

PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")
BLOCKS = re.findall(r"^ *```sh\n(.*?)^ *```$", PAGE, re.MULTILINE | re.DOTALL)
MONITORING = ROOT / "docs" / "monitoring"
SESSION = "9b2f4c1e-0000-4000-8000-000000000001"
APPS = {
    "sacmes-analyzer": analyzer.cli.app,
    "sacmes-dashboard": dashboard.cli.app,
    "users.py": users.app,
    "certificates.py": certificates.app,
}


def commands() -> Iterator[list[str]]:
    """The words of each of our commands on the page."""
    in_line = re.findall(r"`((?:sacmes-[a-z]+|users\.py|certificates\.py) [^`]+)`", PAGE)
    lines = [line for block in BLOCKS for line in block.replace("\\\n", " ").splitlines()]
    for line in (*lines, *in_line):
        for part in re.split(r" && |; ", line.replace("\n", " ")):
            words = [word for word in shlex.split(part, comments=True) if word != "…"]
            while words and (re.match(r"[A-Z_]+=", words[0]) or words[0] in ("python", "sudo")):
                words.pop(0)
            if words and Path(words[0]).name in APPS:
                yield [Path(words[0]).name, *words[1:]]


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_of_the_page_can_be_read(words: list[str]) -> None:
    """As far as its options: what they lead to is tried elsewhere."""
    name, *arguments = words
    command = typer.main.get_command(APPS[name])
    if name == "sacmes-dashboard" and arguments[:1] == ["install-service"]:
        command, arguments = typer.main.get_command(dashboard.cli.installing), arguments[1:]
    if isinstance(command, Group) and arguments:
        command = command.commands[arguments.pop(0)]
    command.make_context(name, arguments, resilient_parsing=False)


def test_the_page_has_commands() -> None:
    assert len(list(commands())) > 20


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a store of one session."""
    for name in ("SACMES_STORE", "SACMES_BROKER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SACMES_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    home = tmp_path / "analyzer"
    home.mkdir()
    store = open_store(home_url(home))
    sent = packed(SESSION, "SWV_10Hz_1.txt", voltammogram())
    arrival = check(Message(sent.topic, sent.payload, user_properties=sent.user_properties))
    assert isinstance(arrival, Arrival)
    store.uploads.commit([arrival], datetime.now(UTC))
    store.close()
    return tmp_path


def said(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return invoke(analyzer.cli.app, [str(argument) for argument in arguments])


def test_a_server_is_moved_and_comes_back_from_its_backup(server: Path) -> None:
    """The sections Backups, Moving and Restoring: the same commands with folders of this test."""
    assert said("backup", "-o", server / "b.sqlite").returncode == 0
    (server / "analyzer" / "store.sqlite").unlink()
    moved = sqlite_url(server / "elsewhere.sqlite")
    for store in ((), ("--store", moved)):
        assert said("restore", server / "b.sqlite", *store).returncode == 0
        looked = said("doctor", "--broker", "mqtt://analyzer@127.0.0.1:1", *store).stdout
        assert "1 users, 1 sessions, 1 uploads" in looked
        assert "FAIL broker" in looked
    refused = said("restore", server / "b.sqlite")
    assert refused.returncode != 0
    assert said("restore", server / "b.sqlite", "--force").returncode == 0
    exported = said("export", SESSION, "--user", "alice", "-o", server / "run7.zip")
    assert exported.returncode == 0
    assert said("import", server / "run7.zip", "--user", "lab-4").returncode == 0
    assert "0 sessions would be" in said("prune", "--older-than", "90d", "--dry-run").stderr


def test_a_damaged_store_is_put_aside(server: Path) -> None:
    assert said("backup", "-o", server / "b.sqlite").returncode == 0
    damaged = server / "analyzer" / "store.sqlite"
    damaged.write_bytes(b"\0" * 4096 + damaged.read_bytes()[4096:])
    assert said("doctor").returncode != 0
    assert said("restore", server / "b.sqlite").returncode != 0
    assert said("restore", server / "b.sqlite", "--force").returncode == 0
    assert list((server / "analyzer").glob("store.damaged.*.sqlite"))


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((MONITORING / "alerts.yml").read_text("utf-8"))["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def test_alert_rules_ask_for_numbers_that_there_are(tmp_path: Path) -> None:
    store = open_store(home_url(tmp_path))
    connections = Connections(lambda: {"presence": True}, lambda: "held", lambda: False)
    monitor = Monitor(store, Status(), "run", tmp_path, connections)
    monitor.look()
    there = set(re.findall(r"^# TYPE (\S+)", monitor.metrics_text(), re.MULTILINE))
    there |= {family.name for family in (*metrics.COUNTED, metrics.PROBLEM, metrics.LOOP_AGE_S)}
    store.close()
    for rule in rules():
        asked = set(re.findall(r"sacmes_\w+", rule["expr"]))
        plain = {re.sub(r"_bucket$", "", name) for name in asked}
        assert plain <= there, rule["alert"]
        assert rule["annotations"]["summary"]


def test_prometheus_takes_the_files() -> None:
    configuration = yaml.safe_load((MONITORING / "prometheus.yml").read_text("utf-8"))
    assert configuration["rule_files"] == ["alerts.yml"]
    (scraped,) = configuration["scrape_configs"]
    jobs = {job for rule in rules() for job in re.findall(r'job="([^"]+)"', rule["expr"])}
    assert jobs == {scraped["job_name"]}
