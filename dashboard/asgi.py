"""The dashboard as an ASGI application: pages, the chart library, the health check."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from dashboard import runtime
from dashboard.downloads import DOWNLOAD_PATH, GONE, chunks, headers
from dashboard.feeds import FEED_PATH, pour
from dashboard.turns import mend_turns
from sacmes_core.shell import broker_address, home_folder, shell_settings

logger = logging.getLogger(__name__)

LIGHT: Final = {
    "primaryColor": "#0F6CBD",
    "backgroundColor": "#FFFFFF",
    "secondaryBackgroundColor": "#F6F8FA",
    "textColor": "#1B1F24",
    "borderColor": "#D8DEE4",
    "greenColor": "#12805C",
    "orangeColor": "#C4570B",
    "orangeTextColor": "#9A4407",
    "redColor": "#C1272D",
    "sidebar.backgroundColor": "#F6F8FA",
    "sidebar.secondaryBackgroundColor": "#FFFFFF",
    "sidebar.borderColor": "#D8DEE4",
}
DARK: Final = {
    "primaryColor": "#2480D0",
    "backgroundColor": "#0E1117",
    "secondaryBackgroundColor": "#171C24",
    "textColor": "#EDF1F5",
    "borderColor": "#2C3440",
    "greenColor": "#3CCB9A",
    "orangeColor": "#F2A04A",
    "orangeTextColor": "#F7B874",
    "redColor": "#F2777C",
    "sidebar.backgroundColor": "#12161D",
    "sidebar.secondaryBackgroundColor": "#1C222C",
    "sidebar.borderColor": "#232A35",
}
CONFIG: Final[dict[str, Any]] = {
    "server.headless": True,
    "server.fileWatcherType": "none",
    "server.showEmailPrompt": False,
    # Streamlit would collect garbage after each turn of a fragment: most of a live page's time.
    "runner.postScriptGC": False,
    "runner.magicEnabled": False,
    # Streamlit sends a repeated message as a reference, which a browser that runs fragments has
    # sometimes thrown away; it then drops its connection. Every message goes in full.
    "global.minCachedMessageSize": 1e12,
    "logger.hideWelcomeMessage": True,
    "client.toolbarMode": "minimal",
    "client.showErrorDetails": "none",
    "browser.gatherUsageStats": False,
    "theme.baseRadius": "6px",
    "theme.showWidgetBorder": True,
    "theme.showSidebarBorder": True,
    **{f"theme.light.{name}": value for name, value in LIGHT.items()},
    **{f"theme.dark.{name}": value for name, value in DARK.items()},
}


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict[str, Any]]:
    """Open the pool before the first viewer, and disconnect everybody at the end."""
    if not runtime.configured():
        home = home_folder(None, "dashboard")
        runtime.configure(broker_address(shell_settings(home)))
    mend_turns()
    runtime.start()
    try:
        yield {}
    finally:
        await run_in_threadpool(runtime.stop)


async def healthz(_request: Request) -> JSONResponse:
    """Tell a supervisor how the process stands: 200, or 503 with what is missing."""
    health = await run_in_threadpool(runtime.health)
    return JSONResponse(health, status_code=200 if health["status"] == "ok" else 503)


async def not_here(request: Request, error: HTTPException) -> PlainTextResponse:
    """Turn a request away that found nothing.

    Streamlit's script asks for two things beneath the address of the page that was opened, then at
    the root; the browser would note a 404 as an error of the page.
    """
    beneath_a_page = request.url.path.endswith(("/_stcore/health", "/_stcore/host-config"))
    status_code = 300 if beneath_a_page else error.status_code
    return PlainTextResponse(error.detail, status_code, error.headers)


async def download(request: Request) -> Response:
    """Hand out a file that a page has prepared: once, and only to who was given its token."""
    offer = runtime.downloads().take(request.path_params["token"])
    if offer is None:
        return PlainTextResponse(GONE, status_code=404)
    return StreamingResponse(chunks(offer), headers=headers(offer))


async def feed(socket: WebSocket) -> None:
    """Send a live page what is new, as long as it is open."""
    await pour(socket, runtime.feeds().get(socket.path_params["token"]))


def stumbled(error: Exception) -> bool:
    """Say a sentence in place of Streamlit's own panel; the traceback goes to the log."""
    logger.error("A page stumbled.", exc_info=error)
    st.error("This page stumbled. Reload it; the administrator finds the reason in the log.")
    return True


app = st.App(
    Path(__file__).with_name("app.py"),
    lifespan=lifespan,
    on_script_error=stumbled,
    exception_handlers={404: not_here},
    routes=[
        Route("/healthz", healthz),
        Route(f"/{DOWNLOAD_PATH}/{{token}}", download),
        WebSocketRoute(f"/{FEED_PATH}/{{token}}", feed),
        Mount("/assets", StaticFiles(packages=[("plotly", "package_data")])),
    ],
)
