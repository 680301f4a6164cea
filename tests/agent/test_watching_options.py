"""What the command `watch` makes of its options."""

from pathlib import Path

import pytest
from support.windows import result, view

from agent.settings import AgentSettings
from agent.watching_options import ResultLines, watched_folder, wish_of
from sacmes_core.errors import ConfigError


def test_each_result_is_written_once(capsys: pytest.CaptureFixture[str]) -> None:
    lines = ResultLines()
    for one in (view(), view(result=result(1)), view(result=result(1), seen=2), view()):
        lines(one)
    lines(view(result=result(2)))
    written = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in written] == [
        "SWV_200Hz_1.txt",
        "SWV_200Hz_2.txt",
    ]


def test_the_folder_that_is_named_comes_before_the_one_that_is_kept(tmp_path: Path) -> None:
    named, kept = tmp_path / "named", tmp_path / "kept"
    named.mkdir()
    settings = AgentSettings(folder=str(kept))
    assert watched_folder(named, settings) == named
    with pytest.raises(ConfigError, match="There is no folder"):
        watched_folder(None, settings)
    kept.mkdir()
    assert watched_folder(None, settings) == kept
    with pytest.raises(ConfigError, match="Name the folder"):
        watched_folder(None, AgentSettings())


def test_an_option_that_is_wrong_is_named() -> None:
    wish = wish_of("swv", "a name", {"handle": "SWV_", "first_number": 2}, 3)
    assert (wish.settings.source.handle, wish.settings.trend.reference_number) == ("SWV_", 3)
    with pytest.raises(ConfigError, match=r"^--start: first_number: .+\.$"):
        wish_of("swv", "", {"first_number": -1}, 1)
    with pytest.raises(ConfigError, match=r"^--start: session: .+ below the first\.$"):
        wish_of("swv", "", {"first_number": 2, "last_number": 1}, 1)
