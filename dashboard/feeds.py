"""What live pages are sent as soon as it is there, past Streamlit, which draws for each page anew.

A page that is drawn gets a token; with it its browser opens a WebSocket, on which come the parts
that have changed. The token is all that its address tells; it ends with the hold of its page on
the connection. When other controls belong on the page, the feed ends and the page is drawn anew.
"""

import asyncio
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect

from dashboard.live_parts import Look, Parts, live_parts
from dashboard.live_state import LiveState
from dashboard.pool import Lease

FEED_PATH: Final = "feed"
OVER: Final = 4000
"""Code with which a feed ends whose page is to be drawn anew."""
LOOK_S: Final = 0.1
GAP_S: Final = 0.2
"""Pause after something was sent, so that what comes in a burst is drawn together."""
SILENT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Feed:
    """One page as it was drawn."""

    lease: Lease
    look: Look


class Feeds:
    """The pages of this process that are open and fed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, Feed] = {}

    def open(self, feed: Feed, *, instead_of: str | None = None) -> str:
        """Begin a feed in the place of the page's former one; its token."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            kept = {t: f for t, f in self._open.items() if f.lease.held and t != instead_of}
            self._open = kept | {token: feed}
        return token

    def get(self, token: str) -> Feed | None:
        """The feed of a token; None if there is none or its page has gone."""
        feed = self._open.get(token)
        return feed if feed is not None and feed.lease.held else None


async def pour(socket: WebSocket, feed: Feed | None) -> None:
    """Send what is new until the browser goes or the page is to be drawn anew."""
    await socket.accept()
    gone = asyncio.ensure_future(socket.receive())
    try:
        if feed is None or await _poured(socket, feed, gone):
            await socket.close(OVER)
    except WebSocketDisconnect:
        pass
    finally:
        gone.cancel()


async def _poured(socket: WebSocket, feed: Feed, gone: asyncio.Future[Message]) -> bool:
    """Whether the page is to be drawn anew, rather than its browser gone."""
    sent: Parts = {}
    drawn: tuple[LiveState, int] | None = None
    silent_since = time.monotonic()
    while feed.lease.held:
        pause_s = LOOK_S
        now = feed.lease.connection.state, int(time.time())
        if now != drawn:
            drawn = now
            parts = await run_in_threadpool(live_parts, now[0], feed.look, now[1])
            if parts is None:
                return True
            news = news_of(sent, parts)
            if news or time.monotonic() - silent_since > SILENT_S:
                sent, pause_s, silent_since = parts, GAP_S, time.monotonic()
                await socket.send_bytes(joined(news))
        done, _ = await asyncio.wait([gone], timeout=pause_s)
        if done:
            return False
    return True


def news_of(sent: Parts, parts: Parts) -> Parts:
    """The parts that are not as they were sent."""
    return {name: part for name, part in parts.items() if sent.get(name) != part}


def joined(parts: Mapping[str, bytes]) -> bytes:
    """Parts as one JSON object by their names."""
    return (
        b"{" + b",".join(b'"%s":%s' % (name.encode(), part) for name, part in parts.items()) + b"}"
    )
