"""What a trend of 100,000 scans costs the dashboard: memory, and time for each scan that comes.

    python benchmarks/long_trend.py [--scans 100000]

Two electrodes and two frequencies with errors, marks and some flags. All times are processor time,
the median of several turns.
"""

import argparse
import gc
import resource
import time
import tracemalloc
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median

import numpy as np

from dashboard import summary
from dashboard.charts import trend_figure
from dashboard.columns import columns_of
from dashboard.live_state import LiveState
from dashboard.quality import reasons_of
from dashboard.series import TrendView
from dashboard.shown_csv import shown_csv
from dashboard.trend import Epoch, Scan, Trend, scan_of
from sacmes_core.payloads.marks import Mark
from sacmes_core.payloads.results import ElectrodeResult, Result, ScanReference
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.settings.session import SessionSettings

START = datetime(2026, 3, 1, tzinfo=UTC)
SESSION_ID = str(uuid.UUID(int=1, version=4))
FREQUENCIES_HZ = (15.0, 100.0)
TURNS = 9


def scans(count: int, first: int = 1) -> Iterator[Scan]:
    """Scans as they come, two frequencies a number."""
    random = np.random.default_rng(first)
    for position in range(first, first + count):
        number = (position + 1) // 2
        reference = ScanReference(
            file=f"SWV_{FREQUENCIES_HZ[position % 2]:g}Hz_{number}.txt",
            frequency_hz=FREQUENCIES_HZ[position % 2],
            number=number,
            measured_at=START + timedelta(seconds=2 * position),
        )
        noise = random.normal(size=2) * 4e-9
        electrodes = tuple(
            ElectrodeResult(
                electrode=e,
                peak_current_a=1e-6 / e * (1 - 1e-6 * position) + noise[e - 1],
                peak_current_se_a=4e-9,
                peak_potential_v=-0.26,
                peak_potential_se_v=1e-3,
                area_av=1e-7,
                area_se_av=1e-9,
                fwhm_v=0.09,
                fwhm_se_v=1e-3,
                normalised=1.0 + noise[e - 1] * 1e6,
                normalised_se=0.004,
                kdm=0.1,
                kdm_se=0.006,
                ratio=1.1,
                ratio_se=0.006,
                flags=("too_noisy",) if position % 500 == 0 else (),
            )
            for e in (1, 2)
        )
        yield scan_of(
            Result(
                session_id=SESSION_ID,
                position=position,
                upload_id=f"{position:064x}",
                scan=reference,
                settings_revision=1,
                trend_revision=1,
                version="0",
                electrodes=electrodes,
            )
        )


def document() -> SessionDocument:
    """The session that the scans belong to."""
    return SessionDocument(
        session_id=SESSION_ID,
        technique="swv",
        state="running",
        revision=1,
        settings_revision=1,
        started_at=START,
        changed_at=START,
        changed_by="bench",
        settings=SessionSettings(),
    )


def cpu_ms(work: Callable[[], object]) -> float:
    """Processor time of one call."""
    began = time.process_time()
    work()
    return 1e3 * (time.process_time() - began)


def row(what: str, value: float, unit: str) -> None:
    """Print one figure."""
    print(f"{what:<62} {value:>10,.1f} {unit}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scans", type=int, default=100_000)
    count = parser.parse_args().scans
    gc.collect()
    tracemalloc.start()
    trend = Trend(SESSION_ID, Epoch(1, 1)).with_scans(scans(count))
    held = tracemalloc.get_traced_memory()[0]
    row(f"memory of {count:,} scans with 2 electrodes", held / 1e6, "MB")
    columns_of(trend)
    row("  and their columns for drawing", (tracemalloc.get_traced_memory()[0] - held) / 1e6, "MB")
    tracemalloc.stop()

    fresh = Trend(SESSION_ID, Epoch(1, 1)).with_scans(trend.scans)
    row("columns from nothing, once", cpu_ms(lambda: columns_of(fresh)), "ms")
    marks = tuple(
        Mark(mark_id=f"m{k}", kind="injection", number=k * count // 20) for k in range(1, 10)
    )
    views = {
        "peak current": TrendView(),
        "peak current with bands": TrendView(bands=True),
        "KDM over the clock": TrendView("kdm", "clock", zone=UTC),
        "electrodes side by side": TrendView("normalised", arrangement="side_by_side"),
        "mean of electrodes, groups of 5": TrendView(arrangement="averaged", group=5, bands=True),
    }
    states = [trend]
    for extra in scans(TURNS, count + 1):
        states.append(states[-1].with_scans([extra]))
    following = states[1:]
    row(
        "one more scan: columns",
        median(cpu_ms(partial(columns_of, s)) for s in following),
        "ms",
    )
    for name, view in views.items():
        times = [cpu_ms(partial(trend_figure, s, view, marks)) for s in following]
        row(f"one more scan: figure, {name}", median(times), "ms")
        row("  its size", len(trend_figure(following[-1], view, marks)) / 1e3, "kB")
    live = [LiveState("bench", shown=s) for s in following]
    cards = [cpu_ms(partial(summary.cards, state, (), 0.0)) for state in live]
    row("one more scan: cards", median(cards), "ms")
    rows = [cpu_ms(partial(summary.table_rows, s, (), 0.0, UTC)) for s in following]
    row("one more scan: table", median(rows), "ms")
    row("one more scan: quality", median(cpu_ms(partial(reasons_of, s)) for s in following), "ms")
    session = document()
    row("export of what is shown", cpu_ms(lambda: shown_csv(session, trend, TrendView())), "ms")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    row("process at its largest (with the raw results of this script)", peak / 1e3, "MB")


if __name__ == "__main__":
    main()
