"""The dashboard in a real browser: what a viewer sees and does, with a real broker behind it."""

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from support.programs import running
from support.stand_in import AgentStandIn, AnalyzerStandIn
from support.tools import ROOT, wait_until

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
from playwright.sync_api import expect

from dashboard.demo_broker import free_port

ARTEFACTS = ROOT / "artefacts"
SENTENCE = "The broker does not know this user_id, or the key is wrong."


class Lab:
    """A broker with a dashboard, and for alice an analyzer and an agent that only talk."""

    def __init__(self, broker, url):
        self.broker, self.url = broker, url
        self.analyzer = AnalyzerStandIn(broker.url("analyzer"), "alice")
        self.agent = AgentStandIn(broker.url("alice"), "alice")

    def begin(self, scans=40):
        self.analyzer.present()
        self.agent.present()
        self.analyzer.begin()
        self.analyzer.scans(scans, flagged=3)


class Viewer:
    """A page with what went wrong in it."""

    def __init__(self, page, url):
        self.page, self.url = page, url
        self.errors: list[str] = []
        self.hosts: set[str | None] = set()
        page.on("console", lambda m: m.type == "error" and self.errors.append(m.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda r: self.hosts.add(urlsplit(r.url).hostname))
        page.on("websocket", lambda w: self.hosts.add(urlsplit(w.url).hostname))

    def sign_in(self, user, key, *, username=""):
        self.page.goto(f"{self.url}/?user_id={user}")
        self.page.get_by_label("Key", exact=True).fill(key)
        if username:
            self.page.get_by_text("I have a username of my own").click()
            self.page.get_by_label("Username", exact=True).fill(username)
        self.page.get_by_role("button", name="Sign in").click()

    def sees_charts(self):
        expect(self.page.locator(".sacmes-plot .main-svg").first).to_be_visible(timeout=30_000)

    def points(self):
        """How many points the trend draws."""
        return self.page.evaluate(
            "() => (document.querySelector('.sacmes-plot')?.data ?? [])"
            ".reduce((n, t) => n + t.x.length, 0)"
        )

    def x_range(self):
        return self.page.evaluate(
            "() => [...document.querySelector('.sacmes-plot').layout.xaxis.range]"
        )


@pytest.fixture(scope="module")
def dashboard(broker, tmp_path_factory):
    home, port = tmp_path_factory.mktemp("dashboard"), free_port()
    arguments = ("--broker", broker.url(), "--port", str(port), "--home", home)
    with running("sacmes-dashboard", *arguments, log=home / "log"):
        wait_until(
            lambda: "sacmes dashboard" in (home / "log").read_text("utf-8"),
            timeout=30,
            what="the dashboard",
        )
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def lab(broker, dashboard):
    lab = Lab(broker, dashboard)
    lab.analyzer.start()
    lab.agent.start()
    yield lab
    lab.analyzer.stop()
    lab.agent.stop()


@pytest.fixture
def open_page(browser, dashboard):
    contexts = []

    def open_(**options):
        size = {"width": 1440, "height": 900}
        context = browser.new_context(viewport=size, accept_downloads=True, **options)
        contexts.append(context)
        return Viewer(context.new_page(), dashboard)

    yield open_
    for context in contexts:
        context.close()


def fits_a_phone(page):
    """Whether nothing is wider than the screen."""
    return page.evaluate(
        "() => { const m = document.querySelector('[data-testid=stMain]');"
        "return m.clientWidth <= 390 && m.scrollWidth <= m.clientWidth; }"
    )


@contextmanager
def nothing_vanishes(viewer) -> Iterator[None]:
    """Watch every frame: no chart may be missing in any of them."""
    viewer.page.evaluate(
        """() => { window.missing = 0; window.frames_seen = 0; window.watching = true;
        const look = () => { window.frames_seen += 1;
          const lines = document.querySelectorAll('.sacmes-plot .scatterlayer .trace');
          if (lines.length < 6) window.missing += 1;
          if (window.watching) requestAnimationFrame(look); };
        look(); }"""
    )
    yield
    seen, missing = viewer.page.evaluate(
        "() => { window.watching = false; return [window.frames_seen, window.missing]; }"
    )
    assert seen > 3
    assert missing == 0


def test_a_late_joiner_sees_the_history_and_live_scans_keep_the_zoom(lab, open_page):
    lab.begin(scans=40)
    viewer = open_page()
    viewer.sign_in("alice", lab.broker.keys["alice"])
    viewer.sees_charts()
    wait_until(lambda: viewer.points() == 160, timeout=15, what="the history in the chart")
    assert "user_id=alice" in viewer.page.url
    assert lab.broker.keys["alice"] not in viewer.page.url
    plot = viewer.page.locator(".sacmes-plot").first.bounding_box()
    viewer.page.mouse.move(plot["x"] + plot["width"] * 0.3, plot["y"] + 120)
    viewer.page.mouse.down()
    viewer.page.mouse.move(plot["x"] + plot["width"] * 0.6, plot["y"] + 260, steps=8)
    viewer.page.mouse.up()
    zoomed = viewer.x_range()
    assert zoomed[1] - zoomed[0] < 25
    with nothing_vanishes(viewer):
        lab.analyzer.scans(5)
        wait_until(lambda: viewer.points() == 180, timeout=15, what="the live scans")
        viewer.page.wait_for_timeout(1500)
    assert viewer.x_range() == zoomed
    viewer.page.mouse.dblclick(plot["x"] + plot["width"] * 0.5, plot["y"] + 200)
    wait_until(lambda: viewer.x_range()[1] > 45, what="the whole range again")
    assert viewer.errors == []
    # None is what lies within the page: blob: and data: addresses.
    assert viewer.hosts <= {"127.0.0.1", None}


def test_the_chart_stays_while_the_broker_blinks(lab, open_page):
    lab.begin(scans=10)
    viewer = open_page()
    viewer.sign_in("alice", lab.broker.keys["alice"])
    viewer.sees_charts()
    with nothing_vanishes(viewer):
        lab.broker.stop()
        expect(viewer.page.get_by_text("reconnecting")).to_be_visible(timeout=15_000)
        lab.broker.start()
    expect(viewer.page.get_by_text("reconnecting")).to_be_hidden(timeout=30_000)
    wait_until(lambda: lab.analyzer.link.connected, timeout=20)
    lab.analyzer.scans(1)
    wait_until(lambda: viewer.points() == 44, timeout=20, what="what came after the blink")


def test_a_wrong_key_gets_the_sentence(lab, open_page):
    viewer = open_page()
    viewer.sign_in("alice", "wrong")
    expect(viewer.page.get_by_text(SENTENCE)).to_be_visible(timeout=15_000)
    expect(viewer.page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_second_user_sees_nothing_of_the_first(lab, open_page):
    lab.begin(scans=4)
    viewer = open_page()
    viewer.sign_in("bob", lab.broker.keys["bob"])
    expect(viewer.page.get_by_text("No session yet")).to_be_visible(timeout=15_000)
    viewer.page.goto("about:blank")
    viewer.sign_in("alice", lab.broker.keys["bob"], username="bob")
    expect(viewer.page.get_by_text(SENTENCE)).to_be_visible(timeout=15_000)


def test_a_colleague_sees_the_charts_and_may_not_stop(lab, open_page):
    lab.begin(scans=4)
    viewer = open_page()
    viewer.sign_in("alice", lab.broker.keys["carol"], username="carol")
    viewer.sees_charts()
    viewer.page.get_by_role("link", name="Session", exact=True).click()
    expect(viewer.page.get_by_role("button", name="Stop session")).to_be_disabled()


def pressed(viewer, button):
    """Press a button of the download menu, which may have closed meanwhile."""
    if not button.is_visible():
        viewer.page.get_by_role("button", name="Download", exact=True).click()
    button.click(timeout=60_000)


def downloaded(viewer, name):
    """The file that a button of the download menu gives: where from, its name and its lines."""
    button = viewer.page.get_by_role("button", name=name)
    with viewer.page.expect_download() as waiting:
        pressed(viewer, button)
    file = waiting.value
    return file.url, file.suggested_filename, file.path().read_text("utf-8").splitlines()


def test_csv_is_downloaded_whole_and_what_is_shown_is_what_is_drawn(lab, open_page):
    lab.begin(scans=6)
    viewer = open_page()
    viewer.sign_in("alice", lab.broker.keys["alice"])
    viewer.sees_charts()
    wait_until(lambda: viewer.points() == 24, timeout=15, what="the history in the chart")
    viewer.page.evaluate("document.querySelector('.sacmes-plot').here = true")
    address, name, lines = downloaded(viewer, "Download Tidy table (CSV)")
    assert re.fullmatch(re.escape(viewer.url) + r"/download/[\w-]{43}", address)
    assert name == "alice_Aptamer_A3.csv"
    assert lines[0].startswith("position,file,electrode")
    assert len(lines) == 1 + 6 * 2 * 2
    # What was fetched once is gone, whoever knows its address.
    assert viewer.page.request.get(address).status == 404
    _, name, lines = downloaded(viewer, "What is shown")
    assert name == "alice_Aptamer_A3_absolute.csv"
    table = csv.DictReader(line for line in lines if not line.startswith("#"))
    exported = [(row["line"], float(row["x"]), float(row["y"])) for row in table]
    # The chart is the one that was there, with its zoom.
    assert viewer.page.evaluate("document.querySelector('.sacmes-plot').here")
    on_screen = viewer.page.evaluate(
        "() => document.querySelector('.sacmes-plot').data"
        ".flatMap((t) => t.x.map((x, i) => [t.name, x, t.y[i]]))"
    )
    assert exported == [(n, x, pytest.approx(y, rel=1e-5)) for n, x, y in on_screen]
    lab.analyzer.refusal = "The session has no scan with a frequency; choose csv."
    pressed(viewer, viewer.page.get_by_role("button", name="Download Tidy table (CSV)"))
    expect(viewer.page.get_by_text(lab.analyzer.refusal)).to_be_visible(timeout=10_000)
    assert viewer.errors == []


def test_a_session_is_started_from_the_agents_folder_changed_and_stopped(lab, open_page):
    lab.begin(scans=1)
    viewer = open_page()
    page = viewer.page
    viewer.sign_in("alice", lab.broker.keys["alice"])
    expect(page.get_by_text("Agent online · PC-LAB2")).to_be_visible(timeout=15_000)
    page.get_by_role("link", name="Session", exact=True).click()
    page.get_by_text("Start another session").click()
    page.get_by_role("button", name="Look at the agent's folder").click()
    page.get_by_role("combobox", name="Files in the agent's folder").click()
    page.get_by_text(re.compile("CHI_.*15 Hz, 100 Hz")).click()
    expect(page.get_by_label("Handle", exact=True)).to_have_value("CHI_", timeout=10_000)
    page.get_by_label("Name of the run").fill("From the folder")
    page.get_by_role("button", name="Start session").click()
    wait_until(
        lambda: lab.analyzer.run.document.name == "From the folder",
        timeout=15,
        what="the request",
    )
    settings = lab.analyzer.run.document.settings
    assert settings.source.handle == "CHI_"
    assert settings.source.frequencies_hz == (15.0, 100.0)
    expect(page.get_by_text("Waiting for the first scan").first).to_be_visible(timeout=15_000)
    page.get_by_role("link", name="Session", exact=True).click()
    page.locator('input[aria-label="Normalise to scan no."]').first.fill("5")
    page.get_by_role("button", name="Apply for everyone").first.click()
    expect(page.get_by_text("The trend is computed anew")).to_be_visible(timeout=15_000)
    assert lab.analyzer.run.document.settings.trend.reference_number == 5
    page.get_by_role("button", name="Stop session").click()
    page.get_by_role("button", name="Stop it").click()
    expect(page.get_by_text(re.compile("Stopped at")).first).to_be_visible(timeout=15_000)
    assert lab.analyzer.run.document.state == "stopped"
    assert viewer.errors == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_browser_remembers_the_user_id_and_the_view_fits_the_screen(lab, open_page, scheme):
    lab.begin(scans=90)
    viewer = open_page(color_scheme=scheme)
    page = viewer.page
    viewer.sign_in("alice", lab.broker.keys["alice"])
    viewer.sees_charts()
    wait_until(lambda: viewer.points() == 360, timeout=15, what="the history in the chart")
    page.mouse.move(5, 890)
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"live-{scheme}.png")
    overflow = page.evaluate(
        "() => { const m = document.querySelector('[data-testid=stMain]');"
        "return m.scrollHeight - m.clientHeight; }"
    )
    assert overflow <= 0
    page.set_viewport_size({"width": 390, "height": 844})
    wait_until(lambda: fits_a_phone(page), what="the live page on a phone")
    page.screenshot(path=ARTEFACTS / f"live-phone-{scheme}.png")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible(timeout=15_000)
    page.goto(viewer.url)
    expect(page.get_by_text("Recent on this browser")).to_be_visible(timeout=15_000)
    page.get_by_role("button", name="Use alice").click()
    expect(page.get_by_label("user_id", exact=True)).to_have_value("alice", timeout=10_000)
    page.get_by_role("button", name="Forget alice").click()
    expect(page.get_by_role("button", name="Use alice")).to_be_hidden()
    stored = page.evaluate("() => JSON.stringify(localStorage)")
    assert lab.broker.keys["alice"] not in stored
    assert viewer.errors == []


def test_a_reload_keeps_the_sign_in_and_a_new_tab_does_not(lab, open_page):
    lab.begin(scans=4)
    viewer = open_page()
    page = viewer.page
    viewer.sign_in("alice", lab.broker.keys["alice"])
    viewer.sees_charts()
    page.reload()
    viewer.sees_charts()
    kept = "() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }])"
    assert lab.broker.keys["alice"] not in page.evaluate(kept)
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.get_by_role("button", name="Sign in")).to_be_visible(timeout=15_000)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible(timeout=15_000)
    wait_until(lambda: "sacmes.ticket" not in page.evaluate(kept), what="the ticket's end")
    page.reload()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible(timeout=15_000)
    assert viewer.errors == []


