"""From bytes to text: byte order marks, UTF-16 without one, files cut in a character."""

import codecs
from collections.abc import Iterable
from typing import Final

from sacmes_core.errors import FormatError

BYTES_MAX: Final = 16 * 1024 * 1024
LINES_MAX: Final = 1_000_000
LINE_LENGTH_MAX: Final = 65_536

_BINARY_STARTS: Final = (
    (b"PK\x03\x04", "an Excel workbook or a ZIP archive", "save the sheet as text (CSV)"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "save the sheet as text (CSV)"),
    (b"BIO-LOGIC MODULAR FILE", "a BioLogic .mpr file", "export it as text in EC-Lab"),
    (b"\x89PNG", "a picture", "choose the text file of the scan"),
    (b"\xff\xd8\xff", "a picture", "choose the text file of the scan"),
    (b"%PDF", "a PDF document", "choose the text file of the scan"),
    (b"\x1f\x8b", "a gzip archive", "unpack it first"),
    (b"\x7fELF", "a program", "choose the text file of the scan"),
)
_BINARY_SENTENCE: Final = (
    "The file is binary, not text; export the scan as text columns (potential and current)."
)
_BINARY_ENDS: Final = {
    ".nox": ("a Nova .nox file", "export its data as ASCII in Nova"),
    ".idf": ("an IviumSoft .idf file", "export its data as text in IviumSoft"),
    ".bin": ("a binary .bin file, as of CH Instruments", "convert it to text in that program"),
}
"""By the end of the name what a file without an unmistakable beginning is."""
_CONTROLS: Final = bytes({*range(9), *range(14, 26), *range(27, 32)})
_SAMPLE: Final = 8_192
_OTHER_LINE_ENDS: Final = "\v\f\x1c\x1d\x1e"
"""What else in ASCII Python's `str.splitlines` takes for the end of a line."""
_UNICODE_MINUS: Final = "\u2212"
_BOM: Final = "\ufeff"


def decode(data: bytes, name: str = "") -> str:
    """Return the text of a file, without byte order marks and with plain minus signs.

    A character that is cut off at the very end of the file is left out. The name tells whose a
    binary file is.

    Raises
    ------
    FormatError
        If the file is empty, too large or not text.
    """
    if not data or data.isspace():
        raise FormatError("The file is empty; wait until the instrument has written the scan.")
    if len(data) > BYTES_MAX:
        raise FormatError(
            f"The file has {len(data) / 1e6:.0f} MB, more than the 16 MiB that one scan may have; "
            "export fewer scans into one file."
        )
    for start, what, remedy in _BINARY_STARTS:
        if data.startswith(start):
            raise FormatError(f"The file is {what}; {remedy}.")
    text = _to_text(data)
    if text is None:
        raise _binary(name)
    text = text.replace(_BOM, "").replace(_UNICODE_MINUS, "-").rstrip("\x1a")
    sample = text[:_SAMPLE].encode(errors="replace")
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if "\x00" in text or controls > 0.01 * min(len(text), _SAMPLE):
        raise _binary(name)
    if not text or text.isspace():
        raise FormatError("The file is empty; wait until the instrument has written the scan.")
    return text


def first_line(lines: Iterable[str]) -> str:
    """The first line that is not blank, without the blanks around it; empty if there is none."""
    return next((line.strip() for line in lines if line.strip()), "")


def split_lines(text: str) -> list[str]:
    """Split text at CR LF, LF or CR; the last item is empty if the text ends with a line end.

    Only JSON may have lines of any length.

    Raises
    ------
    FormatError
        If there are more or longer lines than a voltammogram can have.
    """
    lines = _lines(text)
    if len(lines) > LINES_MAX:
        raise FormatError(
            f"The file has more than {LINES_MAX:,} lines, which no voltammogram has; "
            "choose the file of one scan."
        )
    longest = max(map(len, lines)) if len(text) > LINE_LENGTH_MAX else 0
    if longest > LINE_LENGTH_MAX and not text.lstrip().startswith("{"):
        raise FormatError(
            f"A line has more than {LINE_LENGTH_MAX:,} characters, so this is no table of "
            "potentials and currents; export the scan as text columns.",
            line=[*map(len, lines)].index(longest) + 1,
        )
    return lines


def _lines(text: str) -> list[str]:
    if text.isascii() and not any(sign in text for sign in _OTHER_LINE_ENDS):
        lines = text.splitlines()
        if text.endswith(("\n", "\r")):
            lines.append("")
        return lines
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _binary(name: str) -> FormatError:
    end = "." + name.rpartition(".")[2].lower()
    if end not in _BINARY_ENDS:
        return FormatError(_BINARY_SENTENCE)
    what, remedy = _BINARY_ENDS[end]
    return FormatError(f"The file is {what}; {remedy}.")


def _to_text(data: bytes) -> str | None:
    """The text; None if it cannot be any."""
    encoding = _encoding(data)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        pass
    try:
        return codecs.getincrementaldecoder(encoding)().decode(data, final=False)
    except UnicodeDecodeError:
        pass
    if encoding.startswith("utf-16"):
        return None
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _encoding(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if len(data) >= 4 and data[1] == data[3] == 0 and data[0] and data[2]:
        return "utf-16-le"
    if len(data) >= 4 and data[0] == data[2] == 0 and data[1] and data[3]:
        return "utf-16-be"
    return "utf-8"
