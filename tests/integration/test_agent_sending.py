"""Sending an old experiment, as people do it: on a terminal, stopped with Ctrl-C, gone on with."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support import programs
from support.agents import chi_file, storing_analyzer
from support.broker import Broker
from support.tools import wait_until

FILES = 600


@pytest.mark.timeout(300)
def test_after_ctrl_c_the_same_command_goes_on_in_the_same_session(
    own_broker: Broker, tmp_path: Path
) -> None:
    folder = tmp_path / "old µ"
    folder.mkdir()
    for number in range(1, FILES + 1):
        (folder / f"SWV_15Hz_{number}.txt").write_bytes(chi_file(shift=number))
    command = ("send", folder, "--broker", own_broker.url("alice"), "--home", tmp_path)
    with storing_analyzer(own_broker.url("analyzer"), "alice") as store:
        with programs.running("sacmes-agent", *command, log=tmp_path / "send.log") as process:
            wait_until(lambda: len(store.stored) >= 20, what="the first files")
            store.deaf = True
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 1
        assert "the same command goes on" in (tmp_path / "send.log").read_text("utf-8").lower()
        before = len(store.uploads)
        assert 20 <= before < FILES
        store.deaf = False
        said = programs.run("sacmes-agent", *command, timeout=120)
        assert said.returncode == 0, said.stderr
        assert f"{FILES} of {FILES} files stored" in said.stdout
        assert len(store.stored) == FILES
        assert len(store.started) == 1
        assert len(store.uploads) <= FILES + 100 * 2
        assert programs.run("sacmes-agent", *command, "--new", timeout=120).returncode == 0
        assert len(store.started) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="a pty is elsewhere")
def test_on_a_terminal_there_is_a_bar_and_sentences_stand_above_it(
    own_broker: Broker, tmp_path: Path
) -> None:
    import pty

    (tmp_path / "SWV_15Hz_1.txt").write_bytes(chi_file())
    (tmp_path / "SWV_15Hz_2.txt").write_bytes(b"PK\x03\x04" + bytes(100))
    url = own_broker.url("alice")
    own_broker.stop()
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        programs.command("sacmes-agent", "send", tmp_path, "--broker", url, "--home", tmp_path),
        env=programs.environment(TERM="xterm", COLUMNS="100", LINES="30"),
        stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    while b"Nothing answers" not in shown:
        shown += os.read(ours, 4096)
    own_broker.start()
    with storing_analyzer(own_broker.url("analyzer"), "alice"):
        try:
            while chunk := os.read(ours, 4096):
                shown += chunk
        except OSError:
            pass
        assert process.wait(30) == 1
    os.close(ours)
    text = shown.decode()
    assert "no connection" in text
    assert "2/2" in text
    assert "refused: SWV_15Hz_2.txt" in text
    assert "1 of 2 files stored" in text
