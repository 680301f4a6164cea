"""The dashboard in a real browser: what a viewer sees and does, with a real broker behind it."""

import csv
import re

import pytest
from support.stand_in import AgentStandIn, AnalyzerStandIn
from support.tools import ROOT, wait_until

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
from playwright.sync_api import expect
from support.browsing import Viewer, nothing_vanishes

# The first waits until a broker, a dashboard and a browser have come up.
pytestmark = pytest.mark.timeout(300)

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


@pytest.fixture(scope="module")
def lab(broker, dashboard):
    lab = Lab(broker, dashboard)
    lab.analyzer.start()
    lab.agent.start()
    yield lab
    lab.analyzer.stop()
    lab.agent.stop()


@pytest.fixture
def page_of_its_own(shared_context, dashboard):
    """Another tab of the same browser."""
    page = shared_context.new_page()
    yield Viewer(page, dashboard)
    page.close()


def pressed(viewer, button):
    """Press a button of the download menu, which may have closed meanwhile."""
    if not button.is_visible():
        viewer.page.get_by_role("button", name="Download", exact=True).click()
    button.click()


def downloaded(viewer, name):
    """The file that a button of the download menu gives: where from, its name and its lines."""
    button = viewer.page.get_by_role("button", name=name)
    with viewer.page.expect_download() as waiting:
        pressed(viewer, button)
    file = waiting.value
    return file.url, file.suggested_filename, file.path().read_text("utf-8").splitlines()


class TestLive:
    """One tab on the live page, whatever happens meanwhile."""

    @pytest.fixture(scope="class")
    @classmethod
    def viewer(cls, lab, shared_context):
        lab.begin(scans=40)
        viewer = Viewer(shared_context.new_page(), lab.url)
        viewer.sign_in("alice", lab.broker.keys["alice"])
        yield viewer
        viewer.page.close()

    def test_a_late_joiner_sees_the_history_and_live_scans_keep_the_zoom(self, lab, viewer):
        viewer.sees_charts()
        viewer.until(lambda: viewer.points() == 160, "the history in the chart")
        assert "user_id=alice" in viewer.page.url
        assert lab.broker.keys["alice"] not in viewer.page.url
        plot = viewer.page.locator(".sacmes-plot").first.bounding_box()
        viewer.page.mouse.move(plot["x"] + plot["width"] * 0.3, plot["y"] + 120)
        viewer.page.mouse.down()
        viewer.page.mouse.move(plot["x"] + plot["width"] * 0.6, plot["y"] + 260, steps=8)
        viewer.page.mouse.up()
        zoomed = viewer.x_range()
        assert zoomed[1] - zoomed[0] < 25
        with nothing_vanishes(viewer, 6):
            lab.analyzer.scans(5)
            viewer.until(lambda: viewer.points() >= 180, "the live scans")
            drawn = viewer.drawn()
            lab.analyzer.scans(1)
            viewer.until(lambda: viewer.drawn() > drawn, "another drawing")
        assert viewer.x_range() == zoomed
        viewer.page.mouse.dblclick(plot["x"] + plot["width"] * 0.5, plot["y"] + 200)
        viewer.until(lambda: viewer.x_range()[1] > 45, "the whole range again")
        assert viewer.errors == []
        # None is what lies within the page: blob: and data: addresses.
        assert viewer.hosts <= {"127.0.0.1", None}

    def test_the_chart_stays_while_the_broker_blinks(self, lab, viewer):
        lab.begin(scans=10)
        viewer.until(lambda: viewer.points() == 40, "the new session")
        with nothing_vanishes(viewer, 6):
            lab.broker.stop()
            expect(viewer.page.get_by_text("reconnecting")).to_be_visible()
            lab.broker.start()
        expect(viewer.page.get_by_text("reconnecting")).to_be_hidden()
        wait_until(lambda: lab.analyzer.link.connected, timeout=20)
        lab.analyzer.scans(1)
        viewer.until(lambda: viewer.points() == 44, "what came after the blink")

    def test_csv_is_downloaded_whole_and_what_is_shown_is_what_is_drawn(self, lab, viewer):
        lab.begin(scans=6)
        viewer.until(lambda: viewer.points() == 24, "the history in the chart")
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
        assert exported == [(n, x, pytest.approx(y, rel=1e-5)) for n, x, y in viewer.lines()]
        lab.analyzer.refusal = "The session has no scan with a frequency; choose csv."
        pressed(viewer, viewer.page.get_by_role("button", name="Download Tidy table (CSV)"))
        expect(viewer.page.get_by_text(lab.analyzer.refusal)).to_be_visible()
        lab.analyzer.refusal = ""
        assert viewer.errors == []