def test_several_user_ids_stand_side_by_side_and_a_wall_screen_comes_back(lab, open_page):
    lab.begin(scans=4)
    viewer = open_page()
    page = viewer.page
    viewer.sign_in("alice", lab.broker.keys["alice"])
    page.get_by_role("link", name="Overview").click()
    page.get_by_label("user_id", exact=True).fill("bob")
    page.get_by_label("Key", exact=True).fill(lab.broker.keys["bob"])
    page.get_by_role("button", name="Watch it too").click()
    expect(page.get_by_role("heading", name="bob")).to_be_visible(timeout=15_000)
    page.set_viewport_size({"width": 390, "height": 844})
    wait_until(lambda: fits_a_phone(page), what="the overview on a phone")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="Open").nth(1).click()
    expect(page).to_have_url(re.compile("user_id=bob"), timeout=15_000)
    page.get_by_role("link", name="Wall screen").click()
    page.get_by_role("button", name="Keep the key in this browser").click()
    expect(page.get_by_text("This browser keeps the key.")).to_be_visible(timeout=15_000)
    screen = page.context.new_page()
    screen.goto(f"{viewer.url}/?user_id=bob&view=monitor")
    expect(screen.get_by_role("heading", name="bob")).to_be_visible(timeout=15_000)
    expect(screen.get_by_role("link", name="Live")).to_be_hidden()
    assert lab.broker.keys["bob"] not in screen.url
    page.get_by_role("button", name="Forget the key").click()
    expect(page.get_by_text("This browser does not keep the key.")).to_be_visible(timeout=15_000)
    assert lab.broker.keys["bob"] not in page.evaluate("() => JSON.stringify({ ...localStorage })")
    assert viewer.errors == []
