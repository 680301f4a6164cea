"""How long a result takes from the analyzer's publishing to the screen, and whether a zoom holds.

    python benchmarks/paint.py --updates 60 --every 1

Chromium shows the live page of a run that gets a scan at two frequencies on two electrodes at each
turn. The delay is from just before the first of its results is published to the frame after the
one in which all its points are in the chart. Then the page is zoomed, and results come faster; the
bounds of the axes must not move.
"""

import argparse
import statistics
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

from playwright.sync_api import Page

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from support.screen import chromium
from watched_run import USER_ID, WatchedRun, measuring, watched_run

POINTS_A_TURN = 4
SHOWN_MS = 60_000
WATCH = """() => {
  const plot = document.querySelector('.sacmes-plot');
  const points = () => plot.data.reduce((n, t) => n + t.x.length, 0);
  window.painted = [];
  let known = points();
  const look = () => {
    const now = points();
    if (now !== known) {
      known = now;
      requestAnimationFrame(() => window.painted.push([now, Date.now() / 1000]));
    }
    requestAnimationFrame(look);
  };
  look();
  return known;
}"""
BOUNDS = """() => {
  const { xaxis, yaxis } = document.querySelector('.sacmes-plot').layout;
  return [...xaxis.range, ...yaxis.range];
}"""


def sign_in(page: Page, run: WatchedRun) -> None:
    """Sign in and wait for the chart."""
    page.goto(f"http://127.0.0.1:{run.port}/?user_id={USER_ID}")
    page.get_by_label("Key", exact=True).fill(run.key)
    page.get_by_role("button", name="Sign in").click()
    page.locator(".sacmes-plot .main-svg").first.wait_for(timeout=SHOWN_MS)
    page.wait_for_timeout(3000)


def delays_s(page: Page, run: WatchedRun, updates: int, every_s: float) -> list[float]:
    """From publishing to paint, for each of so many turns."""
    before = page.evaluate(WATCH)
    with measuring(run, every_s) as published:
        while len(published) < updates:
            page.wait_for_timeout(100)
    last = before + POINTS_A_TURN * len(published)
    page.wait_for_function(f"window.painted.some(([points]) => points >= {last})")
    painted = page.evaluate("() => window.painted")
    return [
        min(at for points, at in painted if points >= before + POINTS_A_TURN * turn) - told
        for turn, told in enumerate(published, start=1)
    ]


def moved(page: Page, run: WatchedRun, updates: int, every_s: float) -> tuple[int, int]:
    """How often the bounds moved while a zoomed chart got so many results, and was drawn anew."""
    box = page.locator(".sacmes-plot").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 120)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 260, steps=8)
    page.mouse.up()
    page.wait_for_timeout(500)
    drawn = int(page.evaluate("() => document.querySelector('.sacmes-plot').dataset.drawn"))
    seen = [page.evaluate(BOUNDS)]
    with measuring(run, every_s) as published:
        while len(published) < updates:
            page.wait_for_timeout(50)
            seen.append(page.evaluate(BOUNDS))
    page.wait_for_timeout(1000)
    seen.append(page.evaluate(BOUNDS))
    now = int(page.evaluate("() => document.querySelector('.sacmes-plot').dataset.drawn"))
    return sum(a != b for a, b in pairwise(seen)), now - drawn


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--updates", type=int, default=60)
    parser.add_argument("--every", type=float, default=1.0, help="seconds between them")
    parser.add_argument("--zoomed", type=int, default=200, help="updates of the zoomed chart")
    parser.add_argument("--zoomed-every", type=float, default=0.3)
    wanted = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as home,
        watched_run(Path(home), 40) as run,
        chromium() as browser,
    ):
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        sign_in(page, run)
        delays = sorted(delays_s(page, run, wanted.updates, wanted.every))
        high = delays[int(0.95 * (len(delays) - 1))]
        print(
            f"{len(delays)} results, one every {wanted.every:g} s: published to painted "
            f"median {1e3 * statistics.median(delays):.0f} ms, p95 {1e3 * high:.0f} ms, "
            f"longest {1e3 * delays[-1]:.0f} ms"
        )
        times, drawn = moved(page, run, wanted.zoomed, wanted.zoomed_every)
        print(
            f"zoomed: {wanted.zoomed} results, one every {wanted.zoomed_every:g} s, "
            f"drawn {drawn} times; the bounds moved {times} times"
        )


if __name__ == "__main__":
    main()