def test_a_wrong_key_gets_the_sentence(lab, page_of_its_own):
    viewer = page_of_its_own
    viewer.sign_in("alice", "wrong")
    expect(viewer.page.get_by_text(SENTENCE)).to_be_visible()
    expect(viewer.page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_second_user_sees_nothing_of_the_first(lab, page_of_its_own):
    lab.begin(scans=4)
    viewer = page_of_its_own
    viewer.sign_in("bob", lab.broker.keys["bob"])
    expect(viewer.page.get_by_text("No session yet")).to_be_visible()
    viewer.page.goto("about:blank")
    viewer.sign_in("alice", lab.broker.keys["bob"], username="bob")
    expect(viewer.page.get_by_text(SENTENCE)).to_be_visible()


def test_a_colleague_sees_the_charts_and_may_not_stop(lab, page_of_its_own):
    lab.begin(scans=4)
    viewer = page_of_its_own
    viewer.sign_in("alice", lab.broker.keys["carol"], username="carol")
    viewer.sees_charts()
    viewer.page.get_by_role("link", name="Session", exact=True).click()
    expect(viewer.page.get_by_role("button", name="Stop session")).to_be_disabled()


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
    wait_until(lambda: viewer.fits_a_phone(), what="the live page on a phone")
    page.screenshot(path=ARTEFACTS / f"live-phone-{scheme}.png")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.goto(viewer.url)
    expect(page.get_by_text("Recent on this browser").first).to_be_visible()
    viewer.settled()
    page.get_by_role("button", name="Use alice").first.click()
    # While the page is drawn anew, what it had may be there beside it.
    expect(page.get_by_label("user_id", exact=True).first).to_have_value("alice")
    viewer.settled()
    page.get_by_role("button", name="Forget alice").first.click()
    expect(page.get_by_role("button", name="Use alice").first).to_be_hidden()
    stored = page.evaluate("() => JSON.stringify(localStorage)")
    assert lab.broker.keys["alice"] not in stored
    assert viewer.errors == []


def test_a_reload_keeps_the_sign_in_and_a_new_tab_does_not(lab, page_of_its_own):
    lab.begin(scans=4)
    viewer = page_of_its_own
    page = viewer.page
    viewer.sign_in("alice", lab.broker.keys["alice"])
    viewer.sees_charts()
    page.reload()
    viewer.sees_charts()
    viewer.go("Inspector")
    page.reload()
    viewer.chart("inspector")
    kept = "() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }])"
    assert lab.broker.keys["alice"] not in page.evaluate(kept)
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.get_by_role("button", name="Sign in")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    viewer.until(lambda: "sacmes.ticket" not in page.evaluate(kept), "the ticket's end")
    page.reload()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert viewer.errors == []


def test_several_user_ids_stand_side_by_side_and_a_wall_screen_comes_back(lab, page_of_its_own):
    lab.begin(scans=4)
    viewer = page_of_its_own
    page = viewer.page
    viewer.sign_in("alice", lab.broker.keys["alice"])
    page.get_by_role("link", name="Overview").click()
    page.get_by_label("user_id", exact=True).fill("bob")
    page.get_by_label("Key", exact=True).fill(lab.broker.keys["bob"])
    page.get_by_role("button", name="Watch it too").click()
    expect(page.get_by_role("heading", name="bob")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    viewer.until(viewer.fits_a_phone, "the overview on a phone")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="Open").nth(1).click()
    expect(page).to_have_url(re.compile("user_id=bob"))
    page.get_by_role("link", name="Wall screen").click()
    page.get_by_role("button", name="Keep the key in this browser").click()
    expect(page.get_by_text("This browser keeps the key.")).to_be_visible()
    screen = page.context.new_page()
    screen.goto(f"{viewer.url}/?user_id=bob&view=monitor")
    expect(screen.get_by_role("heading", name="bob")).to_be_visible()
    expect(screen.get_by_role("link", name="Live")).to_be_hidden()
    assert lab.broker.keys["bob"] not in screen.url
    page.get_by_role("button", name="Forget the key").click()
    expect(page.get_by_text("This browser does not keep the key.")).to_be_visible()
    assert lab.broker.keys["bob"] not in page.evaluate("() => JSON.stringify({ ...localStorage })")
    assert viewer.errors == []
