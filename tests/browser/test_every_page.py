"""Every page in a real browser, one after the other, with a real agent and analyzer behind."""

import csv
import re
from contextlib import ExitStack

import pytest
from support import programs
from support.agent import speaking

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
from playwright.sync_api import expect
from support.browsing import Viewer

from agent.simulator import Simulation, planned
from dashboard.pages import GROUPS
from sacmes_core import questions
from sacmes_core.payloads.questions import StartRequest
from sacmes_core.settings.session import SessionSettings
from sacmes_core.settings.source import SourceSettings

# The first waits until four programs and a browser have come up.
pytestmark = pytest.mark.timeout(300)

NUMBERS = 6
MAP_HZ = (10.0, 40.0, 100.0, 200.0, 400.0)
PHONE = {"width": 390, "height": 844}


class Lab:
    """An analyzer and an agent beside a folder with files of every technique; alice may ask."""

    def __init__(self, folder, alice):
        self.folder, self.alice = folder, alice
        self.write(Simulation(folder, scans=NUMBERS))
        self.write(Simulation(folder, scans=2, handle="MAP_", frequencies_hz=MAP_HZ, electrodes=1))
        self.write(Simulation(folder, scans=2, technique="cv", electrodes=1))
        self.write(Simulation(folder, scans=2, technique="ca", electrodes=1))

    def write(self, simulation):
        for files in planned(simulation):
            for name, content in files:
                (self.folder / name).write_bytes(content)

    def start(self, technique, handle):
        """Start another session, as a script would."""
        request = StartRequest(
            seen_revision=self.alice.documents()[-1].revision,
            technique=technique,
            name=f"The {technique}",
            settings=SessionSettings(source=SourceSettings(handle=handle, extension=".txt")),
        )
        self.alice.ask(questions.START, request)


@pytest.fixture(scope="module")
def lab(broker, tmp_path_factory):
    home = tmp_path_factory.mktemp("lab")
    folder = home / "CHI"
    folder.mkdir()
    commands = {
        "sacmes-analyzer": ("run", "--broker", broker.url("analyzer")),
        "sacmes-agent": ("watch", folder, "--broker", broker.url("alice")),
    }
    with ExitStack() as running:
        lab = Lab(folder, running.enter_context(speaking(broker)))
        for name, arguments in commands.items():
            log = home / f"{name}.log"
            running.enter_context(
                programs.running(name, *arguments, "--home", home / name, log=log)
            )
        yield lab


@pytest.fixture(scope="module")
def signed_in(lab, broker, dashboard, shared_context):
    viewer = Viewer(shared_context.new_page(), dashboard)
    viewer.sign_in("alice", broker.keys["alice"])
    return viewer


@pytest.fixture
def viewer(signed_in):
    """One page for all tests, in which nothing may go wrong."""
    yield signed_in
    assert signed_in.errors == []
    # None is what lies within the page: blob: and data: addresses.
    assert signed_in.hosts <= {"127.0.0.1", None}


def test_a_session_is_started_from_the_agents_folder(lab, viewer):
    page = viewer.page
    expect(page.get_by_text(re.compile("Agent online"))).to_be_visible()
    viewer.go("Session")
    page.get_by_role("button", name="Look at the agent's folder").click()
    viewer.choose("Files in the agent's folder", re.compile("SWV_.*15 Hz, 200 Hz"))
    expect(page.get_by_label("Handle", exact=True)).to_have_value("SWV_")
    page.get_by_label("Name of the run").fill("From the folder")
    page.get_by_role("button", name="Start session").click()
    expect(page).to_have_url(re.compile(r":\d+/\?user_id=alice"))
    whole = NUMBERS * 2 * 2
    viewer.until(lambda: viewer.points() == whole, "every scan in the chart")
    document = lab.alice.documents()[-1]
    assert document.name == "From the folder"
    assert document.settings.source.frequencies_hz == (15.0, 200.0)


def test_a_mark_stands_in_the_chart_until_it_is_taken_away(viewer):
    page = viewer.page
    page.get_by_text("Marks", exact=True).click()
    page.get_by_label("Text", exact=True).fill("target")
    page.get_by_role("spinbutton", name="Before scan no.").fill("4")
    page.get_by_role("button", name="Set mark").click()
    said = viewer.chart("trend").get_by_text("target")
    expect(said).to_be_visible()
    page.get_by_role("row", name=re.compile("target")).click()
    expect(said).to_be_hidden()
    expect(page.get_by_text(re.compile("Taken away"))).to_be_visible()


def test_a_click_on_a_point_opens_its_scan_in_the_inspector(viewer):
    page = viewer.page
    viewer.click_point("trend", 0, 2)
    expect(page).to_have_url(re.compile("/inspector"))
    drawn = viewer.chart("inspector")
    first = str(drawn.get_attribute("aria-label"))
    assert re.search(r"\b3\b", first)
    viewer.settled()
    page.keyboard.press("ArrowRight")
    expect(drawn).not_to_have_attribute("aria-label", first)
    viewer.settled()
    page.keyboard.press("ArrowLeft")
    expect(drawn).to_have_attribute("aria-label", first)


