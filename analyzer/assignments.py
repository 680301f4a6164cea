"""Settings from a command line: `peak.smoothing=off`, or `smoothing=off` where that is clear."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import ValidationError

from sacmes_core.errors import ConfigError
from sacmes_core.settings.session import SessionSettings


def settings_of(assignments: Iterable[str], method: str | None = None) -> SessionSettings:
    """The default settings with these assignments.

    Raises
    ------
    ConfigError
        If a name is unknown, or a value does not fit.
    """
    given: dict[str, Any] = {}
    known = _known()
    for text in assignments:
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigError(f"{text!r} sets nothing; write it as NAME=VALUE.")
        given[_full_name(name.strip(), known)] = _value(value.strip())
    if method is not None:
        given["peak.method"] = method
    try:
        return SessionSettings().changed(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{where or 'The settings'}: {first['msg']}.") from None


def _known() -> tuple[str, ...]:
    document = SessionSettings().model_dump()
    return tuple(full for part, names in document.items() for full in _names(part, names))


def _names(before: str, names: dict[str, Any]) -> Iterator[str]:
    """Dotted names, those within a part of a part too: ``peak.cv``, ``peak.cv.model``."""
    for name, value in names.items():
        yield f"{before}.{name}"
        if isinstance(value, dict):
            yield from _names(f"{before}.{name}", value)


def _full_name(name: str, known: tuple[str, ...]) -> str:
    fitting = [full for full in known if name in (full, full.partition(".")[2])]
    if len(fitting) == 1:
        return fitting[0]
    problem = "is ambiguous" if fitting else "is not known"
    raise ConfigError(f"The setting {name!r} {problem}; there are: {', '.join(fitting or known)}.")


def _value(text: str) -> Any:
    if text in ("", "none"):
        return None
    for candidate in (text, f"[{text}]") if "," in text else (text,):
        try:
            return json.loads(candidate)
        except ValueError:
            continue
    return text
