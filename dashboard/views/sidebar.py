"""The frame around the pages: navigation, who is signed in, the way out."""

import base64
import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import streamlit as st

from dashboard import access, fold, keeper, recent

_DRAWING: Final = Path(__file__).parent.with_name("mark.svg").read_bytes()
MARK: Final = (
    '<img alt="" width="{size}" height="{size}" '
    f'src="data:image/svg+xml;base64,{base64.b64encode(_DRAWING).decode()}">'
)
"""A voltammogram with its baseline and peak, to be formatted with a size in pixels."""


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
        colleague = held.username != held.user_id
        as_whom = f"<br>read only, as {html.escape(held.username)}" if colleague else ""
        st.html(f'<p class="sacmes-who">{html.escape(held.user_id)}{as_whom}</p>')
        st.button("Sign out", on_click=access.sign_out, width="stretch")
        fold.fold_when_chosen()
        keep_sign_in()


def keep_sign_in() -> None:
    """Give the tab its ticket and the browser what it is to remember."""
    held = access.credentials()
    wanted = access.take_wall_wanted()
    forgotten = access.left_user_ids() if wanted is not False else (held.user_id,)
    keeper.keep(access.ticket(), wall=held if wanted else None, forget_walls=forgotten)
    remembered = access.take_remembered()
    if remembered:
        recent.remember(remembered)
