"""The pages of the dashboard; run anew for every turn of every viewer."""

from pathlib import Path

import streamlit as st

from dashboard import access
from dashboard.navigation import register
from dashboard.pages import GROUPS
from dashboard.views import monitor, sidebar, sign_in

st.set_page_config(page_title="sacmes", page_icon="📈", layout="wide")
st.html(Path(__file__).with_name("page.css"))

# The pages are there whoever looks, so that a reloaded address finds its page again.
groups = register(GROUPS)
chosen = st.navigation(groups, position="hidden")
if not access.signed_in():
    sign_in.page()
elif st.query_params.get("view") == monitor.VIEW:
    monitor.page()
else:
    st.query_params["user_id"] = access.credentials().user_id
    sidebar.show(groups)
    chosen.run()
