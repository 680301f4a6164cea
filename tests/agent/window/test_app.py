"""The real window on a screen without a monitor, alone: typing, pasting, keys, small windows."""

import gc
import json
import logging
import subprocess
import sys
import threading
import time
import tkinter as tk
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import programs
from support.agents import SESSION_ID
from support.tools import ROOT, wait_until
from support.windows import CA_PEM, OpenApp, open_app, view

from agent.cli import gui_main
from agent.identity import load_identity
from agent.outbox import FileRecord, Outbox, Taken
from agent.settings import read_settings
from agent.settling import Sighting
from agent.window import events
from agent.window.dialogues import SettingsDialogue, login_hint
from sacmes_core.address import BrokerAddress
from sacmes_core.upload import UploadHeader, upload_id

NOWHERE = BrokerAddress("mqtt", "127.0.0.1", 9, "lab-7", "the-key")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "agent"


@pytest.fixture
def window(home: Path, display: str) -> Iterator[OpenApp]:
    with open_app(home, display) as one:
        yield one


def wait_in_outbox(home: Path, count: int = 1) -> None:
    home.mkdir(parents=True, exist_ok=True)
    outbox = Outbox.open(home / "outbox.sqlite")
    for k in range(count):
        name, content = f"SWV_{k}.txt", b"scan"
        header = UploadHeader(
            session_id=SESSION_ID, upload_id=upload_id(SESSION_ID, name, content), file=name,
            sha256="0" * 64,
        )  # fmt: skip
        outbox.add([Taken(FileRecord(name, Sighting(4, 0), "sent"), SESSION_ID, header, content)])
    outbox.close()


def test_the_user_id_is_large_and_copied_with_one_click(window: OpenApp, home: Path) -> None:
    user_id = load_identity(home).user_id
    assert window.app.identity.user_id.get() == user_id
    assert window.app.theme.identity.actual("size") > window.app.theme.body.actual("size")
    copy = window.app.identity.copy
    copy.invoke()
    window.live()
    assert copy["text"] == "✓ Copied"
    assert window.root.clipboard_get() == user_id
    began = time.monotonic()
    window.until(lambda: copy["text"] == "Copy", timeout=8, what="the end of Copied")
    assert 1.5 < time.monotonic() - began < 5


def test_a_user_id_made_here_is_shown_in_whole(window: OpenApp) -> None:
    window.live(0.3)
    entry = window.app.identity.user_id
    assert entry.xview() == (0.0, 1.0)


@pytest.mark.parametrize("way", ["button", "typed", "pasted with keys", "beside its place"])
def test_one_paste_fills_everything_in(window: OpenApp, home: Path, way: str) -> None:
    text = BrokerAddress(
        "mqtts", "broker.example.org", 8884, "lab-7", "the-key", ca_pem=CA_PEM
    ).connection_string()
    card = window.app.connection
    window.put_on_clipboard(f" {text}\n" if way == "button" else text)
    if way == "button":
        card.paste.invoke()
    elif way == "beside its place":
        window.press(card.server, "<<Paste>>")
    elif way == "typed":
        window.type(card.line, text)
        window.press(card.line, "<Return>")
    else:
        window.press(card.line, "<<Paste>>")
    window.until(lambda: window.app.state.user_id == "lab-7", what="the user_id")
    window.live()
    assert card.line.get() == ""
    assert card.server.get() == "mqtts://broker.example.org:8884"
    assert card.key.get() == "the-key"
    assert card.key["show"] == "•"
    assert "certificate" in card.certificate["text"]
    assert window.app.identity.user_id.get() == "lab-7"
    assert load_identity(home).user_id == "lab-7"
    window.until(lambda: "the-key" in settings_text(home), what="the settings")


def settings_text(home: Path) -> str:
    path = home / "settings.toml"
    return path.read_text("utf-8") if path.exists() else ""


def test_another_user_is_refused_while_scans_wait_and_nothing_is_lost(
    home: Path, display: str
) -> None:
    wait_in_outbox(home, 3)
    before = load_identity(home)
    with open_app(home, display) as window:
        assert window.counter("waiting") == "3"
        window.put_on_clipboard(NOWHERE.connection_string())
        window.app.connection.paste.invoke()
        window.until(lambda: window.app.state.notice, what="the refusal")
        window.live()
        assert "3 scans still wait to be sent" in window.app.connection.notice["text"]
        assert window.app.connection.server.get() == ""
    assert load_identity(home) == before
    outbox = Outbox.open(home / "outbox.sqlite")
    assert outbox.waiting_count() == 3
    outbox.close()


