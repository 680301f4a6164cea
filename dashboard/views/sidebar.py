"""The frame around the pages: navigation, who is signed in, the way out."""

import html
from collections.abc import Sequence
from typing import Any, Final

import streamlit as st

from dashboard import access, recent

STYLE: Final = """
[data-testid="stMainBlockContainer"] { padding: 1.4rem 2rem 1rem; }
[data-testid="stHeader"] { background: transparent; height: 2.4rem; }
[data-testid="stSidebar"] { min-width: 208px; max-width: 208px; }
[data-testid="stSidebarUserContent"] { padding-bottom: 1rem; }
.sacmes-name { font-size: 1.35rem; font-weight: 700; letter-spacing: -0.02em; margin: 0; }
.sacmes-who { font-size: 0.8rem; opacity: 0.75; overflow-wrap: anywhere; margin: 0; }
.sacmes-brand { margin: 7vh 0 0.4rem; }
.sacmes-brand h1 { font-size: 2.5rem; font-weight: 700; letter-spacing: -0.03em; padding: 0;
  margin: 0; }
.sacmes-brand p { font-size: 1.02rem; opacity: 0.8; margin: 0.3rem 0 0.6rem; }
.sacmes-alert { border-left: 4px solid #D55E00; padding: 0.5rem 0.9rem;
  background: color-mix(in srgb, #E69F00 14%, transparent); border-radius: 4px; }
"""


def show(pages: Sequence[Any]) -> None:
    """Show the sidebar of a page that is signed in."""
    held = access.credentials()
    with st.sidebar:
        st.html('<p class="sacmes-name">sacmes</p>')
        for page in pages:
            st.page_link(page)
        st.divider()
        as_whom = "" if held.username == held.user_id else f"<br>as {html.escape(held.username)}"
        st.html(f'<p class="sacmes-who">{html.escape(held.user_id)}{as_whom}</p>')
        st.button("Sign out", on_click=access.sign_out, width="stretch")
        remembered = access.take_remembered()
        if remembered:
            recent.remember(remembered)
