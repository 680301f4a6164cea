"""Whatever is written in a format is read from it again: the same scan, to the written digits."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sacmes_core.errors import ConfigError
from sacmes_core.flags import OVERLOAD
from sacmes_core.formats.reading import read
from sacmes_core.formats.scan import ColumnMapping, Curve, DeclaredSweep, Role, Scan
from sacmes_core.simulate.writers.kinds import KINDS, write_files


@dataclass(frozen=True)
class Digits:
    """What a format keeps: significant digits or fixed steps of potential and current."""

    relative: float = 1e-12
    potential_v: float = 1e-9
    current_a: float = 1e-18


EXACT = Digits()
KEPT = {
    "gamry": Digits(6e-6, 6e-6),
    "gamry-comma": Digits(6e-6, 6e-6),
    "eclab": Digits(1e-7, 1e-7),
    "eclab-comma": Digits(1e-7, 1e-7),
    "methodscript": Digits(1e-7),
    "rodeostat": Digits(6e-7),
    "rodeostat-text": Digits(potential_v=5.1e-5, current_a=5.1e-11),
    "kickstat": Digits(potential_v=5.1e-4, current_a=5.1e-11),
    "acestat": Digits(potential_v=5.1e-8, current_a=5.1e-11),
    "columns": Digits(6e-7),
    "columns-bare": Digits(6e-7),
    "columns-comma": Digits(6e-7),
}
NET_ONLY = {"rodeostat", "rodeostat-text", "kickstat", "acestat"}
"""Instruments that send no forward and reverse currents."""
NO_HELD_POTENTIAL = {"pstrace", "pssession", "columns", "columns-comma"}
"""Formats whose curves over time do not say the potential."""

CASES = [(name, technique) for name, kind in KINDS.items() for technique in kind.techniques]


def scan_of(
    technique: str, electrodes: tuple[int, ...], points: int, size_a: float, seed: int
) -> Scan:
    """A scan of noisy bumps: only its numbers matter here."""
    if technique == "ca":
        return held(electrodes, points, size_a)
    random = np.random.default_rng(seed)
    sweep = np.round(0.1 - 0.002 * np.arange(1, points + 1), 9)
    if technique == "cv":
        sweep = np.round(np.concatenate([[0.1], sweep, sweep[-2::-1], [0.1]]), 9)
    potentials = tuple(sweep.tolist())
    curves: list[Curve] = []
    for electrode in electrodes:
        bump = np.exp(-(((sweep - sweep.mean()) / 0.05) ** 2))
        forward, reverse = size_a * (
            np.outer([1.0, -0.8], bump) + 0.1 * random.normal(size=(2, len(sweep)))
        )
        roles: tuple[tuple[Role, np.ndarray], ...] = (("total", forward),)
        if technique == "swv":
            roles = (
                ("difference", forward - reverse),
                ("forward", forward),
                ("reverse", reverse),
            )
        curves += [
            Curve(electrode, role, potentials, tuple(float(f"{i:.3e}") for i in values))
            for role, values in roles
        ]
    swv = technique == "swv"
    return Scan(
        curves=tuple(curves),
        technique=technique,
        format="chi",
        frequency_hz=15.0 if swv else None,
        number=3,
        declared=DeclaredSweep(
            0.1,
            potentials[-1],
            0.002,
            1 if swv else 2,
            0.025 if swv else None,
            None if swv else 0.1,
        ),
    )


def held(electrodes: tuple[int, ...], points: int, size_a: float) -> Scan:
    """Decaying currents at a held potential."""
    times = tuple(round(0.002 * k, 9) for k in range(1, points + 1))
    curves = [
        Curve(
            electrode,
            "total",
            (-0.4,) * points,
            tuple(float(f"{size_a * np.exp(-20 * electrode * t):.3e}") for t in times),
            times,
        )
        for electrode in electrodes
    ]
    return Scan(curves=tuple(curves), technique="ca", format="chi", number=3)


def written(scan: Scan, kind: str) -> list[Scan]:
    """The scans that a reader makes of the files of a scan."""
    name = {"swv": "SWV_15Hz_3", "cv": "CV_3", "ca": "CA_3"}[scan.technique or ""]
    units = KINDS[kind].units
    mapping = ColumnMapping(
        potential_unit=units[0] if units else None, current_unit=units[1] if units else None
    )
    return [
        found
        for file_name, content in write_files(scan, kind, name)
        for found in read(content, name=file_name, mapping=mapping)
    ]


def assert_equal(found: list[Scan], scan: Scan, kind: str) -> None:
    digits = KEPT.get(kind, EXACT)
    curves = {(c.electrode, c.role): c for one in found for c in one.curves}
    expected = [c for c in scan.curves if kind not in NET_ONLY or c.role in ("difference", "total")]
    assert sorted(curves) == sorted((c.electrode, c.role) for c in expected)
    for curve in expected:
        same = curves[curve.electrode, curve.role]
        if curve.time_s is not None:
            assert same.time_s is not None
            # The clock of some formats is set to 0 at the first point.
            assert np.diff(same.time_s) == pytest.approx(np.diff(curve.time_s), rel=1e-5)
        if scan.technique != "ca" or kind not in NO_HELD_POTENTIAL:
            assert same.potential_v == pytest.approx(
                curve.potential_v, rel=digits.relative, abs=digits.potential_v
            )
        assert same.current_a == pytest.approx(
            curve.current_a, rel=digits.relative, abs=digits.current_a
        )
    for one in found:
        assert one.technique == scan.technique
        assert one.frequency_hz == scan.frequency_hz
        assert one.number == scan.number
        assert one.complete, one.incomplete


@pytest.mark.parametrize(("kind", "technique"), CASES)
@settings(max_examples=6, deadline=None)
@given(
    electrodes=st.sampled_from([(1,), (2,), (1, 2), (1, 2, 3, 4), (4, 5)]),
    points=st.integers(20, 80),
    exponent=st.integers(-8, -4),
    seed=st.integers(0, 2**32 - 1),
)
def test_reading_gives_back_what_was_written(
    kind: str, technique: str, electrodes: tuple[int, ...], points: int, exponent: int, seed: int
) -> None:
    scan = scan_of(technique, electrodes, points, 10.0**exponent, seed)
    assert_equal(written(scan, kind), scan, kind)


@pytest.mark.parametrize(("kind", "technique"), CASES)
def test_files_are_read_as_their_own_format(kind: str, technique: str) -> None:
    formats = {
        "kickstat": "recording",
        "acestat": "recording",
        "columns": "generic",
    }
    base = kind.removesuffix("-comma").removesuffix("-bare").removesuffix("-text")
    for found in written(scan_of(technique, (1,), 60, 1e-6, 1), kind):
        assert found.format == formats.get(base, base)


@pytest.mark.parametrize("kind", ["gamry", "pssession", "methodscript", "rodeostat"])
def test_formats_that_can_say_so_say_overload(kind: str) -> None:
    scan = scan_of("swv", (1,), 60, 1e-6, 1)
    assert all(OVERLOAD not in found.flags for found in written(scan, kind))
    assert all(OVERLOAD in found.flags for found in written(replace(scan, flags=(OVERLOAD,)), kind))


CYCLES_APART = ("gamry", "pstrace", "pssession", "methodscript")


@pytest.mark.parametrize("kind", [k for k, v in KINDS.items() if "cv" in v.techniques])
def test_every_cycle_of_a_cyclic_voltammogram_comes_back(kind: str) -> None:
    single = scan_of("cv", (1,), 60, 1e-6, 1)
    (curve,) = single.curves
    three = replace(
        curve,
        potential_v=curve.potential_v + 2 * curve.potential_v[1:],
        current_a=curve.current_a + 2 * tuple(-i for i in curve.current_a[1:]),
    )
    scan = replace(single, curves=(three,), declared=replace(single.declared, segments=6))
    found = written(scan, kind)
    assert len(found) == (3 if kind.removesuffix("-comma") in CYCLES_APART else 1)
    joined = [point for one in found for point in one.curves[0].potential_v]
    assert joined == pytest.approx(three.potential_v, abs=1e-4)
    assert all(one.complete for one in found)


@pytest.mark.parametrize("kind", [k for k, v in KINDS.items() if "cv" in v.techniques])
def test_a_sweep_that_starts_between_its_vertices_is_one_cycle(kind: str) -> None:
    way = np.concatenate([np.arange(0, -30, -1), np.arange(-30, 20), np.arange(20, -1, -1)])
    potentials = tuple(np.round(0.002 * way, 9).tolist())
    curve = Curve(1, "total", potentials, tuple((1e-7 * np.cos(0.1 * way)).round(10).tolist()))
    declared = DeclaredSweep(0.0, 0.0, 0.002, 3, scan_rate_v_s=0.1)
    scan = Scan((curve,), "cv", "chi", number=3, declared=declared)
    assert_equal(written(scan, kind), scan, kind)
    assert len(written(scan, kind)) == 1


def test_one_file_for_each_electrode_where_a_format_holds_one() -> None:
    scan = scan_of("swv", (1, 4), 60, 1e-6, 1)
    assert [name for name, _ in write_files(scan, "gamry", "SWV_15Hz_3")] == [
        "E1_SWV_15Hz_3.DTA",
        "E4_SWV_15Hz_3.DTA",
    ]
    assert [name for name, _ in write_files(scan, "chi", "SWV_15Hz_3")] == ["SWV_15Hz_3.txt"]


def test_what_cannot_be_written_is_refused_with_a_sentence() -> None:
    scan = scan_of("cv", (1,), 60, 1e-6, 1)
    with pytest.raises(ConfigError, match="choose one of chi"):
        write_files(scan, "excel", "CV_3")
    with pytest.raises(ConfigError, match="holds swv, not cv"):
        write_files(scan, "kickstat", "CV_3")
    two = scan_of("cv", (1, 2), 60, 1e-6, 1)
    for kind in ("gamry", "eclab", "rodeostat-text", "acestat"):
        with pytest.raises(ConfigError, match="a file for each"):
            KINDS[kind].write(two)
