"""The page about the wall screen: its address, and whether its browser keeps the key."""

import streamlit as st

from dashboard import access, keeper, panels
from dashboard.views import header, monitor


def page() -> None:
    """Hand out the address of the wall screen, and let the screen's browser keep the key."""
    held = access.credentials()
    header.show(notices=False)
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("A screen on the wall")
        st.write(
            "The newest numbers and the trend, to be read from across the room: no controls, "
            "nothing can be changed in it. Many electrodes take turns. Open this address on the "
            "screen; the key is not in it."
        )
        panels.show_address(held.user_id, monitor.VIEW)
    with right:
        st.subheader("After a restart of the screen")
        st.write(
            "The screen asks for the key each time it starts, unless its browser keeps it. Whoever "
            "uses that browser can then read and use the key until it is forgotten. Prefer a "
            "username that may only look. Press this on the screen itself."
        )
        keeper.say_wall(held.user_id)
        with st.container(horizontal=True):
            st.button("Keep the key in this browser", on_click=access.want_wall, args=(True,))
            st.button("Forget the key", on_click=access.want_wall, args=(False,))
