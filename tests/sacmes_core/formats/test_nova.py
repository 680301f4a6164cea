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
