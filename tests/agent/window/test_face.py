"""What the window shows in each state: words, tone, counters and what can be pressed."""

from dataclasses import replace

import pytest
from support.agents import session_document
from support.windows import refusal, result, stepped, view

from agent.view import AgentView
from agent.window import events
from agent.window.face import SIGNS, face
from agent.window.model import Draft, Window
from agent.window.theme import TONES

READY = Window(user_id="lab-7", draft=Draft(server="mqtts://broker:8883", folder="C:\\CHI"))
STARTED = replace(READY, phase="starting")
GONE = ("source", "The folder C:\\CHI is gone.")
LOST = ("broker", "Nothing answers at mqtts://broker:8883.")


def after(*views: AgentView) -> Window:
    return stepped(STARTED, *(events.Viewed(one) for one in views))[0]


@pytest.mark.parametrize(
    ("state", "tone", "words", "sentence"),
    [
        (Window(), "off", "Not connected", "Paste the connection string"),
        (READY, "off", "Not connected", "each finished scan is sent"),
        (replace(READY, waiting=3), "off", "Not connected", "3 scans from before"),
        (replace(READY, ended="Taken over."), "bad", "Stopped", "Taken over."),
        (STARTED, "busy", "Connecting …", "Looking for mqtts://broker:8883"),
        (replace(STARTED, phase="stopping"), "busy", "Stopping …", "kept"),
        (
            after(view(connected=False, problems=(LOST,))),
            "warning",
            "No connection",
            "Nothing answers",
        ),
        (
            after(view(), view(connected=False, problems=(LOST,))),
            "warning",
            "Connection lost",
            "Nothing answers",
        ),
        (after(view()), "good", "Connected", "“Aptamer A3” (square-wave voltammetry)"),
        (
            after(view(session=session_document())),
            "good",
            "Connected",
            "session of square-wave",
        ),
        (after(view(session=None)), "good", "Connected", "open the dashboard"),
        (
            after(view(session=session_document(state="stopped"))),
            "good",
            "Connected",
            "is stopped",
        ),
        (
            after(view(analyzers=(), waiting=2)),
            "warning",
            "Connected, but no analyzer is online",
            "kept here",
        ),
        (
            after(view(problems=(GONE,))),
            "warning",
            "Connected, but the folder needs you",
            "C:\\CHI is gone",
        ),
        (
            after(view(problems=(("start", "Waiting for an analyzer."),))),
            "busy",
            "Connected, waiting for a session",
            "Waiting for an analyzer",
        ),
        (
            after(view(problems=(("new cause", "Something."),))),
            "warning",
            "Connected, but something needs you",
            "Something.",
        ),
    ],
)
def test_status(state: Window, tone: str, words: str, sentence: str) -> None:
    status = face(state, 200.0).status
    assert (status.tone, status.words) == (tone, words)
    assert sentence in status.sentence


def test_no_analyzer_is_no_warning_before_one_can_have_been_heard_of() -> None:
    state = after(view(analyzers=()))
    assert face(state, 101.0).status.tone == "busy"
    assert face(state, 102.0).status.tone == "warning"
    late, _ = stepped(state, events.Viewed(view(analyzers=(), waiting=1)), now=500.0)
    assert face(late, 500.0).status.tone == "warning"


def test_each_tone_has_a_sign_of_its_own_and_colours_that_can_be_read() -> None:
    assert len(set(SIGNS.values())) == len(SIGNS)
    assert SIGNS.keys() == TONES.keys()
    assert all(contrast(ink, ground) > 4.5 for ink, ground in TONES.values())


def contrast(ink: str, ground: str) -> float:
    """Contrast of two colours as WCAG 2.1 defines it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    darker, lighter = sorted((luminance(ink), luminance(ground)))
    return (lighter + 0.05) / (darker + 0.05)


def test_counters_in_the_order_a_scan_passes_them() -> None:
    shown = face(after(view(seen=12000, sent=7, confirmed=5, waiting=4, refused=1)), 0.0)
    assert shown.counters == (
        ("seen", "12\u2009000"),
        ("sent", "7"),
        ("stored", "5"),
        ("waiting", "4"),
        ("refused", "1"),
    )


def test_the_copy_button_says_copied_for_two_seconds() -> None:
    state, _ = stepped(READY, events.Copied(), now=10.0)
    assert face(state, 11.9).copy_text == "✓ Copied"
    assert face(state, 12.0).copy_text == "Copy"


def test_what_can_be_typed_and_pressed() -> None:
    stopped, runs = face(READY, 0.0), face(after(view()), 0.0)
    assert (stopped.typing, stopped.button, stopped.button_works) == (True, "Connect", True)
    assert (runs.typing, runs.button, runs.button_works) == (False, "Stop", True)
    assert not face(replace(READY, phase="stopping"), 0.0).button_works
    assert not face(Window(), 0.0).button_works


def test_refusals_are_listed_and_can_be_sent_again_while_the_agent_runs() -> None:
    shown = face(after(view(refusals=(refusal(), refusal("b.txt")))), 0.0)
    assert shown.refusals_title == "Refused (2)"
    assert shown.refusals[0].reason == "It is no text."
    assert shown.retry_works
    assert not face(after(view(refusals=(refusal(kept=False),))), 0.0).retry_works
    ended = stepped(after(view(refusals=(refusal(),))), events.Ended(None))[0]
    assert not face(ended, 0.0).retry_works
    assert face(READY, 0.0).refusals_title == "Refused"


def test_the_private_certificate_is_mentioned() -> None:
    draft = replace(READY.draft, ca_pem="pem", ca_host="broker")
    assert "certificate" in face(replace(READY, draft=draft), 0.0).certificate
    assert face(READY, 0.0).certificate == ""


def test_the_session_is_described() -> None:
    source = {"handle": "SWV_", "extension": ".txt", "frequencies_hz": (15.0, 200.0)}
    shown = face(after(view(session=session_document(name="Chip 7", source=source))), 0.0)
    assert shown.session[0] == "Chip 7"
    assert "files: SWV_*.txt  ·  15, 200 Hz" in shown.session
    assert face(READY, 0.0).session[0] == "None yet"


def test_the_last_scan_comes_from_the_newest_result() -> None:
    taken = face(after(view(last_file="SWV_9.txt")), 0.0).scan
    assert taken.title == "SWV_9.txt"
    assert "come back" in taken.detail
    analysed = face(after(view(last_file="SWV_9.txt", result=result(4))), 0.0).scan
    assert analysed.title == "SWV_200Hz_4.txt"
