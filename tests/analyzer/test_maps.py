"""A frequency map from files, as a chemist asks for it on the command line."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from analyzer.cli import app
from analyzer.maps import MappedFiles, map_files, map_lines, print_map
from sacmes_core import flags
from sacmes_core.analysis.kinetics.response import SquareWaveCouple
from sacmes_core.settings.session import SessionSettings
from sacmes_core.simulate.potentiostat import Potentiostat, Run
from sacmes_core.simulate.sensor import individual

FREQUENCIES = (10.0, 20.0, 40.0, 80.0, 160.0, 320.0)
SETTINGS = SessionSettings().changed({"peak.method": "sacmes-web"})
RUN = Run(electrodes=(1,))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("map")
    potentiostat = Potentiostat(RUN)
    for frequency_hz in FREQUENCIES:
        for number in (1, 2):
            name = f"SWV_{frequency_hz:g}Hz_{number}.txt"
            (folder / name).write_bytes(potentiostat.file(number, frequency_hz))
    return folder


@pytest.fixture(scope="module")
def mapped(folder: Path) -> MappedFiles:
    return map_files(sorted(folder.iterdir()), SETTINGS, SquareWaveCouple())


def test_repeats_are_averaged_and_the_rate_is_that_of_the_sensor(mapped: MappedFiles) -> None:
    np.testing.assert_array_equal(mapped.table.frequency_hz, FREQUENCIES)
    np.testing.assert_array_equal(mapped.table.scans, [[2] * len(FREQUENCIES)])
    own = individual(RUN.sensor, np.random.default_rng((RUN.seed, 1)))
    (fit,) = mapped.rates
    assert fit.populations == 1
    # The hull's heights are several per cent off, and the layer's formal potentials spread.
    assert fit.rate_hz[0] == pytest.approx(own.couple.rate_hz, rel=0.3)


def test_the_header_tells_amplitude_and_step(mapped: MappedFiles) -> None:
    assert mapped.couple == SquareWaveCouple(amplitude_v=0.025, step_v=0.001)


def test_files_that_are_no_square_wave_are_named(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_text("nothing to see")
    mapped = map_files([path], SETTINGS, SquareWaveCouple())
    assert mapped.errors[0][0] == str(path)
    assert mapped.rates == ()


def test_one_frequency_gives_charges_and_no_rate(folder: Path) -> None:
    paths = sorted(folder.glob("SWV_80Hz_*"))
    mapped = map_files(paths, SETTINGS, SquareWaveCouple())
    charge, peak = mapped.table.charge_c[0, 0], mapped.table.peak_current_a[0, 0]
    assert charge == pytest.approx(peak / 80)
    assert mapped.rates[0].flags == (flags.RATE_UNDETERMINED,)


def test_real_repeats_at_one_frequency_are_averaged(samples: Path) -> None:
    paths = sorted((samples / "chi_txt_swv_series").glob("*.txt"))
    mapped = map_files(paths, SETTINGS, SquareWaveCouple())
    np.testing.assert_array_equal(mapped.table.frequency_hz, [300.0])
    assert mapped.table.electrodes == (1, 2)
    assert (mapped.table.scans == len(paths)).all()
    assert all(fit.flags == (flags.RATE_UNDETERMINED,) for fit in mapped.rates)


def test_the_tables_name_what_was_found(
    mapped: MappedFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    assert print_map(map_lines(mapped)) == 0
    shown = capsys.readouterr().out
    assert "charge" in shown
    assert "rate 1/s" in shown


def test_the_command_prints_json(folder: Path) -> None:
    arguments = ["map", str(folder), "--json", "--set", "peak.method=sacmes-web"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(lines) == len(FREQUENCIES) + 1
    assert lines[-1]["populations"][0]["rate_hz"] > 0
