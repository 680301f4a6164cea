"""Scripts: what stands in them, and what may not."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sacmes_core.instruments.methodscript.devices import device_of
from sacmes_core.instruments.methodscript.script import number, script
from sacmes_core.instruments.orders import Order
from sacmes_core.settings.method import (
    CyclicMethod,
    MethodSettings,
    SquareWaveMethod,
    StepMethod,
)

PICO, EMSTAT4 = device_of("tespico1304#"), device_of("tes4_hr1100#")
SCALES = {"M": 1e6, "k": 1e3, "": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15}


def value(text: str) -> float:
    match = re.fullmatch(r"(-?\d+)([Mkmunpf]?)", text)
    assert match is not None
    return int(match[1]) * SCALES[match[2]]


def lines(order: Order, device: object = PICO, multiplexer: str = "common") -> list[str]:
    text = script(order, device, multiplexer).decode()  # type: ignore[arg-type]
    assert text.startswith("e\n")
    assert text.endswith("\n\n")
    inside = text.removesuffix("\n\n").split("\n")
    assert "" not in inside
    return inside


@given(st.floats(-20, 20).filter(lambda v: v == 0 or abs(v) > 1e-5))
def test_a_number_is_an_integer_that_is_the_value(v: float) -> None:
    assert value(number(v)) == pytest.approx(v, rel=5e-6)


@pytest.mark.parametrize(
    ("v", "text"),
    [(-0.5, "-500m"), (0.001, "1m"), (12.5, "12500m"), (15.0, "15"), (2e5, "200k"), (1e-7, "100n")],
)
def test_a_number_has_the_largest_prefix_that_loses_nothing(v: float, text: str) -> None:
    assert number(v) == text


def test_a_square_wave_ends_with_the_cell_off_whatever_happens() -> None:
    found = lines(Order("swv", MethodSettings(), frequency_hz=15.0))
    assert found[-2:] == ["on_finished:", "cell_off"]
    assert found.index("set_e -100m") < found.index("cell_on") < found.index("wait 2")
    assert "set_range_minmax da -525m -75m" in found
    assert found.index("set_range ba 10u") < found.index("set_autoranging ba 100n 10u")


@pytest.mark.parametrize(("frequency_hz", "mode"), [(5.0, 2), (25.0, 2), (26.0, 3), (400.0, 3)])
def test_a_pico_is_fast_where_it_must_be(frequency_hz: float, mode: int) -> None:
    assert f"set_pgstat_mode {mode}" in lines(
        Order("swv", MethodSettings(), frequency_hz=frequency_hz)
    )


def test_a_window_that_only_the_slow_mode_has_is_refused_at_a_high_frequency() -> None:
    wide = MethodSettings(swv=SquareWaveMethod(start_v=0.8, end_v=-0.8))
    assert PICO.refusal(Order("swv", wide, frequency_hz=10.0)) is None
    refused = PICO.refusal(Order("swv", wide, frequency_hz=200.0))
    assert refused is not None
    assert "1.214 V wide" in refused
    assert EMSTAT4.refusal(Order("swv", wide, frequency_hz=200.0)) is None


def test_the_bandwidth_follows_the_frequency() -> None:
    assert "set_max_bandwidth 100" in lines(Order("swv", MethodSettings(), frequency_hz=15.0))
    assert "set_max_bandwidth 8k" in lines(Order("swv", MethodSettings(), frequency_hz=200.0))


def test_a_fixed_range_is_the_only_one() -> None:
    fixed = MethodSettings(autorange=False, current_range_a=1e-6)
    assert "set_autoranging ba 1u 1u" in lines(Order("swv", fixed, frequency_hz=15.0))


def test_a_channel_is_switched_and_named_in_every_package() -> None:
    order = Order("swv", MethodSettings(), frequency_hz=15.0, electrode=3)
    found = lines(order)
    assert "store_var e 3i ea" in found
    assert "set_gpio 0x02i" in found
    assert found[found.index("pck_start") + 1] == "pck_add e"
    assert "set_gpio 0x22i" in lines(order, multiplexer="separate")


def test_a_cycle_has_its_vertices_and_scans() -> None:
    method = MethodSettings(
        cv=CyclicMethod(start_v=0.1, vertex_1_v=-0.4, vertex_2_v=0.3, scan_rate_v_s=0.05, cycles=3)
    )
    found = lines(Order("cv", method))
    assert "meas_loop_cv p c 100m -400m 300m 2m 50m nscans(3)" in found


def test_steps_share_one_clock() -> None:
    method = MethodSettings(
        ca=StepMethod(potentials_v=(-0.1, -0.4), duration_s=0.5, sample_interval_s=0.01)
    )
    found = lines(Order("ca", method))
    assert found.count("timer_start") == 1
    assert [line for line in found if line.startswith("meas_loop_ca")] == [
        "meas_loop_ca p c -100m 10m 500m",
        "meas_loop_ca p c -400m 10m 500m",
    ]


def test_conditioning_switches_the_cell_on_at_its_own_potential() -> None:
    method = MethodSettings(conditioning_v=0.2, conditioning_s=1.5)
    found = lines(Order("swv", method, frequency_hz=15.0))
    at = found.index("cell_on")
    assert found[at - 1 : at + 4] == [
        "set_e 200m",
        "cell_on",
        "wait 1500m",
        "set_e -100m",
        "wait 2",
    ]
    assert "set_range_minmax da -525m 200m" in found
