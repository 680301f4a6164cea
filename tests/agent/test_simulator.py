import threading
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest

from agent.simulator import (
    PIECE_BYTES,
    Conditions,
    Simulation,
    additions_of,
    parse_addition,
    planned,
    write_like_an_instrument,
    write_scans,
)
from sacmes_core.errors import ConfigError
from sacmes_core.flags import OVERLOAD
from sacmes_core.formats.reading import read
from sacmes_core.simulate.isotherm import Addition


def test_every_file_is_a_finished_scan_of_its_name(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path, scans=2, electrodes=3, additions=(Addition(2),))
    files = [file for files in planned(simulation) for file in files]
    assert [name for name, _ in files] == [
        "SWV_15Hz_1.txt", "SWV_200Hz_1.txt", "SWV_15Hz_2.txt", "SWV_200Hz_2.txt",
    ]  # fmt: skip
    for name, content in files:
        (scan,) = read(content, name=name)
        assert scan.complete
        assert scan.electrodes == (1, 2, 3)
        assert f"_{scan.frequency_hz:g}Hz_" in name
        assert not scan.flags


def test_the_seed_makes_the_noise(tmp_path: Path) -> None:
    def currents(seed: int) -> tuple[float, ...]:
        ((name, content),) = next(planned(Simulation(tmp_path, seed=seed)))
        return read(content, name=name)[0].curves[0].current_a

    assert currents(1) == currents(1)
    assert currents(1) != currents(2)


def test_other_formats_have_other_names_and_may_need_a_file_for_each_electrode(
    tmp_path: Path,
) -> None:
    simulation = Simulation(tmp_path, scans=1, frequencies_hz=(60.0,), kind="gamry")
    (files,) = planned(simulation)
    assert [name for name, _ in files] == ["E1_SWV_60Hz_1.DTA", "E2_SWV_60Hz_1.DTA"]
    scans = [read(content, name=name)[0] for name, content in files]
    assert [scan.electrodes for scan in scans] == [(1,), (2,)]


@pytest.mark.parametrize(("technique", "handle"), [("cv", "CV_"), ("ca", "CA_")])
def test_other_techniques_have_no_frequency(
    tmp_path: Path, technique: Literal["cv", "ca"], handle: str
) -> None:
    simulation = Simulation(tmp_path, scans=2, technique=technique, electrodes=1, kind="pssession")
    files = [file for files in planned(simulation) for file in files]
    assert [name for name, _ in files] == [f"{handle}1.pssession", f"{handle}2.pssession"]
    for name, content in files:
        (scan,) = read(content, name=name)
        assert (scan.technique, scan.complete, scan.frequency_hz) == (technique, True, None)


def test_conditions_reach_the_sensor(tmp_path: Path) -> None:
    def spread(conditions: Conditions) -> float:
        simulation = Simulation(tmp_path, frequencies_hz=(60.0,), conditions=conditions)
        ((name, content),) = next(planned(simulation))
        (scan,) = read(content, name=name)
        values = scan.curves[0].current_a
        return sum(abs(b - a) for a, b in pairwise(values))

    assert spread(Conditions(noise_a=2e-8)) > 3 * spread(Conditions())
    assert spread(Conditions(mains_a=2e-8)) > 2 * spread(Conditions())
    limited = Simulation(tmp_path, kind="rodeostat", conditions=Conditions(range_a=3e-7))
    ((name, content),) = next(planned(limited))
    assert OVERLOAD in read(content, name=name)[0].flags


@pytest.mark.parametrize(
    ("text", "addition"),
    [
        ("150=30uM", Addition(150, 30e-6)),
        ("7=2.5 nM", Addition(7, 2.5e-9)),
        ("9=1mM", Addition(9, 1e-3)),
        ("9=0M", Addition(9, 0.0)),
        ("9=3µM", Addition(9, 3e-6)),
    ],
)
def test_additions_are_read(text: str, addition: Addition) -> None:
    assert parse_addition(text) == addition


@pytest.mark.parametrize("text", ["30uM", "0=1uM", "5=30", "5=30m", "5=-1uM", "five=1uM", ""])
def test_an_addition_that_cannot_be_read_is_a_sentence(text: str) -> None:
    with pytest.raises(ConfigError, match="such as 150=30uM"):
        parse_addition(text)


def test_without_additions_the_target_comes_half_way() -> None:
    assert additions_of((), None, 40) == (Addition(20),)
    assert additions_of((), None, 1) == (Addition(1),)
    assert additions_of((), 7, 40) == (Addition(7),)
    assert additions_of(["3=1uM", "9=2uM"], None, 40) == (Addition(3, 1e-6), Addition(9, 2e-6))
    with pytest.raises(ConfigError, match="either"):
        additions_of(["3=1uM"], 7, 40)


def test_an_unknown_format_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="choose one of chi, gamry"):
        write_scans(Simulation(tmp_path / "new", kind="excel"), threading.Event())


def test_it_writes_to_the_final_name_in_pieces(tmp_path: Path) -> None:
    path, stop = tmp_path / "SWV_15Hz_1.txt", threading.Event()
    content = bytes(10) * PIECE_BYTES
    writer = threading.Thread(target=write_like_an_instrument, args=(path, content, stop))
    writer.start()
    sizes = set()
    while writer.is_alive():
        if path.exists():
            sizes.add(path.stat().st_size)
    writer.join()
    assert path.read_bytes() == content
    assert len(sizes) > 2


def test_it_ends_when_told(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    assert write_scans(Simulation(tmp_path / "new"), stop) == 0


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match="cannot be written"):
        write_scans(Simulation(tmp_path / "file" / "scans"), threading.Event())
