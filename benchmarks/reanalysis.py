"""How long other settings take to be shown: the analysis itself, and everything around it.

    python benchmarks/reanalysis.py [--scans 10000] [--methods median fast] [--store URL]
    python benchmarks/reanalysis.py --workers 1 2 4 [--store URL]

A session is filled without being analysed, then its settings change. Printed, in CPU seconds of one
core: reading and analysing all its files in batches and nothing else, measured in the same run; the
whole re-analysis, from the stored bytes to the stored results with their trend; and their ratio.
With --workers, that many processes share the session, and seconds by the clock are printed.

Needs the test extra.
"""

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

# Threads are counted when numpy is loaded.
import argparse
import gc
import multiprocessing
import tempfile
import time
from pathlib import Path

from filling import SESSION, STARTED, USER, Files, Sink, fill_up, start, store_uploads

from analyzer.messages import source_of
from analyzer.pipeline import analyse
from analyzer.reanalysing import PIECE_MAX
from analyzer.sessions import SettingsChanged
from analyzer.status import Status
from analyzer.store.engines import home_url
from analyzer.store.holders import new_holder
from analyzer.store.sessions import Run
from analyzer.store.store import Store, open_store
from analyzer.worker import Worker
from sacmes_core.payloads.questions import SettingsRequest


def filled(url: str, scans: int) -> Store:
    """A store with a session of so many scans, all with results, the first two analysed."""
    store, files = open_store(url), Files()
    start(store)
    store_uploads(store, files, 1, 2)
    work(url)
    like = store.results.at(run_of(store).run, None, 0)
    assert like is not None
    fill_up(store, files, scans, like)
    return store


def run_of(store: Store) -> Run:
    """The session."""
    run = store.sessions.find(USER, SESSION)
    assert run is not None
    return run


def change(store: Store, method: str) -> None:
    """Choose a peak method, and something more so that the settings are others than before."""
    run = run_of(store)
    settings = run.document.settings
    # Of no effect on these methods, but another number each time.
    points = settings.peak.smoothing_window_points + 2
    changed = settings.changed({"peak.method": method, "peak.smoothing_window_points": points})
    request = SettingsRequest(seen_revision=run.document.revision, settings=changed)
    store.sessions.apply(USER, SettingsChanged(request), STARTED)


def work(url: str) -> None:
    """Be a worker until nothing is left to do."""
    store = open_store(url)
    worker = Worker(store, Sink(), Status(), holder=new_holder())
    while worker.turn() or store.uploads.count_waiting() or store.sessions.stale():
        pass
    worker.leave()
    store.close()


def pure_s(store: Store) -> float:
    """CPU seconds of reading and analysing every file in pieces as large as a worker's."""
    run = run_of(store)
    positions = range(1, store.results.last_position(run.run) + 1)
    total_s = 0.0
    for k in range(0, len(positions), PIECE_MAX):
        uploads = store.uploads.these(run.run, positions[k : k + PIECE_MAX])
        began = time.process_time()
        analyse([source_of(upload) for upload in uploads], run.document.settings)
        total_s += time.process_time() - began
    return total_s


def alone(store: Store, url: str, method: str) -> None:
    """Print the cost of a re-analysis by one worker."""
    change(store, method)
    alone_s = pure_s(store)
    began = time.process_time()
    work(url)
    whole_s = time.process_time() - began
    assert run_of(store).shown_revision == run_of(store).document.settings_revision
    print(f"{method:8s} {alone_s:10.2f} {whole_s:10.2f} {whole_s / alone_s:10.2f}", flush=True)


def together(store: Store, url: str, method: str, count: int) -> None:
    """Print the time of a re-analysis by several processes."""
    change(store, method)
    processes = [multiprocessing.Process(target=work, args=(url,)) for _ in range(count)]
    began = time.monotonic()
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    took_s = time.monotonic() - began
    assert run_of(store).shown_revision == run_of(store).document.settings_revision
    print(f"{method:8s} {count:10d} {took_s:10.2f}", flush=True)


def main() -> None:
    """Measure in a folder of its own, or in an empty store that is named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scans", type=int, default=10_000)
    parser.add_argument("--methods", nargs="+", default=["median", "fast"])
    parser.add_argument("--workers", type=int, nargs="+", help="so many processes, in turn")
    parser.add_argument("--store", help="URL of an empty store")
    options = parser.parse_args()
    multiprocessing.set_start_method("spawn")
    with tempfile.TemporaryDirectory(prefix="sacmes-reanalysis-") as name:
        url = options.store or home_url(Path(name))
        store = filled(url, options.scans)
        gc.freeze()  # As an analyzer does.
        print(f"{options.scans:,} scans of 4 kB, {store.database.engine.dialect.name}")
        heads = ("workers", "clock, s") if options.workers else ("pure, s", "whole, s", "ratio")
        print("method  " + "".join(f" {head:>10s}" for head in heads))
        for method in options.methods:
            if not options.workers:
                alone(store, url, method)
            for count in options.workers or ():
                together(store, url, method, count)
        store.close()


if __name__ == "__main__":
    main()
