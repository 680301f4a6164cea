"""Each benchmark can be run, on so little that its figures say nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMANDS = (
    "analysis_speed.py --batch 20 --calls 3 --peers 0",
    "calibration.py --repeats 2",
    "cost.py --at 5 10 --scans 2",
    "cyclic.py --scans 1 --kinds blanks",
    "decay.py --decays 1",
    "fleet.py --agents 10 --rates 10 --seconds 1",
    "frequency_map.py --maps 1",
    "long_trend.py --scans 100",
    "noises.py --scans 2",
    "parsing.py --seconds 0.1",
    "quality.py --scans 1 --method fast",
    "reanalysis.py --scans 40",
    "series.py --scans 12",
    "simulation.py",
    "trend.py --scans 5",
    "viewers.py --viewers 2 --seconds 2 --scans 5",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_benchmark_runs_and_prints_its_figures(command):
    name, *options = command.split()
    ran = subprocess.run(
        [sys.executable, f"benchmarks/{name}", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert any(letter.isdigit() for letter in ran.stdout)
