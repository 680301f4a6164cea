"""The window's reducer: what is typed, asked and answered, without a screen."""

from dataclasses import replace

import pytest
from support.agents import session_document
from support.windows import CA_PEM, result, stepped, view

from agent.settings import AgentSettings
from agent.window import events
from agent.window.model import COPIED_S, LOG_MAX, Draft, Window, waiting
from agent.window.record import LogLine
from sacmes_core.address import BrokerAddress

READY = Window(
    user_id="lab-7", draft=Draft(server="mqtts://broker:8883", key="k", folder="C:\\CHI")
)
LINE = BrokerAddress("mqtts", "broker", 8884, "lab-9", "secret", ca_pem=CA_PEM).connection_string()


def started(state: Window = READY) -> Window:
    return stepped(state, events.ConnectAsked())[0]


def running(**changes: object) -> Window:
    return stepped(started(), events.Viewed(view(**changes)))[0]


def test_a_connection_string_asks_for_its_user_and_then_fills_everything_in() -> None:
    state, wanted = stepped(READY, events.Pasted(f"  {LINE}\n"))
    assert wanted == [events.Adopt(BrokerAddress.parse(LINE))]
    assert state.draft == READY.draft
    address = BrokerAddress.parse(LINE)
    state, wanted = stepped(state, events.Adopted(address, "lab-9"))
    assert (state.user_id, state.draft.server) == ("lab-9", "mqtts://broker:8884")
    assert (state.draft.key, state.draft.ca_pem) == ("secret", CA_PEM)
    assert state.draft.folder == "C:\\CHI"
    assert isinstance(wanted[0], events.Keep)
    kept = dict(wanted[0].changes)
    assert kept["key"] == "secret"
    assert "secret" not in str(kept["broker"])
    assert BrokerAddress.parse(str(kept["broker"])).ca_pem == CA_PEM


def test_one_typed_as_the_server_letter_by_letter_is_adopted_when_it_is_connected() -> None:
    letters = [events.Edited("server", LINE[:k]) for k in range(1, len(LINE) + 1)]
    state, wanted = stepped(READY, *letters)
    assert wanted == []
    state, wanted = stepped(state, events.ConnectAsked())
    assert wanted == [events.Adopt(BrokerAddress.parse(LINE))]
    assert state.phase == "stopped"
    refused, _ = stepped(state, events.Failed("3 scans still wait."))
    assert not refused.connect_next
    state, wanted = stepped(state, events.Adopted(BrokerAddress.parse(LINE), "lab-9"))
    assert state.phase == "starting"
    assert state.draft.server == "mqtts://broker:8884"
    started_with = wanted[-1]
    assert isinstance(started_with, events.Start)
    assert started_with.order.address == BrokerAddress.parse(LINE)


def test_a_refused_user_leaves_everything_as_it_was() -> None:
    state, wanted = stepped(READY, events.Pasted(LINE), events.Failed("3 scans still wait."))
    assert state == replace(READY, notice="3 scans still wait.")
    assert len(wanted) == 1


@pytest.mark.parametrize("text", ["hello", "sacmes://u:k@h?ca=damaged"])
def test_what_is_no_connection_string_is_a_sentence(text: str) -> None:
    state, wanted = stepped(READY, events.Pasted(text))
    assert state.notice is not None
    assert wanted == []
    assert stepped(READY, events.Pasted("  ")) == (READY, [])


def test_nothing_is_adopted_while_the_agent_runs() -> None:
    state, wanted = stepped(running(), events.Pasted(LINE))
    assert wanted == []
    assert state.notice is not None
    assert "Stop the agent first" in state.notice


def test_connect_keeps_what_is_typed_and_starts() -> None:
    state, wanted = stepped(READY, events.ConnectAsked(), events.ConnectAsked())
    assert state.phase == "starting"
    keep, start = wanted
    assert isinstance(keep, events.Keep)
    assert ("folder", "C:\\CHI") in keep.changes
    assert isinstance(start, events.Start)
    assert start.order.address == BrokerAddress("mqtts", "broker", 8883, "lab-7", "k")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"server": " "}, "Paste the connection string"),
        ({"folder": ""}, "Choose the folder"),
        ({"server": "http://broker"}, "starts with mqtt://"),
    ],
)
def test_what_is_missing_is_said(changes: dict[str, str], sentence: str) -> None:
    state = replace(READY, draft=replace(READY.draft, **changes))
    state, wanted = stepped(state, events.ConnectAsked())
    assert state.notice is not None
    assert sentence in state.notice
    assert (state.phase, wanted) == ("stopped", [])


def test_a_name_alone_is_an_encrypted_server() -> None:
    draft = Draft(server=" broker.example.org ", key="k", folder="f")
    address = draft.address("lab-7")
    assert (address.scheme, address.port, address.username) == ("mqtts", 8883, "lab-7")


def test_a_private_certificate_goes_with_its_host_alone() -> None:
    draft = Draft().of(BrokerAddress.parse(LINE))
    assert replace(draft, server="mqtts://broker:9999").address("x").ca_pem == CA_PEM
    assert replace(draft, server="mqtts://elsewhere").address("x").ca_pem is None


def test_a_username_in_the_server_shows_only_while_it_is_another_one() -> None:
    draft = Draft(server="mqtts://lab-7@broker:8883")
    assert draft.address("other").username == "lab-7"
    same, _ = stepped(Window(draft=draft), events.HomeRead("lab-7", 0))
    assert same.draft.server == "mqtts://broker:8883"
    other, _ = stepped(Window(draft=draft), events.HomeRead("other", 0))
    assert other.draft == draft


