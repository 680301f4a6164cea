import dataclasses
import uuid
from pathlib import Path

import pytest
from support.agents import session_document

from agent.disk import HomeLock, write_private
from agent.home import Home
from agent.identity import FILE_NAME, adopted, load_identity, new_identity, save_identity
from agent.starting import Granted, Wish
from sacmes_core.errors import ConfigError
from sacmes_core.protocol import USER_ID_PATTERN
from sacmes_core.settings.session import SessionSettings
from sacmes_core.settings.source import SourceSettings


def test_it_is_made_once_and_kept(tmp_path: Path) -> None:
    identity = load_identity(tmp_path)
    assert uuid.UUID(identity.user_id).version == 4
    assert USER_ID_PATTERN.match(identity.user_id)
    assert load_identity(tmp_path) == identity
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o077 == 0


def test_two_are_never_alike() -> None:
    one, other = new_identity(), new_identity()
    assert one.user_id != other.user_id
    assert one.instance != other.instance
    assert one.client_id != other.client_id
    assert one.client_id.startswith(f"{one.user_id}.agent.")


def test_it_adopts_the_user_id_of_the_address() -> None:
    identity = dataclasses.replace(new_identity(), number=8)
    alice = adopted(identity, "alice", waiting=0)
    assert (alice.user_id, alice.number) == ("alice", 0)
    assert alice.instance == identity.instance
    assert adopted(alice, None, waiting=3) == alice
    assert adopted(alice, "alice", waiting=3) == alice


def test_it_does_not_while_scans_wait_for_another() -> None:
    alice = adopted(new_identity(), "alice", waiting=0)
    with pytest.raises(ConfigError, match=r"3 scans still wait .* alice.* bob"):
        adopted(alice, "bob", waiting=3)


@pytest.mark.parametrize("user_id", ["Alice", "a", "analyzer", "a/b", "alice+"])
def test_it_adopts_no_name_that_is_no_user_id(user_id: str) -> None:
    with pytest.raises(ConfigError):
        adopted(new_identity(), user_id, waiting=0)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"user_id": "A B"}', "\x00"])
def test_a_damaged_file_is_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    with pytest.raises(ConfigError, match="damaged"):
        load_identity(tmp_path)


def test_writing_replaces_the_whole_file_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "note"
    write_private(path, b"first")
    path.chmod(0o400)
    write_private(path, b"second")
    assert path.read_bytes() == b"second"
    target = tmp_path / "is a folder"
    (target / "x").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        write_private(target, b"third")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["is a folder", "note"]


def test_a_file_that_is_open_elsewhere_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = [PermissionError(13, "another program has it open")] * 3
    replace = Path.replace

    def replaced(self: Path, target: Path) -> Path:
        if refusals:
            raise refusals.pop()
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", replaced)
    write_private(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_home_has_one_agent(tmp_path: Path) -> None:
    with HomeLock(tmp_path):
        assert not HomeLock(tmp_path).acquire()
        with pytest.raises(ConfigError, match="already"), HomeLock(tmp_path):
            pass
    with HomeLock(tmp_path):
        pass


def test_adopting_forgets_the_session_of_the_other_user(tmp_path: Path) -> None:
    with Home.opened(tmp_path) as home:
        home.keep_session(session_document(4))
        assert home.kept_session() is not None
        home.adopt("alice")
        assert home.kept_session() is None
    assert load_identity(tmp_path).user_id == "alice"


def test_the_session_and_the_wish_are_kept(tmp_path: Path) -> None:
    document = session_document(4, source={"frequencies_hz": (15.0,)})
    wish = Wish("swv", SessionSettings(source=SourceSettings(frequencies_hz=(15.0, 200.0))), "A3")
    with Home.opened(tmp_path) as home:
        assert home.granted() is None
        assert home.keep_session(document) is None
        home.keep_granted(Granted(wish, document.session_id))
    with Home.opened(tmp_path) as home:
        assert home.kept_session() == document
        assert home.granted() == Granted(wish, document.session_id)


def test_a_number_that_cannot_be_kept_does_not_stop_the_agent(tmp_path: Path) -> None:
    with Home.opened(tmp_path) as home:
        (tmp_path / FILE_NAME).unlink()
        (tmp_path / FILE_NAME / "in the way").mkdir(parents=True)
        home.keep_number(3)
        assert home.identity.number == 3


def test_saving_where_nothing_can_be_written_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--home"):
        save_identity(tmp_path / "nowhere", new_identity())
