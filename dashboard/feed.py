"""The end of a feed in the page: it hands each part that comes to who shows it."""

from pathlib import Path
from typing import Final

import streamlit as st

from dashboard import access, runtime
from dashboard.addresses import own_address
from dashboard.feeds import FEED_PATH, OVER, Feed
from dashboard.live_parts import Look

_HERE: Final = Path(__file__).parent
_TOKEN: Final = "feed_token"

_component = st.components.v2.component(
    "sacmes_feed",
    html='<div class="feed" hidden></div>',
    js=(_HERE / "feed.js").read_text("utf-8"),
)


def feed_page(look: Look) -> None:
    """Keep the parts of this page as they are now, until it is drawn anew."""
    token = runtime.feeds().open(
        Feed(access.lease(), look), instead_of=st.session_state.get(_TOKEN)
    )
    st.session_state[_TOKEN] = token
    address = own_address(f"{FEED_PATH}/{token}")
    _component(key="feed", data={"address": address, "over": OVER}, on_over_change=_nothing)


def _nothing() -> None:
    pass
