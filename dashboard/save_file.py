"""Lets the browser save a file that waits for it, without a further click."""

from pathlib import Path
from typing import Final

import streamlit as st

from dashboard.addresses import own_address
from dashboard.downloads import DOWNLOAD_PATH

_HERE: Final = Path(__file__).parent

_component = st.components.v2.component(
    "sacmes_save_file", js=(_HERE / "save_file.js").read_text("utf-8")
)


def save_file(token: str, file_name: str, *, key: str) -> None:
    """Save the file of a token, once however often the page is drawn."""
    address = own_address(f"{DOWNLOAD_PATH}/{token}")
    _component(key=key, data={"address": address, "file": file_name})
