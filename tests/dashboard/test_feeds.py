"""Feeds of live pages: only what is new, the same for all who look alike, and an end in time."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC
from types import SimpleNamespace

import pytest

from dashboard.feeds import OVER, Feed, Feeds, joined, news_of, pour
from dashboard.live_parts import Look, live_parts, shape_of
from dashboard.pool import Lease
from dashboard.series import TrendView
from sacmes_core import protocol


class Page:
    """A page's hold on a connection whose state the test sets."""

    def __init__(self, state):
        self.connection = SimpleNamespace(state=state)
        self.lease = Lease(SimpleNamespace(release=lambda _: None), self.connection)


class Socket:
    """A browser's end of a feed that keeps what comes."""

    def __init__(self, on_packet):
        self.on_packet, self.packets, self.code = on_packet, [], None
        self.gone = asyncio.Event()

    async def accept(self):
        pass

    async def receive(self):
        await self.gone.wait()
        return {"type": "websocket.disconnect"}

    async def send_bytes(self, packet):
        self.packets.append(json.loads(packet))
        self.on_packet(self)

    async def close(self, code):
        self.code = code


def poured(feed, on_packet=lambda _: None):
    async def run():
        socket = Socket(on_packet)
        await asyncio.wait_for(pour(socket, feed), 10)
        return socket

    # A browser that was opened before keeps a loop of its own running in this thread.
    with ThreadPoolExecutor(1) as another:
        return another.submit(lambda: asyncio.run(run())).result()


def look_at(state, now, **changes):
    view = TrendView(zone=UTC)
    look = Look(shape_of(state, now), "alice", UTC, view, "Peak current", True)
    return replace(look, **changes)


@pytest.fixture
def measured(world):
    """A world with four scans, and its time in whole seconds."""
    world.connect()
    for position in range(1, 5):
        world.hear(world.result(position), protocol.RESULTS)
    return world, int(world.now)


def test_all_parts_are_there_and_shared(measured):
    world, now = measured
    look = look_at(world.state, now)
    parts = live_parts(world.state, look, now)
    assert set(parts) >= {"header", "cards", "trend", "voltammogram", "table"}
    assert json.loads(parts["trend"])["alt"] == "Peak current over 4 scans"
    assert live_parts(world.state, look_at(world.state, now), now) is parts
    later = live_parts(world.state, look, now + 1)
    assert set(news_of(parts, later)) <= {"header"}
    assert "table" not in live_parts(world.state, replace(look, table=False), now)


def test_a_new_scan_is_news_of_what_shows_it(measured):
    world, now = measured
    look = look_at(world.state, now)
    before = live_parts(world.state, look, now)
    world.hear(world.result(5), protocol.RESULTS)
    after = live_parts(world.state, look, now)
    assert {"cards", "trend", "table"} <= set(news_of(before, after))
    assert set(json.loads(joined(news_of({}, after)))) == set(after)


def test_another_shape_wants_the_page_anew(measured):
    world, now = measured
    look = look_at(world.state, now)
    assert live_parts(replace(world.state, link="refused"), look, now) is None
    assert live_parts(replace(world.state, session=None), look, now) is None


def test_a_token_ends_with_its_page_or_with_its_next_drawing(measured):
    world, now = measured
    page, feeds = Page(world.state), Feeds()
    feed = Feed(page.lease, look_at(world.state, now))
    first = feeds.open(feed)
    assert feeds.get(first) is feed
    second = feeds.open(feed, instead_of=first)
    assert feeds.get(first) is None
    assert feeds.get("guessed") is None
    page.lease.close()
    assert feeds.get(second) is None


def test_a_feed_ends_at_once_when_its_page_is_to_be_drawn_anew(measured):
    world, _ = measured
    page = Page(world.state)

    def stop(_):
        page.connection.state = replace(world.state, session=None)

    feed = Feed(page.lease, look_at(world.state, world.now))
    socket = poured(feed, stop)
    assert set(socket.packets[0]) >= {"header", "trend"}
    assert (len(socket.packets), socket.code) == (1, OVER)
    page.lease.close()
    assert poured(feed).code == OVER
    assert poured(None).code == OVER


def test_a_feed_of_a_browser_that_went_ends_without_a_word(measured):
    world, _ = measured
    feed = Feed(Page(world.state).lease, look_at(world.state, world.now))
    socket = poured(feed, lambda socket: socket.gone.set())
    assert (len(socket.packets), socket.code) == (1, None)
