"""What the pages of cycles and of decays have in common: the trend, and numbers that are tried."""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import streamlit as st

from dashboard import panels
from dashboard.blocks import Notice
from dashboard.charts import electrodes_in
from dashboard.live_plot import live_plot
from dashboard.live_state import LiveState
from dashboard.number_panels import TRIED_COLUMNS, tried_rows
from dashboard.number_trend import NumberView, newest_of, number_figure
from dashboard.quantities import Quantity
from dashboard.standing import dimmed
from dashboard.trend import Peak
from dashboard.views import trend_choice, unit_choice
from dashboard.views.zone import viewer_zone
from sacmes_core.payloads.replies import ScanReply

TRIED_PX: Final = 300


@dataclass(frozen=True, slots=True)
class TrendSection:
    """The trend of one number of a page, and the choice of which and over what.

    Attributes
    ----------
    page
        Begins the keys of the choices.
    chart
        Name of the chart.
    first
        Name of the quantity that is shown until another is chosen.
    """

    page: str
    chart: str
    first: str
    choice_px: int
    chart_px: int

    def show_choice(self, every: Mapping[str, Quantity]) -> None:
        """Show the choice, of these quantities by their names."""
        with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
            st.selectbox(
                "Trend of",
                list(every),
                format_func=lambda name: every[name].title,
                key=f"{self.page}_quantity",
                label_visibility="collapsed",
                width=self.choice_px,
            )
            trend_choice.show_abscissa(f"{self.page}_abscissa", label="Over")

    def show(
        self, state: LiveState, every: Mapping[str, Quantity], electrodes: tuple[int, ...] = ()
    ) -> None:
        """Show the chart, of all electrodes where none is given."""
        if state.shown is None:
            return
        name: str = st.session_state.get(f"{self.page}_quantity", self.first)
        if name not in every:
            name = self.first
        view = NumberView(
            name,
            trend_choice.abscissa(f"{self.page}_abscissa"),
            electrodes,
            unit_choice.chosen(),
            dimmed(state, time.time()),
            viewer_zone(),
        )
        live_plot(
            number_figure(state.shown, every[name], view),
            name=self.chart,
            alt=f"{every[name].title} over {len(state.shown.scans)} scans",
            height=self.chart_px,
        )


def shape(state: LiveState) -> tuple[object, ...]:
    """What decides which controls stand on the page."""
    return (electrodes_in(state.shown),)


def show_judgement(sentences: Sequence[str], key: str) -> None:
    """Show what somebody should judge, where there is anything."""
    if sentences:
        notice = Notice("To be judged", sentences[0], "attention", steps=tuple(sentences[1:]))
        panels.show_notice(notice, key=key)


def tried_in_vain(reply: ScanReply, title: str) -> bool:
    """Show why trying gave no numbers; False where it gave some."""
    if reply.result.error is None:
        return False
    panels.show_notice(Notice(title, reply.result.error, "attention"), key="tried_notice")
    return True


def show_tried(
    state: LiveState, electrode: int, tried: Peak | None, quantities: Collection[Quantity]
) -> None:
    """Show the numbers of an electrode as they are and as they would be."""
    found = newest_of(state.shown, electrode)
    now = found[1] if found is not None else None
    rows = tried_rows(now, tried, list(quantities), unit_choice.chosen())
    panels.show_table(
        TRIED_COLUMNS, rows, label="Numbers now and tried", height=TRIED_PX, key="tried_table"
    )
