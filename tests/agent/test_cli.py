import json
import re
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import serial
from support import programs
from support.tools import wait_until
from typer.testing import CliRunner

from agent.cli import app

COMMANDS = (
    "watch",
    "serial",
    "gui",
    "doctor",
    "status",
    "send",
    "simulate",
    "install-service",
)


def agent(*arguments: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
    return programs.run("sacmes-agent", *arguments, **settings)


def test_help_lists_what_there_is_and_teaches_by_example() -> None:
    said = agent("--help")
    assert said.returncode == 0
    for command in COMMANDS:
        assert command in said.stdout
        one = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"})
        assert one.exit_code == 0
        assert f"sacmes-agent {command}" in one.stdout


def test_version() -> None:
    assert re.match(r"sacmes \d", agent("--version").stdout)


def test_status_makes_an_identity_and_keeps_it(tmp_path: Path) -> None:
    first = json.loads(agent("status", "--json", "--home", tmp_path).stdout)
    second = json.loads(agent("status", "--json", SACMES_HOME=str(tmp_path)).stdout)
    assert first == second
    assert first["running"] is False
    assert first["session"] is None
    assert first["user_id"] in agent("status", "--home", tmp_path).stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["watch", "{tmp}"], "No broker is named"),
        (["watch", "{tmp}/gone", "--broker", "mqtt://a1b:k@localhost"], "There is no folder"),
        (["watch", "{tmp}", "--broker", "http://localhost"], "starts with mqtt://"),
        (["watch", "{tmp}", "--broker", "mqtt://Not_A_User:k@localhost"], "small letters"),
        (["watch", "{tmp}", "--start", "swv", "--frequency", "-1"], "frequencies_hz"),
        (["watch", "{tmp}", "--start", "swv", "--backlog", "some"], "backlog"),
        (
            ["watch", "{tmp}", "--start", "swv", "--first-number", "9", "--last-number", "3"],
            "below",
        ),
        (["send", "{tmp}/gone.txt", "--broker", "mqtt://a1b:k@localhost"], "There is no file"),
        (["watch"], "Name the folder"),
        (["simulate"], "Name a folder"),
        (["simulate", "--tcp", "0"], "with --instrument"),
        (["simulate", "--instrument", "methodscript"], "Name the line"),
        (["simulate", "--instrument", "rodeostat", "--tcp", "0", "--pty"], "Name the line"),
        (["simulate", "--instrument", "rodeostat", "--tcp", "70000"], "such as 5025"),
        (["simulate", "--instrument", "voltmeter", "--tcp", "0"], "choose one of methodscript"),
        (["simulate", "--instrument", "acestat", "--tcp", "0", "--fault", "x"], "cut@3"),
        (["simulate", "{tmp}", "--instrument", "acestat", "--tcp", "0"], "leave out the folder"),
    ],
)
def test_bad_usage_is_a_sentence_and_status_2(
    tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    home = () if arguments[0] == "simulate" else ("--home", tmp_path / "home")
    said = agent(*(a.format(tmp=tmp_path) for a in arguments), *home)
    assert said.returncode == 2
    assert sentence in " ".join(re.sub("[│╭╮╰╯─]", " ", said.stderr).split())
    assert "Traceback" not in said.stderr


def test_what_a_code_page_does_not_know_is_no_failure(tmp_path: Path) -> None:
    home = tmp_path / "Ω 電"
    said = agent("status", "--home", home, PYTHONIOENCODING="cp1252")
    assert said.returncode == 0, said.stderr
    assert "home      " in said.stdout
    told = agent("status", "--json", "--home", home, PYTHONIOENCODING="cp1252")
    assert json.loads(told.stdout)["home"] == str(home / "agent")


def test_waiting_scans_keep_the_user_id(tmp_path: Path) -> None:
    agent("status", "--home", tmp_path)
    with closing(sqlite3.connect(tmp_path / "agent" / "outbox.sqlite")) as outbox, outbox:
        outbox.execute(
            "INSERT INTO uploads (upload_id, session_id, header, wire_bytes)"
            " VALUES ('x', 'y', '{}', 1)"
        )
    said = agent("watch", tmp_path, "--broker", "mqtt://bob:k@localhost", "--home", tmp_path)
    assert said.returncode == 2
    assert "still wait" in said.stderr


def test_simulate_writes_the_files_of_an_instrument(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "scans"
    said = agent(
        "simulate", folder, "--scans", "2", "--interval", "0.05", "--frequency", "15",
        "--frequency", "100", "--electrodes", "3", "--handle", "A_", "--event-at", "2",
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    assert sorted(p.name for p in folder.iterdir()) == [
        "A_100Hz_1.txt", "A_100Hz_2.txt", "A_15Hz_1.txt", "A_15Hz_2.txt",
    ]  # fmt: skip


def test_simulate_speaks_on_a_line(tmp_path: Path) -> None:
    log, link = tmp_path / "log", tmp_path / "potentiostat"
    with programs.running(
        "sacmes-agent", "simulate", "--instrument", "methodscript", "--link", link,
        "--speed", "60", "--status-port", "0", "--fault", "cut@3", log=log,
    ) as program:  # fmt: skip
        wait_until(lambda: log.exists() and log.read_text().count("\n") == 2, what="the line")
        path, status = log.read_text().split()
        assert path == str(link)
        with serial.serial_for_url(path, timeout=10) as host:
            host.write(b"t\n")
            assert host.readline().startswith(b"tespico")
        address, port = status.split(":")
        with socket.create_connection((address, int(port)), timeout=10) as caller:
            assert json.loads(caller.makefile().readline())["cell_is_on"] is False
        assert programs.end(program) == 0
    assert not link.is_symlink()


def test_the_command_line_needs_no_numpy() -> None:
    run = (
        "import sys; sys.modules.update(dict.fromkeys(['numpy', 'scipy', 'pandas']));"
        "from agent.cli import main; sys.argv = ['sacmes-agent', {!r}, '/nowhere/scans']; main()"
    )
    said = subprocess.run(
        [sys.executable, "-c", run.format("simulate")],
        env=programs.environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert said.returncode == 1
    assert 'pip install "sacmes[' in said.stderr
    imported = subprocess.run(
        [sys.executable, "-c", "import agent.cli, agent.sending, sys; print(*sys.modules)"],
        env=programs.environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert not {"numpy", "scipy", "pandas", "sqlalchemy"} & set(imported.stdout.split())