def test_settings_are_tried_and_the_run_is_analysed_anew(lab, viewer):
    page = viewer.page
    viewer.go("Live")
    viewer.chart("trend")
    before = viewer.lines()
    viewer.go("Session")
    page.get_by_role("spinbutton", name="Peak from / V").last.fill("-0.45")
    page.get_by_role("spinbutton", name="Peak to / V").last.fill("-0.15")
    page.get_by_role("spinbutton", name="Peak to / V").last.press("Enter")
    viewer.chart("trial")
    apply = page.locator(".st-key-trial_apply").get_by_role("button")
    expect(apply).to_be_enabled()
    apply.click()
    expect(page.get_by_text(re.compile("The whole run is analysed anew"))).to_be_visible()
    viewer.go("Live")
    viewer.chart("trend")

    def all_anew():
        now = viewer.lines()
        same = sum(a == b for a, b in zip(before, now, strict=False))
        return len(now) == len(before) and same == 0

    viewer.until(all_anew, "the numbers of the new settings")
    settings = lab.alice.documents()[-1].settings
    assert (settings.peak.potential_min_v, settings.peak.potential_max_v) == (-0.45, -0.15)


def test_the_trend_is_changed_and_the_session_stopped(lab, viewer):
    page = viewer.page
    viewer.go("Session")
    page.locator('input[aria-label="Normalise to scan no."]').first.fill("5")
    page.get_by_role("button", name="Apply for everyone").first.click()
    expect(page.get_by_text("The trend is computed anew")).to_be_visible()
    assert lab.alice.documents()[-1].settings.trend.reference_number == 5
    page.get_by_role("button", name="Stop session").click()
    page.get_by_role("button", name="Stop it").click()
    expect(page.get_by_text(re.compile("Stopped at")).first).to_be_visible()
    assert lab.alice.documents()[-1].state == "stopped"


def test_a_frequency_map_fills_and_is_exported_as_it_is_drawn(lab, viewer):
    page = viewer.page
    lab.start("frequency_map", "MAP_")
    viewer.go("Frequency map")
    for chart in ("map-charge", "map-current"):
        viewer.chart(chart)
        viewer.until(lambda chart=chart: viewer.points(chart) >= len(MAP_HZ), chart)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download CSV").click()
    content = waiting.value.path().read_text("utf-8")
    rows = csv.DictReader(line for line in content.splitlines() if not line.startswith("#"))
    exported = {float(r["frequency_hz"]): float(r["peak_current_a"]) for r in rows}
    drawn = {x: y for _, x, y in viewer.lines("map-current")}
    assert sorted(exported) == list(MAP_HZ)
    assert drawn == {f: pytest.approx(1e6 * a, rel=1e-5) for f, a in exported.items()}
    page.get_by_role("button", name="Hold", exact=True).click()
    expect(page.get_by_text("Held maps: press one to remove it")).to_be_visible()


def test_a_cycle_is_drawn_and_other_settings_are_tried_on_it(lab, viewer):
    page = viewer.page
    lab.start("cv", "CV_")
    viewer.go("Cyclic")
    viewer.chart("cycle")
    assert {"Forward", "Reverse"} <= {line for line, _, _ in viewer.lines("cycle")}
    viewer.until(lambda: viewer.points("cycle-trend") == 2, "both cycles")
    page.get_by_text(re.compile("^Segments, windows, probes")).click()
    model = page.get_by_role("combobox", name="Model and baseline")
    # The page is drawn anew when the second cycle comes, which may take the choice back.
    while model.input_value() != "Height over a line":
        viewer.choose("Model and baseline", "Height over a line")
        viewer.settled()
    viewer.chart("cycle-tried")
    page.get_by_role("button", name="Apply for everyone").click()
    expect(page.get_by_text("The run is analysed anew for every viewer.")).to_be_visible()


def test_a_decay_is_drawn_with_its_lifetimes(lab, viewer):
    lab.start("ca", "CA_")
    viewer.go("Decay")
    viewer.chart("decay")
    viewer.until(lambda: viewer.points("decay-trend") == 2, "both decays")
    expect(viewer.page.get_by_text(re.compile("[Ll]ifetime")).first).to_be_visible()


def test_past_sessions_are_opened_replayed_and_compared(viewer):
    page = viewer.page
    viewer.go("Sessions")
    search = page.get_by_placeholder(re.compile("Search by name"))
    search.fill("From the folder")
    search.press("Enter")
    table = page.get_by_test_id("stDataFrame")
    expect(table.locator("[role=grid]")).to_have_attribute("aria-rowcount", "2")
    table.click(position={"x": 15, "y": 54})
    page.get_by_role("button", name="Open", exact=True).click()
    viewer.chart("recorded_trend")
    assert viewer.points("recorded_trend") == NUMBERS * 2 * 2
    page.get_by_text("1×", exact=True).click()
    page.get_by_role("button", name="Replay").click()
    expect(page.get_by_text(re.compile("^Replay ·"))).to_be_visible()
    viewer.go("Compare")
    viewer.choose("Sessions", re.compile("From the folder"))
    viewer.choose("Sessions", re.compile("The frequency_map"))
    page.keyboard.press("Escape")
    page.get_by_text("Absolute", exact=True).click()
    viewer.chart("compare")
    viewer.until(lambda: viewer.points("compare") > NUMBERS * 4, "both sessions in the chart")


def test_every_page_fits_a_phone(viewer):
    page = viewer.page
    page.set_viewport_size(PHONE)
    # The sidebar puts itself away: now, and when a page was chosen in it.
    expect(page.get_by_test_id("stExpandSidebarButton")).to_be_visible()
    for entry in [entry for group in GROUPS.values() for entry in group]:
        viewer.go(entry.title)
        expect(page.get_by_test_id("stExpandSidebarButton")).to_be_visible()
        viewer.until(viewer.fits_a_phone, f"{entry.title} on a phone")
