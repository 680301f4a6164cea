"""The pages of the dashboard; run anew for every turn of every viewer."""

from pathlib import Path

import streamlit as st

from dashboard import access
from dashboard.navigation import register
from dashboard.pages import GROUPS
from dashboard.views import alert_banner, monitor, sidebar, sign_in

_HERE = Path(__file__)
st.set_page_config(page_title="sacmes", page_icon=_HERE.with_name("mark.svg"), layout="wide")
st.html(_HERE.with_name("page.css"))

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
    alert_banner.show()
    chosen.run()
