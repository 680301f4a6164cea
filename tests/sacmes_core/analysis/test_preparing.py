"""Which points a method is given: the current, the window of the frequency, the order."""

import json
import math
from dataclasses import replace
from typing import NoReturn

import numpy as np
import pytest
from pydantic import ValidationError

from sacmes_core import flags
from sacmes_core.analysis.analyzing import analyze, analyze_scan
from sacmes_core.analysis.methods import METHODS
from sacmes_core.analysis.preparing import BATCH_POINTS_MAX, ascending, prepare, prepare_all
from sacmes_core.formats.scan import Curve, Role, Scan
from sacmes_core.settings.peak import FrequencyWindow, PeakSettings
from sacmes_core.settings.session import SessionSettings

POTENTIALS = tuple(float(e) for e in np.round(np.linspace(0.0, -0.5, 51), 3))
CUTOFF = PeakSettings(
    method="sacmes-web",
    potential_min_v=-0.45,
    windows=(
        FrequencyWindow(frequency_hz=80, potential_max_v=-0.2),
        FrequencyWindow(up_to_hz=50, potential_min_v=-0.4, potential_max_v=-0.1),
        FrequencyWindow(above_hz=50, potential_max_v=-0.05),
    ),
)


def scan_of(*roles: Role, frequency_hz: float | None = None) -> Scan:
    curves = tuple(
        Curve(1, role, POTENTIALS, tuple((place + 1) * 1e-6 * e**2 for e in POTENTIALS))
        for place, role in enumerate(roles)
    )
    return Scan(curves, "swv", "chi", frequency_hz=frequency_hz)


@pytest.mark.parametrize(
    ("frequency_hz", "ends"),
    [
        (15.0, (-0.4, -0.1)),
        (50.0, (-0.4, -0.1)),
        (50.1, (-0.45, -0.05)),
        (80.00001, (-0.45, -0.2)),
        (None, (-0.45, 0.0)),
    ],
)
def test_the_first_window_that_holds_replaces_that_of_all(
    frequency_hz: float | None, ends: tuple[float, float]
) -> None:
    found = prepare(scan_of("difference", frequency_hz=frequency_hz), 1, CUTOFF, ascending)
    assert (found.potential_v[0], found.potential_v[-1]) == ends
    assert (np.diff(found.potential_v) > 0).all()


def test_each_frequency_of_a_batch_has_its_window() -> None:
    scans = [scan_of("difference", frequency_hz=f) for f in (15.0, 200.0, 15.0)]
    analyses = analyze(scans, CUTOFF)
    starts = [analysis.curves[0].potential_v[0] for analysis in analyses]
    assert starts == [-0.4, -0.45, -0.4]


def test_the_current_that_was_asked_for_is_taken() -> None:
    scan = scan_of("difference", "forward", "reverse")
    for place, current in enumerate(("difference", "forward", "reverse")):
        settings = PeakSettings.model_validate({"current": current})
        found = prepare(scan, 1, settings, ascending)
        assert found.current_a[0] == (place + 1) * 1e-6 * 0.25


@pytest.mark.parametrize(
    ("roles", "current"), [(("difference",), "forward"), (("forward",), "difference")]
)
def test_a_current_that_is_not_there_is_said_to_be_missing(
    roles: tuple[Role, ...], current: str
) -> None:
    settings = PeakSettings.model_validate({"current": current})
    (peak,) = analyze_scan(scan_of(*roles), settings).peaks
    assert peak.flags == (flags.MISSING_CURRENT,)
    assert peak.peak_current_a is None


def test_repeated_potentials_have_their_mean() -> None:
    potential, current = np.array([0.1, 0.0, 0.1, 0.2]), np.array([1.0, 5.0, 3.0, 7.0])
    grid, mean = ascending(potential, current, PeakSettings())
    assert grid.tolist() == [0.0, 0.1, 0.2]
    assert mean.tolist() == [5.0, 2.0, 7.0]


@pytest.mark.parametrize(
    ("window", "said"),
    [
        ({"frequency_hz": 50.0, "up_to_hz": 60.0}, "one frequency or for a range"),
        ({"above_hz": 60.0, "up_to_hz": 50.0}, "ends below its start"),
        ({"potential_min_v": -0.1, "potential_max_v": -0.2}, "not above the lower"),
        ({"up_to_hz": 50.0, "potential_max_v": -0.5}, "not above the lower"),
    ],
)
def test_windows_that_cannot_hold_are_refused(window: dict[str, float], said: str) -> None:
    document = {"potential_min_v": -0.45, "windows": [window]}
    with pytest.raises(ValidationError, match=said):
        PeakSettings.model_validate_json(json.dumps(document))


