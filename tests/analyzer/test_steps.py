"""Lifetimes and charges on their way into results and tables."""

from pathlib import Path

import pytest

from analyzer.assignments import settings_of
from analyzer.exports import COLUMNS
from analyzer.offline import analyse_paths
from analyzer.pipeline import Source, analyse
from analyzer.steps import CA_COLUMNS, ca_cells, ca_result
from analyzer.tables import print_analysis
from sacmes_core.analysis.ca.numbers import DecayNumbers, Exponential, Lifetime
from sacmes_core.errors import ConfigError
from sacmes_core.settings.session import SessionSettings
from sacmes_core.simulate.chronoamperometry import PotentialStep
from sacmes_core.simulate.potentiostat import Potentiostat, Run
from sacmes_core.simulate.writers.kinds import write_files

FAST = Exponential(Lifetime(0.004, 1e-4, 0.0038, 0.0042), -1e-6, 1e-8)
SLOW = Exponential(Lifetime(0.03, 1e-3, 0.028, 0.032), -5e-7, 1e-8)


def test_two_lifetimes_have_their_own_columns() -> None:
    mean = Lifetime(0.0126666666666, 1e-4, 0.0125, 0.0129)
    result = ca_result(DecayNumbers((FAST, SLOW), mean, 1e-9, 0.0, 1e-4, 0.1))
    assert (result.lifetime_s, result.second_lifetime_s) == (0.004, 0.03)
    assert result.second_amplitude_a == -5e-7
    assert result.mean_lifetime_s == 0.012666667
    cells = dict(zip(CA_COLUMNS, ca_cells(result), strict=True))
    assert cells["ca_lifetime_high_s"] == 0.0042
    assert cells["ca_mean_lifetime_low_s"] == 0.0125


def test_what_is_missing_is_empty() -> None:
    result = ca_result(DecayNumbers((FAST,), FAST.lifetime))
    assert result.second_lifetime_s is None
    assert result.offset_a is None
    assert ca_cells(None) == [None] * len(CA_COLUMNS)
    assert ca_result(DecayNumbers()).lifetime_s is None


def test_the_columns_are_in_the_export() -> None:
    assert {*CA_COLUMNS, "charge_c", "charge_se_c"} <= set(COLUMNS)


def test_a_file_becomes_a_line_and_a_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(electrodes=(1,), step=PotentialStep(final_v=-0.3, duration_s=0.2, interval_s=2e-4))
    ((name, content),) = write_files(Potentiostat(run).step(1), "chi", "CA_1")
    path = tmp_path / name
    path.write_bytes(content)
    lines = list(analyse_paths([path], SessionSettings()))
    assert lines[0]["technique"] == "ca"
    assert lines[0]["ca"]["lifetime_s"] > 0
    assert lines[0]["charge_c"] is None
    assert print_analysis(lines) == 0
    assert "lifetime" in capsys.readouterr().out


def test_settings_within_a_part_can_be_set() -> None:
    settings = settings_of(["peak.ca.exponentials=bi", "ca.charging_max_s=0.0002"])
    assert settings.peak.ca.exponentials == "bi"
    assert settings.peak.ca.charging_max_s == 2e-4
    with pytest.raises(ConfigError, match="not known"):
        settings_of(["peak.ca.pulses=2"])


def test_the_charge_of_a_square_wave_is_its_peak_over_the_frequency() -> None:
    potentiostat = Potentiostat(Run(electrodes=(1,)))
    source = Source("SWV_200Hz_1.txt", potentiostat.file(1, 200.0))
    settings = SessionSettings().changed({"peak.method": "sacmes-web"})
    ((numbers,),) = analyse([source], settings)
    (electrode,) = numbers.electrodes
    assert electrode.peak_current_a is not None
    assert electrode.peak_current_se_a is not None
    assert electrode.charge_c == electrode.peak_current_a / 200.0
    assert electrode.charge_se_c == electrode.peak_current_se_a / 200.0
