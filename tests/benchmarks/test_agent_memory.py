import sys
from pathlib import Path

import pytest
from agent_memory import TARGET_MIB, stream


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.timeout(240)
def test_an_agent_that_streams_stays_small(tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("sacmes-agent")
    before, found = stream(command, tmp_path / "home", 300, at_once=False, every=100)
    assert [scans for scans, _ in found] == [100, 200, 300]
    assert before.resident > 10
    assert found[-1][1].peak < TARGET_MIB