def test_what_is_wrong_is_a_sentence_beside_the_entries(window: OpenApp) -> None:
    window.put_on_clipboard("something else")
    window.app.connection.paste.invoke()
    window.live()
    assert "starts with mqtt://" in window.app.connection.notice["text"]
    assert window.app.connection.notice.winfo_ismapped()
    window.type(window.app.connection.server, "mqtt://127.0.0.1")
    assert not window.app.connection.notice.winfo_ismapped()
    window.press(window.app.connection.server, "<Return>")
    assert "Choose the folder" in window.app.connection.notice["text"]


def test_the_key_can_be_looked_at(window: OpenApp) -> None:
    card = window.app.connection
    card.reveal.invoke()
    assert (card.key["show"], card.reveal["text"]) == ("", "Hide")
    card.reveal.invoke()
    assert (card.key["show"], card.reveal["text"]) == ("•", "Show")


def test_nothing_is_sent_until_somebody_agrees_and_once_is_enough(
    home: Path, display: str, tmp_path: Path
) -> None:
    home.mkdir()
    (home / "consent.txt").write_text("We send everything to µ.", "utf-8")
    with open_app(home, display) as window:
        fill_in(window, tmp_path)
        window.app.band.button.invoke()
        window.live()
        dialogue = window.app.dialogue
        assert dialogue is not None
        assert "We send everything to µ." in dialogue.text.get("1.0", "end")  # type: ignore[attr-defined]
        window.answer("Cancel")
        assert window.app.state.phase == "stopped"
        assert not (home / "consent.json").exists()
        window.app.band.button.invoke()
        window.answer("Accept")
        assert window.app.state.phase in ("starting", "running")
        window.until(lambda: (home / "consent.json").exists(), what="the record")
        window.until(lambda: "▲ No connection" in window.words, what="the attempt")
    assert json.loads((home / "consent.json").read_text("utf-8"))["accepted_at"]
    with open_app(home, display) as window:
        window.app.band.button.invoke()
        window.live()
        assert window.app.dialogue is None
        assert window.app.state.phase != "stopped"


def fill_in(window: OpenApp, folder: Path) -> None:
    window.type(window.app.connection.server, str(NOWHERE))
    window.type(window.app.connection.key, "the-key")
    window.type(window.app.connection.folder, str(folder))


def test_keys_alone_are_enough(home: Path, display: str, tmp_path: Path) -> None:
    home.mkdir()
    (home / "consent.txt").write_text("")
    with open_app(home, display) as window:
        card = window.app.connection
        window.press(window.root, "<Alt-v>")
        assert window.root.focus_get() is card.server
        fill_in(window, tmp_path)
        window.press(window.root, "<Alt-k>")
        assert window.root.focus_get() is card.key
        window.press(card.key, "<Return>")
        assert window.app.state.phase in ("starting", "running")
        window.until(lambda: "No connection" in window.words, what="the attempt")
        window.press(window.root, "<Alt-s>")
        window.until(lambda: window.app.state.phase == "stopped", what="the stop")


def test_the_order_of_the_tab_key_is_that_of_the_eye(window: OpenApp) -> None:
    card = window.app.connection
    window.live(0.2)
    order: list[tk.Misc] = [card.line, card.paste, card.server, card.key, card.reveal, card.folder]
    for one, following in zip(order, [*order[1:], card.choose], strict=True):
        assert one.tk_focusNext() is following


def test_settings_are_kept_and_a_wrong_one_is_said(window: OpenApp, home: Path) -> None:
    window.app.band.settings.invoke()
    window.live()
    dialogue = window.app.dialogue
    assert isinstance(dialogue, SettingsDialogue)
    dialogue.quiet.set("0")
    window.answer("Save")
    assert "quiet" in dialogue.error["text"]
    dialogue.quiet.set("3,5")
    dialogue.technique.set("Square-wave voltammetry")
    dialogue.backlog.set("None")
    dialogue.connect.set(True)
    dialogue.log_level.set("debug")
    window.answer("Save")
    window.until(lambda: read_settings(home).quiet == 3.5, what="the settings")
    kept = read_settings(home)
    assert (kept.start, kept.backlog, kept.connect) == ("swv", "none", True)
    window.app.band.settings.invoke()
    again = window.app.dialogue
    assert isinstance(again, SettingsDialogue)
    assert again.technique.get() == "Square-wave voltammetry"
    again.quiet.set("100")
    window.answer("Cancel")
    assert read_settings(home).quiet == 3.5