def test_windows_survive_a_change_of_another_setting() -> None:
    settings = SessionSettings(peak=CUTOFF).changed({"peak.method": "classic"})
    assert settings.peak.windows == CUTOFF.windows


@pytest.mark.parametrize("method", ["sacmes-web", "sacmes-desktop", "median"])
def test_sweeps_prepared_together_are_those_prepared_alone(method: str) -> None:
    rising = Curve(1, "difference", POTENTIALS[::-1], tuple(1e-6 * e**2 for e in POTENTIALS))
    holding = replace(rising, current_a=(*rising.current_a[:40], *[1e-6] * 11))
    broken = replace(rising, current_a=(math.nan, *rising.current_a[1:]))
    doubled = replace(rising, potential_v=(POTENTIALS[-1], *POTENTIALS[:0:-1]))
    short = Curve(1, "difference", POTENTIALS[:4], POTENTIALS[:4])
    curves = (rising, holding, broken, doubled, short)
    scans = [scan_of("difference"), *(Scan((c,), "swv", "chi", frequency_hz=15.0) for c in curves)]
    settings, how = CUTOFF, METHODS[method]
    wanted = [(scan, 1) for scan in scans] + [(scans[0], 2)]
    for each in (settings, PeakSettings()):
        together = prepare_all(wanted, each, how.prepare, sorts=how.sorts)
        places = [place for batch in together.batches for place in batch.places]
        assert sorted([*places, *together.useless]) == list(range(len(wanted)))
        for batch in together.batches:
            for row, place in enumerate(batch.places):
                alone = prepare(*wanted[place], each, how.prepare)
                assert alone.usable
                assert batch.potential_v[row].tolist() == alone.potential_v.tolist()
                assert batch.current_a[row].tolist() == alone.current_a.tolist()
                assert batch.shown.tolist() == alone.shown.tolist()
                assert batch.electrodes[row] == alone.electrode
                assert batch.flags[row] == alone.flags
                assert batch.settings == alone.settings
        for place, found in together.useless.items():
            alone = prepare(*wanted[place], each, how.prepare)
            assert not alone.usable
            assert (found.electrode, found.flags) == (alone.electrode, alone.flags)


@pytest.mark.parametrize("turned", [1, -1])
def test_a_window_within_the_sweep_is_cut_from_many_at_once(turned: int) -> None:
    settings = PeakSettings(potential_min_v=-0.4, potential_max_v=-0.1)
    plain = tuple(1e-6 * e**2 for e in POTENTIALS)
    odd_outside = (math.nan, *plain[1:45], *[1e-6] * 6)
    wanted = [
        (Scan((Curve(1, "difference", POTENTIALS[::turned], current[::turned]),), "swv", "chi"), 1)
        for current in (plain, odd_outside)
    ]

    def one_by_one(*_: object) -> NoReturn:
        raise AssertionError

    (batch,) = prepare_all(wanted, settings, one_by_one, sorts=True).batches
    for row, (scan, electrode) in enumerate(wanted):
        alone = prepare(scan, electrode, settings, ascending)
        assert (alone.potential_v[0], alone.potential_v[-1]) == (-0.4, -0.1)
        assert batch.potential_v[row].tolist() == alone.potential_v.tolist()
        assert batch.current_a[row].tolist() == alone.current_a.tolist()
        assert batch.shown.tolist() == alone.shown.tolist()
        assert batch.flags[row] == alone.flags


def test_a_window_that_leaves_few_points_is_said() -> None:
    settings = PeakSettings(potential_min_v=-0.23, potential_max_v=-0.2)
    prepared = prepare_all([(scan_of("difference"), 1)] * 2, settings, ascending, sorts=True)
    assert prepared.batches == []
    assert [v.flags for v in prepared.useless.values()] == [(flags.TOO_FEW_POINTS,)] * 2


def test_long_runs_are_cut_into_batches_that_stay_small() -> None:
    scans = [scan_of("difference")] * (BATCH_POINTS_MAX // len(POTENTIALS) + 2)
    batches = prepare_all([(s, 1) for s in scans], PeakSettings(), ascending, sorts=True).batches
    assert [len(batch.places) for batch in batches] == [len(scans) - 2, 2]
