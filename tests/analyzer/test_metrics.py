import threading

from analyzer import metrics
from analyzer.metrics import Family, Metrics, Sample
from analyzer.status import Status


def lines(text: str, name: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(name)]


def test_what_was_never_counted_is_zero_and_not_missing() -> None:
    text = Metrics().text()
    assert "# TYPE sacmes_uploads_stored_total counter\nsacmes_uploads_stored_total 0\n" in text
    assert "sacmes_analysis_seconds_count 0\n" in text


def test_a_histogram_counts_upwards() -> None:
    counted = Metrics()
    for seconds in (0.001, 0.005, 0.3, 3600.0):
        counted.observe(metrics.ANALYSIS_S, seconds)
    found = lines(counted.text(), "sacmes_analysis_seconds_")
    assert found[0] == 'sacmes_analysis_seconds_bucket{le="0.005"} 2'
    assert 'sacmes_analysis_seconds_bucket{le="0.5"} 3' in found
    assert found[-3:] == [
        'sacmes_analysis_seconds_bucket{le="+Inf"} 4',
        "sacmes_analysis_seconds_sum 3600.306",
        "sacmes_analysis_seconds_count 4",
    ]


def test_labels_are_escaped_and_a_family_stands_together() -> None:
    odd = Family("odd", "gauge", "Odd.", ("part",))
    text = Metrics().text([Sample(odd, 1, ('a"\\\nb',)), Sample(odd, 0.25, ("c",))])
    assert lines(text, "odd") == ['odd{part="a\\"\\\\\\nb"} 1', 'odd{part="c"} 0.25']
    assert text.count("# TYPE odd") == 1


def test_refusals_and_problems_are_counted_by_their_kind() -> None:
    status = Status()
    status.refuse("raw", "The file of alice has 17,000,000 bytes.", "too_large")
    status.refuse("raw", "The file of bob has 18,000,000 bytes.", "too_large")
    status.trouble("store", "The disk is full.")
    status.trouble("store", "The disk is full.")
    text = status.metrics.text()
    assert 'sacmes_refused_total{part="raw",reason="too_large"} 2\n' in text
    assert 'sacmes_problems_total{part="store"} 1\n' in text
    assert "alice" not in text
    assert status.snapshot() == ({"stored": 0, "analysed": 0, "refused": 2}, "The disk is full.")


def test_threads_do_not_lose_counts() -> None:
    counted = Metrics()
    threads = [
        threading.Thread(
            target=lambda: [counted.add(metrics.REFUSED, labels=("a", "b")) for _ in range(2000)]
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted.total(metrics.REFUSED) == 8000