def test_quitting_asks_while_scans_are_waiting_and_keeps_them(home: Path, display: str) -> None:
    wait_in_outbox(home, 2)
    with open_app(home, display) as window:
        protocol = window.root.protocol("WM_DELETE_WINDOW")
        window.root.tk.call(protocol)
        window.live()
        sentence = window.app.dialogue.sentence["text"]  # type: ignore[union-attr]
        assert "2 scans are not sent yet" in sentence
        assert "sent when the agent is started again" in sentence
        window.press(window.app.dialogue, "<Escape>")  # type: ignore[arg-type]
        window.root.tk.call(protocol)
        window.app.dialogue.buttons["Quit"].invoke()  # type: ignore[union-attr]
        with pytest.raises(tk.TclError):
            window.root.winfo_geometry()
    outbox = Outbox.open(home / "outbox.sqlite")
    assert outbox.waiting_count() == 2
    outbox.close()


def test_a_second_window_with_the_same_home_says_so(
    home: Path, display: str, tmp_path: Path
) -> None:
    home.mkdir()
    (home / "consent.txt").write_text("")
    with open_app(home, display) as first:
        fill_in(first, tmp_path)
        first.app.band.button.invoke()
        first.until(lambda: "No connection" in first.words, what="the attempt")
        with open_app(home, display) as second:
            second.app.band.button.invoke()
            second.until(lambda: "✕ Stopped" in second.words, what="the refusal")
            assert "running with the home folder" in second.words


def test_what_a_closed_dialogue_leaves_is_collected_in_the_main_thread_alone(
    window: OpenApp,
) -> None:
    window.app.band.settings.invoke()
    window.answer("Cancel")
    thread = threading.Thread(target=lambda: [[[]] for _ in range(200_000)])
    thread.start()
    thread.join()
    assert not gc.isenabled()
    window.live(0.2)


