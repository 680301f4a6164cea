"""How a page changes the settings of the session for everyone, and says what came of it."""

import time
from typing import Final

import streamlit as st

from dashboard import access, panels
from dashboard.blocks import Notice
from dashboard.connection import AskError
from dashboard.settings_words import changes_in_words
from dashboard.standing import clock_words
from dashboard.views.zone import viewer_zone
from sacmes_core import questions
from sacmes_core.payloads.questions import SettingsRequest
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.settings.session import SessionSettings

_SAID: Final = "session_said"


def say(notice: Notice) -> None:
    """Keep a notice for the next turn of the page."""
    st.session_state[_SAID] = notice


def refuse(sentence: str) -> None:
    """Say that nothing was changed, and why."""
    say(Notice("Not changed", sentence, "attention"))


def show_said() -> None:
    """Show what was kept, once."""
    said: Notice | None = st.session_state.pop(_SAID, None)
    if said is not None:
        panels.show_notice(said, key="said")


def apply_for_everyone(
    session: SessionDocument, settings: SessionSettings, *, seen_revision: int | None = None
) -> bool:
    """Ask for other settings of a session, and say what came of it; True if they hold now.

    Parameters
    ----------
    session
        As the viewer sees it.
    seen_revision
        Revision on which the change rests, where it is not that of `session`.
    """
    if settings == session.settings:
        say(Notice("Nothing differs", "The settings hold already.", "idle"))
        return False
    seen = session.revision if seen_revision is None else seen_revision
    request = SettingsRequest(
        seen_revision=seen, by=access.credentials().username, settings=settings
    )
    try:
        access.connection().ask(questions.CHANGE_SETTINGS, request)
    except AskError as error:
        refuse(f"{error}{_by_whom(seen)}")
        return False
    words = changes_in_words(session.settings, settings)
    again = (settings.reading, settings.peak) != (session.settings.reading, session.settings.peak)
    what = "The whole run is analysed anew" if again else "The trend is computed anew"
    say(Notice("Applied", f"{words}. {what} for every viewer.", "good"))
    return True


def _by_whom(seen_revision: int) -> str:
    """Who changed the session meanwhile, where that is the reason."""
    session = access.connection().state.session
    if session is None or session.revision == seen_revision:
        return ""
    when = clock_words(session.changed_at.timestamp(), time.time(), viewer_zone())
    return f" It was changed by {session.changed_by or 'nobody named'} at {when}."
