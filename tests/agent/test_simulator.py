import threading
from pathlib import Path

import pytest

from agent.simulator import PIECE_BYTES, Simulation, planned, write_like_an_instrument, write_scans
from sacmes_core.errors import ConfigError
from sacmes_core.formats.reading import read


def test_every_file_is_a_finished_scan_of_its_name(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path, scans=2, electrodes=3, event_at=2)
    files = list(planned(simulation))
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
        name, content = next(planned(Simulation(tmp_path, seed=seed)))
        return read(content, name=name)[0].curves[0].current_a

    assert currents(1) == currents(1)
    assert currents(1) != currents(2)


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
