"""The pages of the dashboard; run anew for every turn of every viewer."""

import streamlit as st

from dashboard import access
from dashboard.navigation import register
from dashboard.pages import GROUPS
from dashboard.views import alert_banner, sidebar, sign_in

st.set_page_config(
    page_title="sacmes", page_icon="📈", layout="wide", initial_sidebar_state="expanded"
)
st.html(f"<style>{sidebar.STYLE}</style>")

if access.signed_in():
    groups = register(GROUPS)
    st.query_params["user_id"] = access.credentials().user_id
    chosen = st.navigation(groups, position="hidden")
    sidebar.show(groups)
    alert_banner.show()
    chosen.run()
else:
    st.navigation([st.Page(sign_in.page, title="Sign in")], position="hidden").run()
