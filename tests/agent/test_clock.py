import sys
from pathlib import Path

import pytest

from agent.clock import clock_is_kept, clock_is_synchronised, clock_sentence, judged


@pytest.fixture
def board(tmp_path: Path) -> Path:
    (tmp_path / "proc/device-tree").mkdir(parents=True)
    (tmp_path / "proc/device-tree/model").write_text("Raspberry Pi 4 Model B", "ascii")
    (tmp_path / "sys/class/rtc").mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize("kept", [True, False, None])
def test_a_board_without_a_clock_waits_for_a_time_server(board: Path, kept: bool | None) -> None:
    assert judged(kept, board) is kept


def test_a_clock_with_a_battery_is_believed(board: Path, tmp_path: Path) -> None:
    (board / "sys/class/rtc/rtc0").mkdir()
    assert judged(False, board) is None
    assert judged(False, tmp_path / "a computer without a device tree") is None


@pytest.mark.skipif(sys.platform != "linux", reason="timesyncd is Linux's own")
def test_the_word_of_timesyncd_counts(board: Path) -> None:
    (board / "run/systemd/timesync").mkdir(parents=True)
    (board / "run/systemd/timesync/synchronized").touch()
    assert clock_is_kept(board) is True


@pytest.mark.skipif(sys.platform != "linux", reason="the call is Linux's own")
def test_the_kernel_answers() -> None:
    assert clock_is_kept() in (True, False)


def test_a_sentence_is_said_only_of_a_clock_that_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    for synchronised, said in ((True, False), (None, False), (False, True)):
        monkeypatch.setattr("agent.clock.clock_is_synchronised", lambda s=synchronised: s)
        assert (clock_sentence() is not None) is said
    monkeypatch.undo()
    assert clock_is_synchronised() in (True, False, None)
