"""Processes that end in order, leave nobody behind and give nothing away."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.tools import wait_until

from dashboard import demo_processes
from dashboard.demo_processes import Programs

SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def is_up(programs: Programs, name: str) -> bool:
    return "up" in programs.running[name].last_lines()


def exists(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and ") Z " not in status.read_text()


def test_the_end_is_asked_for_and_waited_for(tmp_path: Path) -> None:
    programs = Programs(tmp_path)
    process = programs.start("sleeper", python(SLEEPER)).process
    assert programs.wait_for("sleeper", lambda: is_up(programs, "sleeper"), timeout_s=10)
    programs.end()
    assert process.returncode == -signal.SIGTERM
    assert programs.running == {}


def test_who_does_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_processes, "PATIENCE_S", 0.1)
    programs = Programs(tmp_path)
    process = programs.start("stubborn", python(STUBBORN)).process
    assert programs.wait_for("stubborn", lambda: is_up(programs, "stubborn"), timeout_s=10)
    programs.end("stubborn")
    assert process.returncode == -signal.SIGKILL


def test_who_ends_unasked_is_found_with_his_last_words(tmp_path: Path) -> None:
    programs = Programs(tmp_path)
    programs.start("sleeper", python(SLEEPER))
    programs.start("failing", python("import sys; sys.exit('no such port')"))
    ended = wait_until(programs.ended)
    assert (ended.name, ended.process.returncode) == ("failing", 1)
    assert ended.last_lines() == "no such port"
    assert not programs.wait_for("sleeper", lambda: False, timeout_s=0.05)
    programs.end()


def test_a_key_goes_through_the_environment_and_nothing_else_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SACMES_BROKER", "mqtt://elsewhere")
    programs = Programs(tmp_path)
    show = "import os; print({k: v for k, v in os.environ.items() if k.startswith('SACMES_')})"
    program = programs.start("child", python(show), key="the-key")
    program.process.wait(10)
    assert program.last_lines() == "{'SACMES_KEY': 'the-key'}"
    assert "the-key" not in str(program.process.args)


def test_a_ctrl_c_in_the_terminal_does_not_reach_them(tmp_path: Path) -> None:
    programs = Programs(tmp_path)
    process = programs.start("sleeper", python(SLEEPER)).process
    assert os.getsid(process.pid) != os.getsid(0)
    programs.end()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_they_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    code = f"""
import time
from pathlib import Path
from dashboard.demo_processes import Programs
print(Programs(Path({str(tmp_path)!r})).start("s", {python(SLEEPER)!r}).process.pid, flush=True)
time.sleep(600)
"""
    with subprocess.Popen(python(code), stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert exists(child)
        parent.kill()
    wait_until(lambda: not exists(child), what="the end of the child")
