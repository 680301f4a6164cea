"""The command line on real files: what other programs read, and what people see."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.agent import voltammogram
from support.programs import run

KEYS = {
    "file",
    "technique",
    "format",
    "frequency_hz",
    "number",
    "electrode",
    "peak_current_a",
    "peak_current_se_a",
    "peak_potential_v",
    "area_av",
    "fwhm_v",
    "flags",
}


def lines(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_folder_is_analysed_in_natural_order(samples: Path) -> None:
    files = [f"100uM_PYO_transfer_SWV_{k}.txt" for k in range(1, 13)]
    folder = samples / "chi_txt_swv_series"
    done = run("sacmes-analyzer", "analyze", *(folder / name for name in files), "--json")
    assert done.returncode == 0, done.stderr
    found = lines(done)
    assert [Path(line["file"]).name for line in found[::2]] == files
    assert [line["electrode"] for line in found[:2]] == [1, 2]
    for line in found:
        assert line.keys() >= KEYS
        assert (line["technique"], line["format"], line["frequency_hz"]) == ("swv", "chi", 300.0)
        assert (line["peak_current_a"] is None) == ("no_peak" in line["flags"])
        assert line["peak_current_a"] is None or line["peak_current_a"] > 0
    whole = run("sacmes-analyzer", "analyze", folder, "--json")
    assert whole.returncode == 2
    inside = [line for line in lines(whole) if "error" not in line]
    assert inside == found


@pytest.mark.parametrize(
    "folder", ["chi_txt_swv_series", "chi_txt_swv_bipot", "chi_txt_swv_multielectrode"]
)
def test_inspect_agrees_with_what_is_known_of_the_samples(samples: Path, folder: str) -> None:
    expected = json.loads((samples / folder / "expected.json").read_text("utf-8"))
    paths = [samples / folder / name for name in expected]
    done = run("sacmes-analyzer", "inspect", *paths, "--json")
    assert done.returncode == 0, done.stderr
    for line in lines(done):
        known = expected[Path(line["file"]).name]["curves"]
        assert len(line["curves"]) == len(known)
        for curve, truth in zip(line["curves"], known, strict=True):
            assert curve["points"] == truth["n"]
            assert curve["first_potential_v"] == pytest.approx(truth["E_first_V"])
            assert curve["last_potential_v"] == pytest.approx(truth["E_last_V"])
            assert curve["first_current_a"] == pytest.approx(truth["I_first_A"])
            assert curve["min_current_a"] == pytest.approx(truth["I_min_A"])
            assert curve["max_current_a"] == pytest.approx(truth["I_max_A"])


def test_file_is_named_as_it_was_given(tmp_path: Path) -> None:
    (tmp_path / "SWV_60Hz_3.txt").write_bytes(voltammogram())
    (tmp_path / "broken.txt").write_bytes(b"no numbers")
    paths = [tmp_path / "broken.txt", tmp_path / "SWV_60Hz_3.txt", tmp_path / "missing.txt"]
    for command in ("analyze", "inspect"):
        done = run("sacmes-analyzer", command, *paths, "--json")
        assert done.returncode == 2
        found = lines(done)
        assert list(dict.fromkeys(line["file"] for line in found)) == [str(p) for p in paths]
        assert [line["file"] for line in found if "error" in line] == [str(paths[0]), str(paths[2])]
        assert "Traceback" not in done.stderr


def test_settings_by_short_and_by_full_name(tmp_path: Path) -> None:
    file = tmp_path / "SWV_60Hz_3.txt"
    file.write_bytes(voltammogram(electrodes=3))
    given = ("--set", "smoothing=off", "--set", "reading.electrodes=1,3")
    done = run("sacmes-analyzer", "analyze", file, "--json", "--method", "sacmes-web", *given)
    assert done.returncode == 0, done.stderr
    assert [line["electrode"] for line in lines(done)] == [1, 3]
    plain = run("sacmes-analyzer", "analyze", file, "--json")
    assert lines(plain)[0]["peak_current_a"] != lines(done)[0]["peak_current_a"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--set", "smooting=off"), "peak.smoothing"),
        (("--set", "smoothing=perhaps"), "peak.smoothing"),
        (("--set", "smoothing"), "NAME=VALUE"),
        (("--method", "magic"), "sacmes-web"),
    ],
)
def test_wrong_settings_name_the_right_ones(
    tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    done = run("sacmes-analyzer", "analyze", tmp_path, *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_people_see_units(tmp_path: Path) -> None:
    file = tmp_path / "SWV_60Hz_3.txt"
    file.write_bytes(voltammogram(height_a=2.5e-7, electrodes=1))
    analysed = run("sacmes-analyzer", "analyze", file)
    assert " nA" in analysed.stdout
    assert "-0.3" in analysed.stdout
    inspected = run("sacmes-analyzer", "inspect", file)
    assert "80" in inspected.stdout
    assert "difference" in inspected.stdout


def test_run_without_a_broker_says_how_to_name_one(tmp_path: Path) -> None:
    done = run("sacmes-analyzer", "run", "--home", tmp_path)
    assert done.returncode == 2
    assert "--broker" in done.stderr
    wrong = run(
        "sacmes-analyzer",
        "run",
        "--home",
        tmp_path,
        "--broker",
        "mqtt://a:b@127.0.0.1:1",
        "--store",
        "mysql://x/y",
    )
    assert wrong.returncode == 2
    assert "PostgreSQL" in wrong.stderr


def test_wrong_clock_is_told_offline(tmp_path: Path) -> None:
    file = tmp_path / "SWV_60Hz_1.txt"
    file.write_bytes(voltammogram(electrodes=1).replace(b"Nov. 22, 2026", b"Jan. 1, 2005"))
    os.utime(file, (1.52e9, 1.52e9))
    for command in ("analyze", "inspect"):
        (line,) = lines(run("sacmes-analyzer", command, file, "--json"))
        assert "clock_wrong" in line["flags"]
    os.utime(file, (1.105e9, 1.105e9))
    (line,) = lines(run("sacmes-analyzer", "analyze", file, "--json"))
    assert "clock_wrong" not in line["flags"]


def test_technique_of_bare_columns_can_be_told(tmp_path: Path) -> None:
    file = tmp_path / "bare.txt"
    file.write_text("".join(f"{-0.01 * k:.3f} {1e-7 / k:.4e}\n" for k in range(1, 31)), "utf-8")
    (line,) = lines(run("sacmes-analyzer", "analyze", file, "--json", "--technique", "cv"))
    assert line["technique"] == "cv"
