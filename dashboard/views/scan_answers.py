"""Answers of the analyzer about scans, which a page asks for once and keeps."""

from collections.abc import Hashable
from dataclasses import dataclass

import streamlit as st

from dashboard import access, panels
from dashboard.blocks import Notice
from dashboard.connection import AskError
from sacmes_core import questions
from sacmes_core.payloads.questions import ScanQuery, TrialQuery
from sacmes_core.payloads.replies import ScanReply


@dataclass(frozen=True, slots=True)
class ScanAnswers:
    """The newest answers of one page, in the state of the viewer's browser session.

    Attributes
    ----------
    name
        Where they are kept in the state.
    most
        So many are kept; the oldest goes first.
    refused
        Title of the notice where there is no answer.
    problem
        Where the reason is kept until it is shown.
    """

    name: str
    most: int
    refused: str
    problem: str

    def known(self, key: Hashable) -> ScanReply | None:
        """The answer that is kept under a key."""
        return self._kept().get(key)

    def ask(
        self, key: Hashable, question: questions.Question, query: ScanQuery | TrialQuery
    ) -> ScanReply | None:
        """Ask, and keep the answer; without one `show_problem` says why, and nothing is kept."""
        try:
            reply = access.connection().ask(question, query)
        except AskError as error:
            st.session_state[self.problem] = str(error)
            return None
        assert isinstance(reply, ScanReply)
        kept = self._kept()
        while len(kept) >= self.most:
            kept.pop(next(iter(kept)))
        kept[key] = reply
        return reply

    def show_problem(self) -> None:
        """Say, once for all that was asked, why there was no answer."""
        said = st.session_state.pop(self.problem, None)
        if said is not None:
            notice = Notice(self.refused, said, "attention")
            panels.show_notice(notice, key=f"{self.problem}_notice")

    def _kept(self) -> dict[Hashable, ScanReply]:
        kept: dict[Hashable, ScanReply] = st.session_state.setdefault(self.name, {})
        return kept
