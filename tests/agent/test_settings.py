"""The agent's lines in settings.toml: changed one by one, and all others left alone."""

import stat
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.settings import AgentSettings, edited, keep_settings, read_settings
from sacmes_core.errors import ConfigError
from sacmes_core.shell import shell_settings


def test_without_a_file_everything_is_as_usual(tmp_path: Path) -> None:
    assert read_settings(tmp_path) == AgentSettings()


def test_what_is_kept_is_read_again_by_agent_and_shell(tmp_path: Path) -> None:
    keep_settings(
        tmp_path,
        {"broker": "mqtts://lab-7@h:8883", "key": 'a"b\\c\x7f', "folder": "C:\\CHI\\µ data",
         "quiet": 4.5, "subfolders": True, "start": "swv"},
    )  # fmt: skip
    kept = read_settings(tmp_path)
    assert (kept.folder, kept.quiet, kept.subfolders) == ("C:\\CHI\\µ data", 4.5, True)
    assert kept.start == "swv"
    assert shell_settings(tmp_path).key == 'a"b\\c\x7f'


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such bits")
def test_the_file_is_private(tmp_path: Path) -> None:
    keep_settings(tmp_path, {"key": "secret"})
    assert stat.S_IMODE((tmp_path / "settings.toml").stat().st_mode) == 0o600


def test_comments_order_and_foreign_lines_stay() -> None:
    text = '# ours\nbroker = "mqtt://old"\nother = 3\n\n[deep]\nkey = "not this one"\n'
    after = edited(text, {"broker": "mqtt://new", "key": "k", "other": None})
    assert after == '# ours\nbroker = "mqtt://new"\n\nkey = "k"\n[deep]\nkey = "not this one"\n'


@pytest.mark.parametrize(
    "text", ['broker = """\nmqtt://x\n"""\n', 'x = [\n[1],\n]\nbroker = "b"\n', "broker = \n"]
)
def test_what_cannot_be_changed_line_by_line_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"settings\.toml"):
        keep_settings(tmp_path, {"broker": "mqtt://new"})
    assert path.read_text() == text


def test_signs_that_look_like_ends_of_lines_are_none(tmp_path: Path) -> None:
    for folder in ("a\u2028b", "a\x85b", "a\rb"):
        keep_settings(tmp_path, {"folder": folder})
        keep_settings(tmp_path, {"quiet": 3.0})
        assert read_settings(tmp_path).folder == folder


@pytest.mark.parametrize(
    ("line", "named"),
    [("quiet = 0", "quiet"), ('backlog = "some"', "backlog"), ("[", "cannot be read")],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, named: str) -> None:
    (tmp_path / "settings.toml").write_text(line + "\n")
    with pytest.raises(ConfigError, match=named):
        read_settings(tmp_path)


names = st.sampled_from(["broker", "key", "folder", "quiet", "subfolders"])
values = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(-1e6, 1e6),
    st.text(st.characters(exclude_categories=["Cs"])),
)


@given(st.dictionaries(names, values), st.dictionaries(names, values))
def test_any_text_comes_back_as_it_was(
    first: dict[str, str | float | bool | None], second: dict[str, str | float | bool | None]
) -> None:
    after = edited(edited("", first), second)
    expected = {name: value for name, value in (first | second).items() if value is not None}
    assert tomllib.loads(after) == expected
