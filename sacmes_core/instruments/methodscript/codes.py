"""The error codes of MethodSCRIPT instruments, as sentences."""

import re
from typing import Final

_ERROR: Final = re.compile(r"([A-Za-z]?)!([0-9A-F]{4})(?::\s*Line\s+(\d+)(?:,\s*Col\s+(\d+))?.*)?")
_SCRIPT_ERRORS: Final = range(0x4000, 0x5000)
_SENTENCES: Final = {
    0x0003: "it does not know the command; is it a MethodSCRIPT instrument with current firmware?",
    0x0006: "it is busy with something else",
    0x0007: "an argument is out of its range; check potentials, step, frequency and range",
    0x0009: "it ran out of time",
    0x000F: "the potential is not valid; check the potentials of the method",
    0x0014: "the open circuit potential cannot be measured with the cell on",
    0x001B: "it does not support this; choose another frequency, range or technique",
    0x0028: "the potential is outside its range; choose a narrower window",
    0x0032: "the current was far above the range (critical overload); check the cell and take a "
    "larger current range",
    0x0058: "it could not keep up; take a lower frequency or scan rate, or a larger step",
    0x005A: "it could not keep up; take a lower frequency or scan rate, or a larger step",
    0x4001: "it does not know a command of the script; update its firmware",
    0x4004: "it does not understand a character of the script; update its firmware",
    0x400B: "measurement loops are nested",
    0x4018: "the script ended early: lines were lost on the way; check the cable",
    0x4026: "a variable exists already",
    0x4027: "the cell must be on",
    0x420B: "a variable is not declared",
    0x7FFF: "it must be reset: unplug it and plug it in again",
}


def is_error(text: str) -> bool:
    """Whether a line is the answer of an instrument that refuses or fails."""
    return _ERROR.fullmatch(text.strip()) is not None


def is_hopeless(text: str) -> bool:
    """Whether the script itself is refused, so that sending it again cannot help."""
    match = _ERROR.fullmatch(text.strip())
    return match is not None and (
        int(match[2], 16) in _SCRIPT_ERRORS or (match[1] == "e" and match[2] in ("0003", "001B"))
    )


def error_sentence(text: str) -> str:
    """What an error line means, with its code and its line of the script."""
    match = _ERROR.fullmatch(text.strip())
    code = int(match[2], 16) if match else 0
    meaning = _SENTENCES.get(code, "the manual of the instrument lists the code")
    return f"The instrument answered {text.strip()}: {meaning}."