def test_nothing_starts_before_somebody_agrees() -> None:
    state, wanted = stepped(replace(READY, consent="We send."), events.ConnectAsked())
    assert wanted == [events.AskConsent("We send.")]
    refused, wanted = stepped(state, events.Consented(False))
    assert (refused.phase, wanted) == ("stopped", [])
    assert refused.notice is not None
    again = stepped(refused, events.ConnectAsked())[1]
    assert again == [events.AskConsent("We send.")]
    state, wanted = stepped(state, events.Consented(True))
    assert wanted[0] == events.RememberConsent("We send.")
    assert isinstance(wanted[-1], events.Start)
    assert state.consent == ""


def test_it_connects_by_itself_where_that_is_set() -> None:
    home = events.HomeRead("lab-7", 0, connect=True)
    assert isinstance(stepped(READY, home)[1][-1], events.Start)
    state, wanted = stepped(Window(), home)
    assert wanted == []
    assert state.phase == "stopped"


def test_stop_and_the_end() -> None:
    state, wanted = stepped(running(waiting=2), events.StopAsked(), events.StopAsked())
    assert (state.phase, wanted) == ("stopping", [events.Stop()])
    state, wanted = stepped(state, events.Viewed(view()), events.Ended(None, 2))
    assert (state.phase, state.waiting, state.ended, wanted) == ("stopped", 2, None, [])
    assert waiting(state) == 2


def test_an_end_that_nobody_asked_for_is_said_until_the_next_start() -> None:
    state, _ = stepped(running(), events.Ended("Another agent has it.", 0))
    assert state.ended == "Another agent has it."
    assert started(state).ended is None


def test_a_new_run_forgets_what_the_last_one_showed() -> None:
    state = running(result=result())
    assert state.record.last is not None
    again = started(stepped(state, events.Ended(None))[0])
    assert (again.view, again.record.last, again.was_connected) == (None, None, False)


def test_copied_is_said_for_two_seconds() -> None:
    state, wanted = stepped(READY, events.Copied(), now=10.0)
    assert wanted == [events.Copy("lab-7")]
    assert state.copied_until == 10.0 + COPIED_S


def test_quit_asks_only_while_scans_are_waiting() -> None:
    assert stepped(READY, events.QuitAsked())[1] == [events.Close()]
    state, wanted = stepped(running(waiting=0), events.QuitAsked())
    assert (state.phase, wanted) == ("stopping", [events.Stop()])
    assert stepped(state, events.Ended(None))[1] == [events.Close()]
    state, wanted = stepped(running(waiting=3), events.QuitAsked())
    assert isinstance(wanted[0], events.AskQuit)
    assert "3 scans are not sent yet" in wanted[0].sentence
    assert "kept on this computer and sent when the agent is started again" in wanted[0].sentence
    assert state.phase == "running"
    assert stepped(state, events.QuitConfirmed())[1] == [events.Stop()]


def test_one_that_waits_while_nothing_runs_is_asked_about_too() -> None:
    state = replace(READY, waiting=1)
    asked = stepped(state, events.QuitAsked())[1][0]
    assert isinstance(asked, events.AskQuit)
    assert asked.sentence.startswith("1 scan is not sent")
    assert stepped(state, events.QuitConfirmed())[1] == [events.Close()]


def test_a_second_quit_does_not_wait_for_what_hangs() -> None:
    state, _ = stepped(running(), events.QuitAsked())
    assert stepped(state, events.QuitAsked())[1] == [events.Close()]


def test_settings_are_kept_without_the_usual_ones() -> None:
    chosen = AgentSettings(quiet=5.0, take_over=True)
    state, wanted = stepped(READY, events.SettingsChosen(chosen))
    assert state.settings == chosen
    assert isinstance(wanted[0], events.Keep)
    kept = dict(wanted[0].changes)
    assert {name: value for name, value in kept.items() if value is not None} == {
        "quiet": 5.0,
        "take_over": True,
    }
    assert "folder" not in kept
    assert kept["subfolders"] is None


def test_the_log_is_bounded_and_says_that_the_computer_slept() -> None:
    lines = tuple(LogLine(0.0, "info", "x") for _ in range(LOG_MAX + 9))
    state, _ = stepped(READY, events.Logged(lines))
    assert len(state.log) == LOG_MAX
    state, _ = stepped(state, events.Ticked(1000.0), events.Ticked(1000.1))
    assert state.log[-1].text == "x"
    state, _ = stepped(state, events.Ticked(1000.0 + 20 * 60))
    assert "slept for about 20 min" in state.log[-1].text
    state, _ = stepped(state, events.Logged(lines[:2]))
    numbers = [line.number for line in state.log]
    assert numbers == list(range(numbers[0], LOG_MAX + 13))
    backwards, _ = stepped(state, events.Ticked(5.0))
    assert backwards.log == state.log


def test_retry_goes_to_the_agent() -> None:
    assert stepped(running(), events.RetryAsked())[1] == [events.Retry()]


def test_results_of_another_session_are_not_shown() -> None:
    other = session_document(session_id="1f8fad5b-d9cb-469f-a165-70867728950e")
    state = running(result=result(), session=other)
    assert state.record.last is None
