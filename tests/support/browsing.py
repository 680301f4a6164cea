"""A viewer at a page of the dashboard in a real browser, and what he sees there."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from playwright.sync_api import TimeoutError, expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

WAIT_MS = 60_000
"""How long a busy machine may take for what is quick on an idle one."""

expect.set_options(timeout=WAIT_MS)


class Viewer:
    """A page with what went wrong in it."""

    def __init__(self, page: "Page", url: str) -> None:
        self.page, self.url = page, url
        self.errors: list[str] = []
        self.hosts: set[str | None] = set()
        page.on("console", lambda m: m.type == "error" and self.errors.append(m.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda r: self.hosts.add(urlsplit(r.url).hostname))
        page.on("websocket", lambda w: self.hosts.add(urlsplit(w.url).hostname))

    def sign_in(self, user: str, key: str, *, username: str = "") -> None:
        self.page.goto(f"{self.url}/?user_id={user}")
        expect(self.page.get_by_label("user_id", exact=True).first).to_have_value(user)
        self.settled()
        self.page.get_by_label("Key", exact=True).fill(key)
        if username:
            self.page.get_by_text("I have a username of my own").click()
            self.page.get_by_label("Username", exact=True).fill(username)
        self.page.get_by_role("button", name="Sign in").click()

    def go(self, title: str) -> None:
        """Go to another page by its link in the sidebar, which on a phone is opened first."""
        link = self.page.get_by_role("link", name=title, exact=True)
        folded = self.page.get_by_test_id("stExpandSidebarButton")
        expect(link.or_(folded).first).to_be_visible()
        if folded.is_visible():
            folded.click()
        path = str(link.get_attribute("href")).partition("?")[0].rstrip("/").rpartition("/")[2]
        link.click()
        expect(self.page).to_have_url(re.compile(rf"/{re.escape(path)}(\?|$)"))

    def choose(self, label: str, option: "str | re.Pattern[str]") -> None:
        """Choose in a list, which folds up again if the page moves below it."""
        there = self.page.get_by_role("option", name=option)
        while True:
            if not there.first.is_visible():
                self.page.get_by_role("combobox", name=label).click()
            with suppress(TimeoutError):
                there.first.click(timeout=2000)
                return

    def settled(self) -> None:
        """Wait until the page is drawn whole, for what would meet what is there twice meanwhile."""
        app = self.page.get_by_test_id("stApp")
        expect(app).to_have_attribute("data-test-script-state", "notRunning")

    def until(self, condition: Callable[[], bool], what: str, *, timeout_s: float = 60) -> None:
        """Look ten times a second until it is so."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, f"{what} did not come within {timeout_s:g} s"
            self.page.wait_for_timeout(100)

    def chart(self, name: str) -> "Locator":
        """The chart of this name, as soon as it is drawn."""
        chart = self.page.locator(f'.sacmes-plot[data-name="{name}"]')
        expect(chart.locator(".main-svg").first).to_be_visible()
        return chart

    def sees_charts(self) -> None:
        self.chart("trend")

    def lines(self, name: str = "trend") -> list[tuple[str, float, float]]:
        """What a chart draws: each point with the name of its line."""
        found: Sequence[Sequence[Any]] = self.page.evaluate(
            "(name) => (document.querySelector(`.sacmes-plot[data-name='${name}']`)?.data ?? [])"
            ".flatMap((t) => [...t.x].map((x, i) => [t.name, x, t.y[i]]))",
            name,
        )
        return [(str(line), x, y) for line, x, y in found]

    def points(self, name: str = "trend") -> int:
        """How many points a chart draws."""
        return len(self.lines(name))

    def drawn(self, name: str = "trend") -> int:
        """How often a chart was drawn."""
        return int(self.chart(name).get_attribute("data-drawn") or 0)

    def x_range(self) -> list[float]:
        found: list[float] = self.page.evaluate(
            "() => [...document.querySelector('.sacmes-plot').layout.xaxis.range]"
        )
        return found

    def click_point(self, name: str, line: int, point: int) -> None:
        """Click on a point of a chart, and again if it moved away meanwhile."""
        self.settled()
        self.chart(name).scroll_into_view_if_needed()
        clicked = None
        while (place := self.place_of(name, line, point)) not in (None, clicked):
            x, y = clicked = place
            self.page.mouse.move(x + 3, y + 3)
            self.page.mouse.move(x, y, steps=3)
            self.page.mouse.click(x, y)

    def place_of(self, name: str, line: int, point: int) -> list[float] | None:
        """Where on the screen a point of a chart is, while the chart is there."""
        place: list[float] | None = self.page.evaluate(
            "([name, line, point]) => {"
            "const plot = document.querySelector(`.sacmes-plot[data-name='${name}']`);"
            "if (!plot) return null;"
            "const { xaxis, yaxis } = plot._fullLayout, box = plot.getBoundingClientRect();"
            "const { x, y } = plot.data[line];"
            "return [box.left + xaxis._offset + xaxis.d2p(x[point]),"
            " box.top + yaxis._offset + yaxis.d2p(y[point])]; }",
            [name, line, point],
        )
        return place

    def fits_a_phone(self) -> bool:
        """Whether nothing is wider than the screen."""
        fits: bool = self.page.evaluate(
            "() => { const m = document.querySelector('[data-testid=stMain]');"
            "return m.clientWidth <= 390 && m.scrollWidth <= m.clientWidth; }"
        )
        return fits


@contextmanager
def nothing_vanishes(viewer: Viewer, lines: int) -> Iterator[None]:
    """Watch every frame once this many lines are drawn: none may be without them."""
    viewer.page.evaluate(
        "() => { window.lines_drawn = () =>"
        " document.querySelectorAll('.sacmes-plot .scatterlayer .trace').length; }"
    )
    viewer.until(lambda: viewer.page.evaluate("() => window.lines_drawn()") >= lines, "the lines")
    viewer.page.evaluate(
        """(least) => { window.missing = 0; window.frames_seen = 0; window.watching = true;
        const look = () => { window.frames_seen += 1;
          if (window.lines_drawn() < least) window.missing += 1;
          if (window.watching) requestAnimationFrame(look); };
        look(); }""",
        lines,
    )
    yield
    seen, missing = viewer.page.evaluate(
        "() => { window.watching = false; return [window.frames_seen, window.missing]; }"
    )
    assert seen > 3
    assert missing == 0
