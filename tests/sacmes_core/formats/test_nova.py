"""Nova exports beyond the sample file: delimiters, directions, several electrodes."""

import pytest

from sacmes_core.errors import FormatError
from sacmes_core.formats.reading import read

SQUARE_WAVE = (
    "Index;Potential applied (V);Time (s);WE(1).δ.Current (A);WE(1).Forward.Current (A);"
    "WE(1).Backward.Current (A)"
)


def nova(columns: str, rows: int = 20) -> str:
    width = columns.count(";")
    lines = [
        ";".join([str(k + 1), *(f"{-0.005 * k + c * 1e-3:.6f}" for c in range(width))])
        for k in range(rows)
    ]
    return "\r\n".join([columns, *lines]) + "\r\n"


@pytest.mark.parametrize("delimiter", [";", "\t"])
@pytest.mark.parametrize("decimal", [".", ","])
def test_square_wave(delimiter: str, decimal: str) -> None:
    head, _, rows = nova(SQUARE_WAVE).partition("\r\n")
    text = (head + _ + rows.replace(".", decimal)).replace(";", delimiter)
    (scan,) = read(text.encode())
    assert (scan.format, scan.technique, scan.flags) == ("nova", "swv", ())
    assert [(c.electrode, c.role) for c in scan.curves] == [
        (1, "difference"),
        (1, "forward"),
        (1, "reverse"),
    ]
    assert scan.curves[0].potential_v[1] == -0.005
    assert scan.curves[0].current_a[1] == pytest.approx(-0.003)


def test_second_working_electrode() -> None:
    columns = "Index;WE(1).Potential (V);WE(1).Current (A);WE(2).Current (A)"
    (scan,) = read(nova(columns).encode())
    assert scan.electrodes == (1, 2)


def test_micro_sign_in_cp1252() -> None:
    text = nova("Index;WE(1).Potential (V);WE(1).Current (A);Current range")
    data = "\r\n".join(
        line if k == 0 else f"{line.rpartition(';')[0]};100 µA"
        for k, line in enumerate(text.split("\r\n")[:-1])
    )
    (scan,) = read((data + "\r\n").encode("cp1252"))
    assert len(scan.curves[0].current_a) == 20


def test_file_without_a_current_is_refused() -> None:
    with pytest.raises(FormatError, match="No column with a current"):
        read(nova("Index;Time (s);WE(1).Potential (V)").encode())


def test_raw_current_beside_the_difference_is_left_out() -> None:
    columns = (
        "Potential applied (V);WE(1).Current (A);WE(1).δ.Current (A);WE(1).Forward.Current (A);"
        "WE(1).Backward.Current (A);Index"
    )
    (scan,) = read(nova(columns).encode())
    assert [c.role for c in scan.curves] == ["difference", "forward", "reverse"]
    # The second column of numbers is the raw current, the third the difference.
    assert scan.curves[0].current_a[0] == pytest.approx(1e-3)


def sweeps(columns: str, *sweeps: tuple[int, list[float]]) -> bytes:
    """Rows of scan number, potential, time, potential of the base and current for each sweep."""
    lines = [columns]
    for number, potentials in sweeps:
        for k, volts in enumerate(potentials):
            cells = [volts, len(lines) * 0.5, volts - 0.025]
            current = number * 1e-6 + k * 1e-8
            lines.append(f"{number};{';'.join(f'{cell:.3f}' for cell in cells)};{current:.3E}")
    return ("\r\n".join(lines) + "\r\n").encode()


UP = [-0.4 + 0.01 * k for k in range(20)]
PULSES = "Scan;Potential applied (V);Time (s);WE(1).Base.Potential (V);WE(1).δ.Current (A)"
PLAIN = "Scan;Potential applied (V);Time (s);WE(1).Potential (V);WE(1).Current (A)"


def test_sweep_without_pulses_is_no_square_wave() -> None:
    (scan,) = read(sweeps(PLAIN, (1, UP)))
    assert (scan.technique, scan.flags) == ("lsv", ())
    assert [c.role for c in scan.curves] == ["total"]
    assert scan.curves[0].potential_v[0] == -0.425


@pytest.mark.parametrize("name", ["SWV_2.txt", "run 15Hz 2.txt"])
def test_the_name_may_say_that_a_sweep_is_a_square_wave(name: str) -> None:
    (scan,) = read(sweeps(PLAIN, (1, UP)), name=name)
    assert (scan.technique, scan.flags) == ("swv", ())
    assert [c.role for c in scan.curves] == ["difference"]


def test_potential_of_the_staircase_is_preferred_to_that_of_a_pulse() -> None:
    (scan,) = read(sweeps(PULSES, (1, UP)))
    assert scan.curves[0].potential_v[0] == -0.4


@pytest.mark.parametrize("second", [UP, UP[::-1]])
def test_numbered_square_waves_are_scans(second: list[float]) -> None:
    scans = read(sweeps(PULSES, (1, UP), (2, second)))
    assert [(s.technique, s.number, s.index, s.points) for s in scans] == [
        ("swv", 1, 0, 20),
        ("swv", 2, 1, 20),
    ]
    assert scans[1].curves[0].current_a[0] == 2e-6
    assert scans[1].curves[0].potential_v[0] == pytest.approx(second[0])
    assert [s.curves[0].time_s[0] for s in scans if s.curves[0].time_s] == [0.5, 0]


def test_numbered_cycles_are_one_scan() -> None:
    (scan,) = read(sweeps(PLAIN, (1, UP + UP[::-1]), (2, UP + UP[::-1])))
    assert (scan.technique, scan.points) == ("cv", 80)


def test_impedance_is_refused_by_its_columns() -> None:
    columns = "Index;Frequency (Hz);Z' (Ω);-Z'' (Ω);Z (Ω);-Phase (°);Time (s)"
    rows = "".join(
        f"{k + 1};{1e5 / (k + 1):.1f};{100 + k};{50 - k};120;30;{k}\n" for k in range(20)
    )
    with pytest.raises(FormatError, match="neither potentials nor currents"):
        read((f"WE(1).Potential\n{columns}\n{rows}").encode())
