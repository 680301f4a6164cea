"""The frame around the pages: navigation, who is signed in, the way out."""

import base64
import html
from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from dashboard import access, recent

_DRAWING: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" fill="none">'
    '<path d="M2 25C8 24 10 23 12 17C14 9 15 5 16.5 5C18 5 19 9 21 17C23 23 25 25.5 30 26" '
    'stroke="#2480D0" stroke-width="2.8"/>'
    '<path d="M2 28.8C12 27.8 22 28.8 30 29.4" stroke="#8C959F" stroke-width="1.7" '
    'stroke-dasharray="2.6 3.4"/><circle cx="16.5" cy="5" r="3.2" fill="#D55E00"/></svg>'
)
MARK: Final = (
    '<img alt="" width="{size}" height="{size}" '
    f'src="data:image/svg+xml;base64,{base64.b64encode(_DRAWING.encode()).decode()}">'
)
"""A voltammogram with its baseline and peak, to be formatted with a size in pixels."""

STYLE: Final = """
[data-testid="stMainBlockContainer"] { padding: 1.4rem 2rem 1rem; }
[data-testid="stHeader"] { background: transparent; height: 2.4rem; }
[data-testid="stSidebar"] { min-width: 208px; max-width: 208px; }
[data-testid="stSidebarUserContent"] { padding: 0 1rem 1rem; }
[data-testid="stSidebarHeader"] { height: 1.6rem; margin: 0; padding: 0.4rem 0.6rem 0; }
[data-testid="stHeading"] h3 { font-size: 1.15rem; padding: 0.4rem 0 0.2rem; }
.sacmes-name { display: flex; align-items: center; gap: 0.5rem; font-size: 1.35rem;
  font-weight: 700; letter-spacing: -0.02em; margin: 0; }
.sacmes-who { font-size: 0.8rem; opacity: 0.75; overflow-wrap: anywhere; margin: 0; }
.sacmes-group { font-size: 0.72rem; font-weight: 600; letter-spacing: 0.05em; opacity: 0.65;
  text-transform: uppercase; margin: 0.5rem 0 -0.6rem; }
.sacmes-brand { margin: 9vh 0 0.4rem; }
.sacmes-brand h1 { display: flex; align-items: center; gap: 0.7rem; font-size: 2.5rem;
  font-weight: 700; letter-spacing: -0.03em; padding: 0; margin: 0; }
.sacmes-brand p { font-size: 1.02rem; opacity: 0.8; margin: 0.3rem 0 0.6rem; }
.sacmes-alert { border-left: 4px solid #D55E00; padding: 0.5rem 0.9rem;
  background: color-mix(in srgb, #E69F00 14%, transparent); border-radius: 4px; }
"""


def show(groups: Mapping[str, Sequence[Any]]) -> None:
    """Show the sidebar of a page that is signed in."""
    held = access.credentials()
    with st.sidebar:
        st.html(f'<p class="sacmes-name">{MARK.format(size=26)}sacmes</p>')
        for group, pages in groups.items():
            st.html(f'<p class="sacmes-group">{group}</p>')
            for page in pages:
                st.page_link(page)
        st.divider()
        as_whom = "" if held.username == held.user_id else f"<br>as {html.escape(held.username)}"
        st.html(f'<p class="sacmes-who">{html.escape(held.user_id)}{as_whom}</p>')
        st.button("Sign out", on_click=access.sign_out, width="stretch")
        remembered = access.take_remembered()
        if remembered:
            recent.remember(remembered)
