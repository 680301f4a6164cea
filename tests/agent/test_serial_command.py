"""What a command line asks an instrument for."""

from typing import Any

import pytest

from agent.instruments import instrument_of
from agent.serial_command import _measured, _wish
from sacmes_core.errors import ConfigError
from sacmes_core.instruments.lines.driver import Lines

NOTHING: dict[str, Any] = dict.fromkeys(
    ("start_v", "end_v", "step_v", "amplitude_v", "vertices_v", "scan_rate_v_s", "cycles",
     "potentials_v", "duration_s", "sample_interval_s")
)  # fmt: skip


def test_a_square_wave_has_what_was_given_and_the_usual_for_the_rest() -> None:
    swv = _measured("swv", **NOTHING | {"start_v": 0.0, "step_v": 0.002})
    wish = _wish("swv", "a name", {"swv": swv, "repeats": 7}, [15.0, 200.0], 3)
    source = wish.settings.source
    assert source.method is not None
    assert source.frequencies_hz == (15.0, 200.0)
    assert (source.method.swv.start_v, source.method.swv.end_v) == (0.0, -0.5)
    assert (source.method.repeats, wish.settings.trend.reference_number) == (7, 3)


def test_a_cycle_with_one_vertex_comes_back_to_its_start() -> None:
    cv = _measured("cv", **NOTHING | {"start_v": 0.1, "vertices_v": [-0.4], "scan_rate_v_s": 0.05})
    wish = _wish("cv", "", {"cv": cv}, [], 1)
    method = wish.settings.source.method
    assert method is not None
    assert (method.cv.vertex_1_v, method.cv.vertex_2_v) == (-0.4, 0.1)
    assert wish.settings.peak.cv.scan_rate_v_s == 0.05


def test_steps_are_in_their_order() -> None:
    ca = _measured("ca", **NOTHING | {"potentials_v": [-0.1, -0.4, -0.1], "duration_s": 0.2})
    method = _wish("ca", "", {"ca": ca}, [], 1).settings.source.method
    assert method is not None
    assert method.ca.potentials_v == (-0.1, -0.4, -0.1)


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        ("swv", {"cycles": 2}, "no use for cycles"),
        ("ca", {"start_v": 0.1}, "no use for start_v"),
        ("cv", {"vertices_v": [1.0, 2.0, 3.0]}, "at most twice"),
    ],
)
def test_what_belongs_elsewhere_is_a_sentence(kind: str, given: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        _measured(kind, **NOTHING | given)


def test_a_number_out_of_range_names_its_setting() -> None:
    with pytest.raises(ConfigError, match="source method swv step_v"):
        _wish("swv", "", {"swv": {"step_v": 9.0}}, [15.0], 1)
    with pytest.raises(ConfigError, match="at least one --frequency"):
        _wish("frequency_map", "", {}, [], 1)


def test_a_shipped_description_is_found_by_its_name_and_ones_own_by_its_path(
    tmp_path: Any,
) -> None:
    kickstat = instrument_of("lines", "kickstat", "common")
    assert isinstance(kickstat.driver, Lines)
    mine = tmp_path / "mine.toml"
    mine.write_text("name='mine'\nbaud=9600\n[data]\nline='(?P<I>.+)'\n[end]\nidle_s=1\n")
    assert instrument_of("lines", str(mine), "common").bauds == (9600,)
    for config in (None, str(tmp_path / "none.toml")):
        with pytest.raises(ConfigError, match="acestat, arduino, kickstat"):
            instrument_of("lines", config, "common")
    with pytest.raises(ConfigError, match="kind lines"):
        instrument_of("rodeostat", "kickstat", "common")
