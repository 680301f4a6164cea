"""What is written has the shape of the instruments' own files, not only one that readers take."""

import math
import re
from pathlib import Path

import pytest

from sacmes_core.formats.methodscript_package import parse_package
from sacmes_core.formats.scan import Curve, Scan
from sacmes_core.simulate.cyclic import CyclicCell, TriangularSweep
from sacmes_core.simulate.potentiostat import Potentiostat, Run
from sacmes_core.simulate.writers.chi import chi_text
from sacmes_core.simulate.writers.eclab import eclab_mpt
from sacmes_core.simulate.writers.gamry import gamry_dta
from sacmes_core.simulate.writers.lines import rodeostat_text
from sacmes_core.simulate.writers.methodscript import encoded, methodscript_recording
from sacmes_core.simulate.writers.nova import nova_text
from sacmes_core.simulate.writers.pssession import pssession
from sacmes_core.simulate.writers.pstrace import pstrace_csv

SWV = Potentiostat(Run(electrodes=(4, 5))).scan(1, 80.0)
ONE = Potentiostat(Run(electrodes=(1,))).scan(1, 80.0)
CV = CyclicCell(TriangularSweep(0.2, -0.5, 0.2)).scan()


def lines_of(path: Path, encoding: str = "latin-1") -> list[str]:
    return path.read_text(encoding).splitlines()


def parameter_names(lines: list[str]) -> list[str]:
    """Names before “ = ” in the header of a CH Instruments file, without the electrodes' own."""
    named = (re.match(r"([A-Z][^=]{3,40}) = ", line) for line in lines[7:40])
    return [match[1] for match in named if match and not re.match(r"Sens \d", match[1])]


@pytest.mark.parametrize(
    ("scan", "name"),
    [
        (SWV, "chi_txt_swv_multielectrode/F80Hz_M1.txt"),
        (CV, "chi_txt_cv/CHI660D_MeCN_Ar_0.1MTBAPF6_-1.2_to_1V_100mVs.txt"),
    ],
)
def test_chi_has_the_instruments_header(samples: Path, scan: Scan, name: str) -> None:
    real, ours = lines_of(samples / name), chi_text(scan).decode().splitlines()
    real_names = [name for name in parameter_names(real) if name != "Comp R (ohm)"]
    assert parameter_names(ours) == real_names
    assert ours[1:2] == real[1:2]
    assert [line.split(":")[0] for line in ours[2:7]] == [line.split(":")[0] for line in real[2:7]]
    if scan is SWV:
        assert next(line for line in ours if line.startswith("Potential/V")) in real


@pytest.mark.parametrize(
    ("scan", "name", "marker"),
    [
        (ONE, "gamry_dta_swv/squarewave_data.dta", "CURVE\tTABLE"),
        (CV, "gamry_dta_cv/DHBDS_aged.DTA.txt", "CURVE1\tTABLE"),
    ],
)
def test_gamry_has_the_instruments_columns(
    samples: Path, scan: Scan, name: str, marker: str
) -> None:
    real, ours = lines_of(samples / name), gamry_dta(scan).decode("latin-1").splitlines()
    tables = [
        next(k for k, x in enumerate(lines) if x.startswith(marker)) for lines in (real, ours)
    ]
    assert real[tables[0] + 1 : tables[0] + 3] == ours[tables[1] + 1 : tables[1] + 3]
    keys = [line.split("\t")[0] for line in real]
    for line in ours[: tables[1]]:
        if line and not line.startswith("\t"):
            assert line.split("\t")[0] in keys, line
    assert re.fullmatch(r"-?\d\.\d{5}E[+-]\d{3}", ours[tables[1] + 3].split("\t")[4])


def test_pstrace_has_the_lines_of_an_export(samples: Path) -> None:
    real = lines_of(samples / "pstrace_csv/cv_5scans.csv", "utf-16")
    data = pstrace_csv(CV)
    ours = data.decode("utf-16").splitlines()
    assert data.startswith(b"\xff\xfe")
    assert ours[-1] == "\ufeff"
    assert [line.split(",")[0].split(":")[0] for line in ours[:6]] == [
        line.split(",")[0].split(":")[0] for line in real[:6]
    ]


def test_pssession_has_the_paths_of_a_session(samples: Path) -> None:
    real = lines_of(samples / "palmsens_pssession/A_swv3.pssession", "utf-16")
    ours = pssession(ONE).decode("utf-16")
    for key in re.findall(r'"(\w+)":', ours):
        assert f'"{key}":' in real[0], key
    assert '"type": "PalmSens.Units.MicroAmpere"' in ours
    assert ours.endswith("\ufeff")


def test_eclab_counts_its_header_lines() -> None:
    for scan in (ONE, CV):
        lines = eclab_mpt(scan).decode("latin-1").splitlines()
        count = int(lines[1].split(":")[1])
        assert lines[count - 1].startswith("mode\ttime/s")
        assert lines[count].split("\t")[0] == "2"
        assert lines[3].endswith("Voltammetry")


def test_nova_has_the_instruments_signals(samples: Path) -> None:
    real = lines_of(samples / "autolab_nova_txt/HDV_800rpm_first2000.txt", "utf-8")[0].split(";")
    ours = nova_text(CV).decode().splitlines()[0].split(";")
    assert set(ours) <= set(real)


@pytest.mark.parametrize("name", ["swv_pcfr_F5Hz_M2_E4.txt", "cv_nscans2.txt"])
def test_methodscript_values_are_encoded_as_the_device_does(samples: Path, name: str) -> None:
    packages = [line for line in lines_of(samples / f"methodscript/{name}") if line.startswith("P")]
    assert packages
    for line in packages[:200]:
        for text, variable in zip(line[1:].split(";"), parse_package(line) or (), strict=True):
            assert encoded(variable.value) == text[2:].split(",")[0]


def test_methodscript_zero_and_nan() -> None:
    assert encoded(0.0) == "8000000 "
    assert encoded(math.nan) == "     nan"
    curve = Curve(1, "total", (0.0, 0.1, 0.2), (math.nan, 0.0, 1e-9))
    lines = methodscript_recording(Scan((curve,), "cv", "chi")).decode().split("\n")
    assert lines[:3] == ["e", "M0005", "Pda8000000 ;ba     nan,10,204"]
    assert lines[-3:] == ["*", "", ""]


def test_rodeostat_text_is_that_of_its_library(samples: Path) -> None:
    row = re.compile(r"\d+\.\d{3}, -?\d+\.\d{4}, -?\d+\.\d{4}")
    for lines in (
        lines_of(samples / "rodeostat_txt/cyclic_test_data.txt"),
        rodeostat_text(CV).decode().splitlines(),
    ):
        assert all(row.fullmatch(line) for line in lines)
