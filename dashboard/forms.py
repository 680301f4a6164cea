"""What people type into forms, as settings; what does not fit comes back as a sentence."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from sacmes_core.payloads.replies import FoundFiles
from sacmes_core.settings.peak import FrequencyWindow
from sacmes_core.settings.session import SessionSettings

_SEPARATORS: Final = re.compile(r"[;\s]+|,\s*")
_RANGE: Final = re.compile(r"^(\d{1,6})[-–](\d{1,6})$")
_NUMBER: Final = r"[-+−]?\d*\.?\d+"
_WINDOW: Final = re.compile(
    rf"(?i)^(?P<which>up to|above)?\s*(?P<frequency>\d*\.?\d+)\s*(?P<kilo>k?)hz\s*:"
    rf"\s*(?P<low>{_NUMBER})\s*(?:V\s*)?to\s*(?P<high>{_NUMBER})\s*V?$"
)
MAX_RANGE: Final = 256


class FormError(ValueError):
    """Something in a form does not fit; the text says what, for who typed it."""


@dataclass(frozen=True, slots=True)
class Found:
    """The files of one handle and extension in the agent's folder, over all frequencies.

    Attributes
    ----------
    last_files
        The newest of each frequency, for a look into it.
    """

    handle: str
    extension: str
    frequencies_hz: tuple[float, ...]
    files: int
    first_number: int | None
    last_number: int | None
    last_files: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """One line for a list."""
        frequencies = ", ".join(f"{f:g} Hz" for f in self.frequencies_hz)
        parts = [f"{self.handle or '(any name)'}…{self.extension}", f"{self.files:,} files"]
        if frequencies:
            parts.append(frequencies)
        if self.first_number is not None and self.last_number is not None:
            parts.append(f"numbers {self.first_number} to {self.last_number}")
        return " · ".join(parts)


def found_by_handle(found: tuple[FoundFiles, ...]) -> list[Found]:
    """The agent's list with the frequencies of one kind of name together, most files first."""
    kinds: dict[tuple[str, str], list[FoundFiles]] = {}
    for files in found:
        kinds.setdefault((files.handle, files.extension), []).append(files)
    merged = [
        Found(
            handle,
            extension,
            tuple(sorted({f.frequency_hz for f in group if f.frequency_hz is not None})),
            sum(f.files for f in group),
            min((f.first_number for f in group if f.first_number is not None), default=None),
            max((f.last_number for f in group if f.last_number is not None), default=None),
            tuple(f.last_file for f in group if f.last_file is not None),
        )
        for (handle, extension), group in kinds.items()
    ]
    return sorted(merged, key=lambda f: -f.files)


def frequencies(text: str) -> tuple[float, ...]:
    """Frequencies in Hz from a list such as ``15, 100`` or ``15 Hz; 0.1 kHz``.

    Raises
    ------
    FormError
        If something in it is no frequency.
    """
    joined = re.sub(r"(?i)(?<=\d)\s*(k?)hz\b", lambda m: "e3" if m[1] else "", text)
    found = []
    for word in _words(joined):
        try:
            value = float(word)
        except ValueError:
            raise FormError(f"{word!r} is no frequency; write for example 15, 100.") from None
        if not 0 < value <= 1e6:
            raise FormError(f"{word} Hz is no frequency of a square wave.")
        found.append(value)
    return tuple(sorted(set(found)))


def electrodes(text: str) -> tuple[int, ...]:
    """Electrodes from a list such as ``1, 2`` or ``1-4``, counted from 1.

    Raises
    ------
    FormError
        If something in it is no electrode.
    """
    found: set[int] = set()
    for word in _words(text):
        span = _RANGE.match(word)
        if word.isdecimal() and 1 <= int(word) <= MAX_RANGE:
            found.add(int(word))
        elif span and 1 <= int(span[1]) <= int(span[2]) <= MAX_RANGE:
            found.update(range(int(span[1]), int(span[2]) + 1))
        else:
            raise FormError(f"{word!r} is no electrode; write for example 1, 2 or 1-4.")
    return tuple(sorted(found))


def windows(text: str) -> tuple[dict[str, float], ...]:
    """Potential windows by frequency from ``up to 50 Hz: -0.45 to -0.1; 240 Hz: -0.4 to -0.05``.

    Raises
    ------
    FormError
        If a part of it is no frequency, or frequencies, with a window.
    """
    return tuple(_window(part.strip()) for part in re.split(r"[;\n]+", text) if part.strip())


def windows_text(windows: Iterable[FrequencyWindow]) -> str:
    """Potential windows by frequency as `windows` reads them.

    A window that has one end only, or the range of whose frequencies has two, cannot be typed in
    one line and is left out.
    """
    typed = []
    for window in windows:
        low, high = window.potential_min_v, window.potential_max_v
        limits = (
            ("", window.frequency_hz),
            ("up to ", window.up_to_hz),
            ("above ", window.above_hz),
        )
        named = [(word, limit) for word, limit in limits if limit is not None]
        if low is not None and high is not None and len(named) == 1:
            word, limit = named[0]
            typed.append(f"{word}{limit:g} Hz: {low:g} to {high:g}")
    return "; ".join(typed)


def _window(part: str) -> dict[str, float]:
    found = _WINDOW.match(part)
    if found is None:
        raise FormError(
            f"{part!r} is no window of a frequency; write for example up to 50 Hz: -0.45 to -0.10, "
            "above 50 Hz: -0.40 to -0.05, or 240 Hz: -0.40 to -0.05."
        )
    which = {"up to": "up_to_hz", "above": "above_hz", None: "frequency_hz"}
    named = found["which"].lower() if found["which"] else None
    return {
        which[named]: float(found["frequency"]) * (1e3 if found["kilo"] else 1),
        "potential_min_v": float(found["low"].replace("−", "-")),
        "potential_max_v": float(found["high"].replace("−", "-")),
    }


def potentials(text: str) -> tuple[float, ...]:
    """Potentials in V from a list such as ``-0.2, 0.1`` or ``-200 mV; 0.1 V``.

    Raises
    ------
    FormError
        If something in it is no potential.
    """
    joined = re.sub(r"(?i)(?<=[\d.])\s*(m?)v\b", lambda m: "e-3" if m[1] else "", text)
    found = []
    for word in _words(joined.replace("−", "-")):
        try:
            value = float(word)
        except ValueError:
            raise FormError(f"{word!r} is no potential; write for example -0.2, 0.1.") from None
        if not -100 <= value <= 100:
            raise FormError(f"{word} V is no potential of a cell.")
        found.append(value)
    return tuple(dict.fromkeys(found))


def extension(text: str) -> str:
    """An extension with its dot, whether it was typed or not."""
    stripped = text.strip()
    return f".{stripped}" if stripped and not stripped.startswith(".") else stripped


def settings(base: SessionSettings, changes: Mapping[str, Any]) -> SessionSettings:
    """Settings with dotted names replaced.

    Raises
    ------
    FormError
        With the field and what is wrong with it.
    """
    try:
        return base.changed(dict(changes))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = " ".join(str(part) for part in first["loc"]).replace("_", " ")
        said = str(first["msg"]).removeprefix("Value error, ")
        raise FormError(f"{where}: {said}." if where else f"{said}.") from None


def description(model: type[BaseModel], name: str) -> str:
    """What a setting means, for its help."""
    return model.model_fields[name].description or ""


def _words(text: str) -> list[str]:
    return [word for word in _SEPARATORS.split(text.strip()) if word]
