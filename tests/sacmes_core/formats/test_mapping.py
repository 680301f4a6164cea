"""An explicit mapping is obeyed, or the file is refused with a sentence; it is never ignored."""

import json

import pytest

from sacmes_core.errors import FormatError
from sacmes_core.formats.reading import read
from sacmes_core.formats.scan import ColumnMapping, Scan

POINTS = 20
ROWS = [(round(-0.01 * k, 2), 1 + k, 2 + k, 3 + k) for k in range(1, POINTS + 1)]


def columns(heading: str, sign: str = ",") -> str:
    return heading + "".join(sign.join(map(str, row)) + "\n" for row in ROWS)


def packages(*kinds: str) -> str:
    """A recording whose packages hold a potential and currents of 1, 2, 3 … nA."""
    lines = []
    for potential, *currents in ROWS:
        values = [f"da{0x8000000 + round(potential * 1000):07X}m"]
        values += [
            f"{kind}{0x8000000 + round(i):07X}n" for kind, i in zip(kinds, currents, strict=False)
        ]
        lines.append("P" + ";".join(values))
    return "e\nM0002\n" + "\n".join(lines) + "\n*\n\n"


CHI = "Jan. 5, 2023   10:11:12\nSquare Wave Voltammetry\nInstrument Model:  CHI660E\n\n" + columns(
    "Potential/V, i1d/A, i1f/A, i1r/A\n\n", ", "
)
GAMRY = "EXPLAIN\nTAG\tSQUARE_WAVE\nCURVE\tTABLE\t20\n" + "".join(
    f"\t{line}\n" for line in columns("Vstep\tIdif\tIfwd\tIrev\nV\tA\tA\tA\n", "\t").splitlines()
)
ECLAB = "EC-Lab ASCII FILE\nNb header lines : 4\nSquare Wave Voltammetry\n" + columns(
    "Ewe/V\tI delta/A\tI forward/A\tI reverse/A\n", "\t"
)
NOVA = columns(
    "WE(1).Potential (V);WE(1).δ.Current (A);WE(1).Forward.Current (A);"
    "WE(1).Backward.Current (A)\n",
    ";",
)
PSTRACE = "Date and time:,2024-11-07 14:56:00\n" + columns("V,A,A,A\n")
GENERIC = columns("E/V,I1/A,I2/A,I3/A\n")
TABLES = {
    "chi": CHI,
    "gamry": GAMRY,
    "eclab": ECLAB,
    "nova": NOVA,
    "pstrace": PSTRACE,
    "generic": GENERIC,
    "methodscript": packages("ba", "ba", "ba"),
}
RODEOSTAT = "".join(
    json.dumps({"t": 10 * k, "v": potential, "i": current}) + "\n"
    for k, (potential, current, _, _) in enumerate(ROWS)
)
SESSION = json.dumps(
    {
        "type": "PalmSens.SessionFile",
        "measurements": [
            {
                "title": "SWV",
                "method": "METHOD_ID=swv",
                "curves": [
                    {
                        "title": "SWV",
                        "xaxisdataarray": {
                            "unit": {"type": "PalmSens.Units.Volt"},
                            "datavalues": [{"v": row[0]} for row in ROWS],
                        },
                        "yaxisdataarray": {
                            "unit": {"type": "PalmSens.Units.MicroAmpere"},
                            "datavalues": [{"v": row[1]} for row in ROWS],
                        },
                    }
                ],
            }
        ],
    }
)


def only(text: str, mapping: ColumnMapping) -> Scan:
    (scan,) = read(text.encode(), mapping=mapping)
    return scan


@pytest.mark.parametrize("kind", TABLES)
def test_named_current_is_the_one_that_is_read(kind: str) -> None:
    scan = only(TABLES[kind], ColumnMapping(potential_column=1, current_column=3))
    (curve,) = scan.curves
    scale = 1e-9 if kind == "methodscript" else 1
    assert curve.current_a == pytest.approx([row[2] * scale for row in ROWS])
    assert curve.potential_v == pytest.approx([row[0] for row in ROWS])
    assert (curve.electrode, curve.role) == (2 if kind == "generic" else 1, "difference")


@pytest.mark.parametrize("kind", TABLES)
def test_column_that_is_not_there_is_refused(kind: str) -> None:
    for mapping in (ColumnMapping(current_column=9), ColumnMapping(potential_column=9)):
        with pytest.raises(FormatError, match="no column 9"):
            read(TABLES[kind].encode(), mapping=mapping)


@pytest.mark.parametrize("kind", [k for k in TABLES if k != "methodscript"])
def test_units_of_the_mapping_go_before_those_of_the_file(kind: str) -> None:
    scan = only(TABLES[kind], ColumnMapping(current_unit="nA", potential_unit="mV"))
    assert scan.curves[0].current_a[0] == pytest.approx(ROWS[0][1] * 1e-9)
    assert scan.curves[0].potential_v[0] == pytest.approx(ROWS[0][0] * 1e-3)


@pytest.mark.parametrize("kind", TABLES)
def test_distance_without_a_first_current_is_refused(kind: str) -> None:
    with pytest.raises(FormatError, match="distance"):
        read(TABLES[kind].encode(), mapping=ColumnMapping(column_spacing=1))


@pytest.mark.parametrize("kind", [k for k in TABLES if k not in ("methodscript", "generic")])
def test_delimiter_of_the_mapping_is_tried_alone(kind: str) -> None:
    with pytest.raises(FormatError):
        read(TABLES[kind].encode(), mapping=ColumnMapping(delimiter="space", decimal="comma"))


@pytest.mark.parametrize(
    ("text", "mapping", "says"),
    [
        (SESSION, ColumnMapping(current_column=2), "columns"),
        (SESSION, ColumnMapping(delimiter="tab"), "delimiter"),
        (SESSION, ColumnMapping(current_unit="nA"), "units"),
        (RODEOSTAT, ColumnMapping(potential_column=2), "columns"),
        (RODEOSTAT, ColumnMapping(decimal="comma"), "decimal"),
        (packages("ba"), ColumnMapping(decimal="comma"), "decimal"),
        (packages("ba"), ColumnMapping(current_unit="nA"), "units"),
    ],
)
def test_mapping_of_what_the_format_names_itself_is_refused(
    text: str, mapping: ColumnMapping, says: str
) -> None:
    read(text.encode())
    with pytest.raises(FormatError, match=says):
        read(text.encode(), mapping=mapping)


def test_two_currents_of_a_package_want_the_column() -> None:
    text = packages("ba", "ba")
    with pytest.raises(FormatError, match="2 currents of unknown meaning; name the current's"):
        read(text.encode())
    scan = only(text, ColumnMapping(current_column=3))
    assert scan.curves[0].current_a[0] == pytest.approx(ROWS[0][2] * 1e-9)


def test_second_working_electrode_is_the_next_electrode() -> None:
    scan = only(packages("ba", "bb").replace("M0002", "M0005"), ColumnMapping())
    assert [(c.electrode, c.role) for c in scan.curves] == [(1, "total"), (2, "total")]


def test_current_before_the_potential() -> None:
    text = "".join(f"{row[1]}e-8;{row[0]}\n" for row in ROWS)
    scan = only(text, ColumnMapping(potential_column=2))
    assert scan.curves[0].potential_v == tuple(row[0] for row in ROWS)


def test_column_of_words_is_refused() -> None:
    text = "".join(f"{row[0]};x;{row[1]}e-8\n" for row in ROWS)
    with pytest.raises(FormatError, match=r"Column 2, .*no numbers"):
        read(text.encode(), mapping=ColumnMapping(current_column=2))
