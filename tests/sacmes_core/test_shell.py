"""What the command lines share: where a setting comes from, what an error looks like."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from sacmes_core.errors import ConfigError, FormatError
from sacmes_core.shell import (
    ShellSettings,
    broker_address,
    configure_logging,
    home_folder,
    run_app,
    shell_settings,
)


@pytest.fixture(autouse=True)
def _nothing_of_sacmes_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BROKER", "KEY", "KEY_FILE", "HOME", "LOG_LEVEL", "LOG_FORMAT"):
        monkeypatch.delenv(f"SACMES_{name}", raising=False)


def test_an_option_beats_the_environment_beats_the_file_beats_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shell_settings(tmp_path).log_level == "info"
    (tmp_path / "settings.toml").write_text('log_level = "debug"\nbroker = "mqtt://file"\n')
    assert shell_settings(tmp_path).log_level == "debug"
    monkeypatch.setenv("SACMES_LOG_LEVEL", "warning")
    assert shell_settings(tmp_path).log_level == "warning"
    assert shell_settings(tmp_path, log_level="error", broker=None).log_level == "error"
    assert shell_settings(tmp_path).broker == "mqtt://file"


def test_a_wrong_setting_is_named_with_the_places_it_may_come_from(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('log_level = "loud"\n')
    with pytest.raises(ConfigError, match=r"SACMES_LOG_LEVEL or .*settings\.toml"):
        shell_settings(tmp_path)


def test_a_damaged_settings_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("log_level = [\n")
    with pytest.raises(ConfigError, match=r"settings\.toml cannot be read"):
        shell_settings(tmp_path)


def test_the_key_from_the_environment_completes_the_address() -> None:
    address = broker_address(ShellSettings(broker="mqtt://alice@h", key="k"))
    assert (address.username, address.key) == ("alice", "k")
    kept = broker_address(ShellSettings(broker="mqtt://alice:own@h", key="k"))
    assert kept.key == "own"


def test_the_key_may_stand_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "key"
    file.write_text("geheim\n", "utf-8")
    monkeypatch.setenv("SACMES_KEY_FILE", str(file))
    assert shell_settings(tmp_path).key == "geheim"
    monkeypatch.setenv("SACMES_KEY", "other")
    assert shell_settings(tmp_path).key == "other"
    monkeypatch.delenv("SACMES_KEY")
    for wrong in (b"\n", b"\xff\xfe"):
        file.write_bytes(wrong)
        with pytest.raises(ConfigError, match=str(file)):
            shell_settings(tmp_path)
    file.unlink()
    with pytest.raises(ConfigError, match="cannot be read"):
        shell_settings(tmp_path)


def test_without_a_broker_the_error_says_how_to_name_one() -> None:
    with pytest.raises(ConfigError, match="--broker"):
        broker_address(ShellSettings())


def test_the_home_is_made_for_its_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = home_folder(tmp_path / "a", "agent")
    assert folder == tmp_path / "a" / "agent"
    assert folder.stat().st_mode & 0o777 == 0o700
    monkeypatch.setenv("SACMES_HOME", str(tmp_path / "b"))
    assert home_folder(None, "agent") == tmp_path / "b" / "agent"
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="--home"):
        home_folder(tmp_path / "file", "agent")


def test_json_logs_are_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        configure_logging(ShellSettings(log_format="json"))
        logging.getLogger("agent").warning("two\nlines")
        line = json.loads(capsys.readouterr().err)
        assert (line["level"], line["message"]) == ("warning", "two\nlines")
    finally:
        root.handlers[:] = before
        root.setLevel(level)


@pytest.mark.parametrize(
    ("error", "status"), [(ConfigError("Wrong."), 2), (FormatError("Odd.", line=3), 1)]
)
def test_an_error_for_people_is_a_sentence_and_a_status(
    error: Exception, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def app() -> None:
        raise error

    with pytest.raises(SystemExit) as ended:
        run_app(app)
    assert ended.value.code == status
    assert capsys.readouterr().err.startswith("Error: ")


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("signals", "status"),
    [("INT INT", 1), ("TERM TERM", 1), ("INT TERM", 7)],
)
def test_the_same_signal_again_ends_a_process_that_does_not_stop(signals: str, status: int) -> None:
    first, second = signals.split()
    script = (
        "import os, signal, sys, threading\n"
        "from sacmes_core.shell import stop_on_signal\n"
        "stop = threading.Event(); stop_on_signal(stop)\n"
        f"os.kill(os.getpid(), signal.SIG{first}); assert stop.is_set()\n"
        f"os.kill(os.getpid(), signal.SIG{second}); sys.exit(7)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], timeout=60, check=False)
    assert ended.returncode == status
