"""A tile says at a glance how one of several user_ids stands."""

from datetime import UTC

from dashboard.tiles import tile
from sacmes_core import protocol


def test_before_the_first_scan(world):
    shown = tile(world.state, "alice", world.now, UTC)
    assert (shown.value, shown.note, shown.role) == ("–", "no scan yet", "")
    assert [c.label for c in shown.chips][:2] == ["Agent never started", "Analyzer away"]


def test_the_newest_number_and_the_line_behind_it(world):
    world.connect()
    world.hear(world.agent(), protocol.AGENT_PRESENCE)
    for position in range(1, 7):
        world.hear(world.result(position), protocol.RESULTS)
    shown = tile(world.state, "carol", world.now, UTC)
    assert (shown.value, shown.unit) == ("1.06", "µA")
    assert shown.note == "E1 · 100 Hz"
    assert len(shown.spark) == 3
    assert shown.role == "read only, as carol"
    assert not shown.pale
