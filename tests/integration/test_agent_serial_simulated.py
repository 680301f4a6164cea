"""From a simulated sensor on a simulated potentiostat, through a real broker, to its trend."""

from pathlib import Path

import pytest
from support import programs
from support.agent import speaking
from support.broker import Broker
from support.tools import wait_until


@pytest.mark.timeout(240)
def test_a_target_is_seen_though_the_plug_is_pulled(own_broker: Broker, tmp_path: Path) -> None:
    """Bound aptamers are faster: the signal rises at 200 Hz and falls at 15 Hz, so KDM rises."""
    link = tmp_path / "potentiostat"
    simulated = programs.running(
        "sacmes-agent", "simulate", "--instrument", "methodscript", "--link", link,
        "--speed", "100", "--electrodes", "1", "--add", "5=300uM", "--fault", "unplug@7:1s",
        log=tmp_path / "simulator.log",
    )  # fmt: skip
    analyzer = programs.running(
        "sacmes-analyzer", "run", "--broker", own_broker.url("analyzer"), "--home", tmp_path,
        log=tmp_path / "analyzer.log",
    )  # fmt: skip
    agent = programs.running(
        "sacmes-agent", "serial", link, "--instrument", "methodscript", "--home", tmp_path,
        "--broker", own_broker.url("alice"), "--start", "swv", "--from", "0V", "--to", "-500mV",
        "--step", "2mV", "--frequency", "15", "--frequency", "200", "--interval", "0",
        "--quiet-time", "0", "--repeats", "12", log=tmp_path / "agent.log",
    )  # fmt: skip
    with simulated, analyzer, speaking(own_broker) as viewer, agent:
        wait_until(lambda: len(viewer.results) == 24, timeout=120, what="24 results")
    results = {(r.scan.number, r.scan.frequency_hz): r for r in viewer.results}
    assert len(results) == 24
    cut = [key for key, result in results.items() if "truncated_scan" in result.flags]
    assert cut == [(4, 15.0)]
    heights = {key: abs(r.electrodes[0].peak_current_a or 0.0) for key, r in results.items()}
    assert heights[12, 200.0] > 1.2 * heights[3, 200.0]
    assert heights[12, 15.0] < 0.95 * heights[3, 15.0]
    kdm = [results[n, 200.0].electrodes[0].kdm for n in (3, 12)]
    assert None not in kdm
    assert (kdm[1] or 0.0) - (kdm[0] or 0.0) > 0.2
