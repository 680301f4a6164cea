"""The notice before the first start."""

import json
from pathlib import Path

import pytest

from agent.window.consent import DEFAULT_TEXT, is_accepted, notice, remember, version_of
from sacmes_core.errors import ConfigError


def test_the_usual_text_unless_the_administrator_has_another(tmp_path: Path) -> None:
    assert notice(tmp_path) == DEFAULT_TEXT
    (tmp_path / "consent.txt").write_text("\ufeffOurs, with µ.\n", "utf-8")
    assert notice(tmp_path) == "Ours, with µ."
    other = tmp_path / "other.txt"
    other.write_text("Named in the settings.", "utf-8")
    assert notice(tmp_path, str(other)) == "Named in the settings."


def test_a_named_text_that_is_not_there_is_no_reason_to_show_another(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ask the administrator"):
        notice(tmp_path, str(tmp_path / "gone.txt"))
    (tmp_path / "consent.txt").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(ConfigError, match="cannot be read"):
        notice(tmp_path)


def test_an_answer_is_kept_with_time_and_version_and_holds_for_that_text(tmp_path: Path) -> None:
    assert not is_accepted(tmp_path, "One.")
    remember(tmp_path, "One.")
    assert is_accepted(tmp_path, "One.")
    assert not is_accepted(tmp_path, "Another.")
    record = json.loads((tmp_path / "consent.json").read_text("utf-8"))
    assert record["version"] == version_of("One.")
    assert record["accepted_at"].endswith("+00:00")
    assert record["text"] == "One."


def test_an_empty_text_asks_nothing(tmp_path: Path) -> None:
    (tmp_path / "consent.txt").write_text("")
    assert is_accepted(tmp_path, notice(tmp_path))


def test_a_damaged_record_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "consent.json").write_text("[1]")
    assert not is_accepted(tmp_path, "One.")
