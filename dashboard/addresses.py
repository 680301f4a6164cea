"""Addresses of what this server itself serves, below the path that it may have been given."""

import streamlit as st


def own_address(path: str) -> str:
    """The address of a path of ours, as the browser has to ask for it."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}/{path}" if base else f"/{path}"
