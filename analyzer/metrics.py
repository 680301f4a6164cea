"""What an analyzer counts, and the text in which Prometheus reads it.

No family is labelled by user or session: there may be thousands, and who measures is nobody's
business but the broker's.

The format: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

import math
import threading
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


@dataclass(frozen=True, slots=True)
class Family:
    """Numbers of one name, told apart by their labels."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    labels: tuple[str, ...] = ()


RECEIVED: Final = Family("sacmes_uploads_received_total", "counter", "Uploads that came.")
STORED: Final = Family("sacmes_uploads_stored_total", "counter", "Uploads that were new.")
REPEATED: Final = Family(
    "sacmes_uploads_repeated_total", "counter", "Uploads that were stored before."
)
EARLY: Final = Family(
    "sacmes_uploads_early_total", "counter", "Uploads that came before the one they follow."
)
REFUSED: Final = Family(
    "sacmes_refused_total", "counter", "What was not taken or sent.", ("part", "reason")
)
RECEIPTS: Final = Family("sacmes_receipts_total", "counter", "Receipts for uploads.", ("status",))
ANALYSED: Final = Family("sacmes_results_total", "counter", "Scans analysed, also once more.")
CLAIMS: Final = Family("sacmes_claims_total", "counter", "Batches that this process claimed.")
QUESTIONS: Final = Family(
    "sacmes_questions_total", "counter", "Questions by their answer.", ("verb", "outcome")
)
PROBLEMS: Final = Family("sacmes_problems_total", "counter", "Problems that began.", ("part",))
CONNECTIONS: Final = Family(
    "sacmes_broker_connections_total", "counter", "Connections to the broker.", ("link",)
)
ANALYSIS_S: Final = Family("sacmes_analysis_seconds", "histogram", "Analysis of one batch.")
RESULT_DELAY_S: Final = Family(
    "sacmes_result_delay_seconds", "histogram", "From the arrival of a new scan to its result."
)
COUNTED: Final = (
    RECEIVED,
    STORED,
    REPEATED,
    EARLY,
    REFUSED,
    RECEIPTS,
    ANALYSED,
    CLAIMS,
    QUESTIONS,
    PROBLEMS,
    CONNECTIONS,
    ANALYSIS_S,
    RESULT_DELAY_S,
)

INFO: Final = Family("sacmes_info", "gauge", "What runs; always 1.", ("version", "role"))
STARTED: Final = Family("process_start_time_seconds", "gauge", "Start of the process, Unix time.")
CPU_S: Final = Family("process_cpu_seconds_total", "counter", "CPU time of the process.")
PROBLEM: Final = Family("sacmes_problem", "gauge", "1 while a part is in trouble.", ("part",))
CONNECTED: Final = Family(
    "sacmes_broker_connected", "gauge", "1 while connected to the broker.", ("link",)
)
LEASE: Final = Family("sacmes_ingest_lease_held", "gauge", "1 while this process takes in.")
WAITING: Final = Family("sacmes_uploads_waiting", "gauge", "Uploads that wait for analysis.")
STORE_BYTES: Final = Family("sacmes_store_bytes", "gauge", "Size of the store.")
FREE_BYTES: Final = Family("sacmes_disk_free_bytes", "gauge", "Room left beside the home folder.")
STORE_WRITE_S: Final = Family(
    "sacmes_store_write_seconds", "gauge", "How long the last trial write into the store took."
)
LOOP_AGE_S: Final = Family(
    "sacmes_loop_age_seconds", "gauge", "Time since a main loop last turned.", ("loop",)
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One number of a family at a moment."""

    family: Family
    value: float
    labels: tuple[str, ...] = ()


class _Histogram:
    """Counts of one histogram; the last one is of what exceeds every bound."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS_S) + 1)
        self.sum_s = 0.0


class Metrics:
    """Counters and histograms; any thread may use them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[tuple[Family, tuple[str, ...]], float] = {}
        self._histograms: dict[Family, _Histogram] = {}
        for family in COUNTED:
            if family.kind == "histogram":
                self._histograms[family] = _Histogram()
            elif not family.labels:
                self._values[family, ()] = 0.0

    def add(self, family: Family, number: float = 1.0, labels: tuple[str, ...] = ()) -> None:
        """Add to a counter."""
        with self._lock:
            self._values[family, labels] = self._values.get((family, labels), 0.0) + number

    def observe(self, family: Family, seconds: float) -> None:
        """Count one more duration in a histogram."""
        with self._lock:
            histogram = self._histograms[family]
            histogram.counts[bisect_left(BUCKETS_S, seconds)] += 1
            histogram.sum_s += seconds

    def total(self, family: Family) -> int:
        """The sum of a counter over its labels."""
        with self._lock:
            return int(sum(v for (f, _), v in self._values.items() if f is family))

    def text(self, moment: Iterable[Sample] = ()) -> str:
        """Everything counted, and the given numbers of the moment, as Prometheus reads it."""
        with self._lock:
            samples = [Sample(f, value, labels) for (f, labels), value in self._values.items()]
            histograms = {f: (list(h.counts), h.sum_s) for f, h in self._histograms.items()}
        by_family: dict[Family, list[Sample]] = {}
        for sample in (*samples, *moment):
            by_family.setdefault(sample.family, []).append(sample)
        lines: list[str] = []
        for family, those in by_family.items():
            lines += _head(family)
            lines += (_line(family.name, family.labels, s.labels, s.value) for s in those)
        for family, (counts, sum_s) in histograms.items():
            lines += _head(family)
            lines += _histogram_lines(family.name, counts, sum_s)
        return "\n".join(lines) + "\n"


def _head(family: Family) -> tuple[str, str]:
    return f"# HELP {family.name} {family.meaning}", f"# TYPE {family.name} {family.kind}"


def _histogram_lines(name: str, counts: list[int], sum_s: float) -> Iterator[str]:
    reached = 0
    for bound, count in zip((*BUCKETS_S, math.inf), counts, strict=True):
        reached += count
        text = "+Inf" if math.isinf(bound) else f"{bound:g}"
        yield _line(f"{name}_bucket", ("le",), (text,), reached)
    yield _line(f"{name}_sum", (), (), sum_s)
    yield _line(f"{name}_count", (), (), reached)


def _line(name: str, labels: tuple[str, ...], values: tuple[str, ...], number: float) -> str:
    pairs = ",".join(f'{k}="{_escaped(v)}"' for k, v in zip(labels, values, strict=True))
    return f"{name}{'{' + pairs + '}' if pairs else ''} {_number(number)}"


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
