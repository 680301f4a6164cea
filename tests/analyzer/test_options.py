from pathlib import Path

import pytest

from analyzer.options import PASSWORD_FILE, store_url

POSTGRES = "postgresql+psycopg://sacmes@postgres/sacmes"


def test_the_store_is_in_the_home_unless_another_is_named(tmp_path: Path) -> None:
    assert store_url(None, tmp_path) == f"sqlite:///{tmp_path}/store.sqlite"
    assert store_url(POSTGRES, tmp_path) == POSTGRES


def test_its_password_may_stand_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "password"
    file.write_text("a/b c\n", "utf-8")
    monkeypatch.setenv(PASSWORD_FILE, str(file))
    assert store_url(POSTGRES, tmp_path) == "postgresql+psycopg://sacmes:a%2Fb c@postgres/sacmes"
    assert store_url("sqlite:////srv/store.sqlite", tmp_path) == "sqlite:////srv/store.sqlite"
    file.unlink()
    assert store_url(None, tmp_path).startswith("sqlite:")