def test_widgets_belong_to_the_main_thread(
    window: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes from other threads waits on a queue until the window fetches it."""
    threads: set[str] = set()
    seen = window.app._put
    monkeypatch.setattr(
        window.app,
        "_put",
        lambda event: (threads.add(threading.current_thread().name), seen(event)),
    )
    fill_in(window, ROOT)
    window.put_on_clipboard(NOWHERE.connection_string())
    window.app.connection.paste.invoke()
    window.until(lambda: window.app.state.user_id == "lab-7", what="the user_id")
    assert threads == {threading.main_thread().name}


def test_the_first_line_after_a_sleep_is_shown(window: OpenApp) -> None:
    logging.getLogger().info("before the sleep")
    window.until(lambda: "before the sleep" in window.log, what="the first line")
    assert window.app.state.ticked_at_s is not None
    window.app.tell(events.Ticked(window.app.state.ticked_at_s + 1200))
    assert "slept for about 20 min" in window.log
    logging.getLogger().info("after the sleep")
    window.until(
        lambda: any(line.text == "after the sleep" for line in window.app.state.log),
        what="the line in the state",
    )
    assert "after the sleep" in window.log


def test_what_came_meanwhile_is_shown_once(
    window: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[int] = []
    show = window.app.counters.show
    with monkeypatch.context() as patch:
        patch.setattr(window.app.counters, "show", lambda face: (shown.append(1), show(face)))
        for count in range(150):
            window.app._told.put(events.Viewed(view(seen=count)))
        window.until(lambda: window.counter("seen") == "149", what="the last view")
        assert len(shown) == 1


def test_an_error_is_logged_and_the_window_goes_on(
    window: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_event: object) -> None:
        raise ValueError("broken")

    with monkeypatch.context() as patch:
        patch.setattr(window.app, "_put", broken)
        window.live(0.3)
    window.until(lambda: "The window failed" in window.log, what="the line in the log")
    window.app.identity.copy.invoke()
    assert window.app.identity.copy["text"] == "✓ Copied"


@pytest.mark.parametrize(("console", "said"), [(True, []), (False, ["cannot be made"])])
def test_what_keeps_it_from_opening_is_said_in_a_box_where_there_is_no_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, console: bool, said: list[str]
) -> None:
    boxes: list[str] = []
    monkeypatch.setattr("tkinter.messagebox.showerror", lambda _title, text: boxes.append(text))
    monkeypatch.setattr("sys.argv", ["sacmes-agent-gui"])
    monkeypatch.setenv("SACMES_HOME", str(tmp_path / "file" / "home"))
    (tmp_path / "file").touch()
    if not console:
        monkeypatch.setattr("sys.stderr", None)
    with pytest.raises(SystemExit) as ended:
        gui_main()
    assert ended.value.code == 2
    assert [text in box for text, box in zip(said, boxes, strict=True)] == [True] * len(said)


def test_a_damaged_settings_file_is_said_in_the_window(home: Path, display: str) -> None:
    home.mkdir()
    (home / "settings.toml").write_text("quiet = 0\n")
    with open_app(home, display) as window:
        window.live()
        assert "quiet" in window.app.connection.notice["text"]


def test_a_small_screen_shows_everything(window: OpenApp) -> None:
    width, height = window.root.minsize()
    window.root.geometry(f"{width}x{height}")
    window.live(0.3)
    for widget in (window.app.band.button, window.app.connection.choose, window.app.session.detail,
                   window.app.pages.log.text, window.app.scan.trend):  # fmt: skip
        right = widget.winfo_rootx() + widget.winfo_width() - window.root.winfo_rootx()
        foot = widget.winfo_rooty() + widget.winfo_height() - window.root.winfo_rooty()
        assert right <= width
        assert foot <= height


@pytest.mark.parametrize("platform", ["win32", "darwin", "linux"])
def test_how_to_start_at_login_is_explained(platform: str) -> None:
    assert "sacmes-agent-gui" in login_hint(platform)


def test_the_command_opens_the_window_and_ends_at_a_signal(display: str, tmp_path: Path) -> None:
    with programs.running(
        "sacmes-agent", "gui", "--home", tmp_path, log=tmp_path / "log", DISPLAY=display
    ) as process:
        wait_until((tmp_path / "agent" / "identity.json").exists, what="the identity")
        time.sleep(0.5)
        assert process.poll() is None
        assert programs.end(process) == 0
    assert "Traceback" not in (tmp_path / "log").read_text("utf-8")


def test_without_a_screen_it_says_what_to_use(tmp_path: Path) -> None:
    environment = programs.environment()
    environment.pop("DISPLAY", None)
    said = subprocess.run(
        programs.command("sacmes-agent", "gui", "--home", tmp_path),
        env=environment, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert said.returncode == 1
    assert "sacmes-agent watch" in said.stderr
    assert "Traceback" not in said.stderr


def test_without_tkinter_it_says_what_to_install(tmp_path: Path) -> None:
    run = (
        "import sys; sys.modules['tkinter'] = None; from agent.cli import main;"
        f"sys.argv = ['sacmes-agent', 'gui', '--home', {str(tmp_path)!r}]; main()"
    )
    said = subprocess.run(
        [sys.executable, "-c", run],
        env=programs.environment(), capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert said.returncode == 1
    assert "python3-tk" in said.stderr


@pytest.mark.parametrize(("how", "opens"), [("frozen", True), ("no console", True), ("", False)])
def test_a_double_click_opens_the_window_and_a_terminal_gets_help(
    display: str, tmp_path: Path, how: str, opens: bool
) -> None:
    run = (
        f"import sys; sys.argv = ['sacmes-agent']; how = {how!r}\n"
        "if how == 'frozen': sys.frozen = True\n"
        "if how == 'no console': sys.stdout = sys.stderr = None\n"
        "from agent.cli import main\nmain()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", run],
        env=programs.environment(DISPLAY=display, SACMES_HOME=str(tmp_path)),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    try:
        identity = tmp_path / "agent" / "identity.json"
        wait_until(lambda: identity.exists() or process.poll() is not None, what="something")
        assert identity.exists() == opens
    finally:
        process.terminate()
        process.communicate(timeout=15)
