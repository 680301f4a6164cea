"""The pages of the dashboard; run anew for every turn of every viewer."""

import streamlit as st

from dashboard import access
from dashboard.views import live, session, sidebar, sign_in

st.set_page_config(
    page_title="sacmes", page_icon="📈", layout="wide", initial_sidebar_state="expanded"
)
st.html(f"<style>{sidebar.STYLE}</style>")

if access.signed_in():
    pages = [
        st.Page(
            live.page, title="Live", icon=":material/show_chart:", url_path="live", default=True
        ),
        st.Page(session.page, title="Session", icon=":material/tune:", url_path="session"),
    ]
    st.session_state["live_page"], st.session_state["session_page"] = pages
    st.query_params["user_id"] = access.credentials().user_id
    chosen = st.navigation(pages, position="hidden")
    sidebar.show(pages)
    chosen.run()
else:
    st.navigation([st.Page(sign_in.page, title="Sign in")], position="hidden").run()
