"""The instruments that a command line can name, with what is usual for each."""

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

from sacmes_core.errors import ConfigError
from sacmes_core.instruments.driver import Driver
from sacmes_core.instruments.limits import Limits
from sacmes_core.instruments.lines.description import read_description
from sacmes_core.instruments.lines.driver import Lines
from sacmes_core.instruments.methodscript.driver import MethodScript
from sacmes_core.instruments.methodscript.script import Multiplexer
from sacmes_core.instruments.rodeostat.driver import Rodeostat

METHODSCRIPT_BAUDS: Final = (230_400, 921_600)
"""Of a Pico and of an EmStat4; over USB the rate means nothing."""

_WIDEST: Final = Limits(-20.0, 20.0, 1.0)


@dataclass(frozen=True, slots=True)
class Instrument:
    """A kind of instrument.

    Attributes
    ----------
    limits
        What an agent allows if it is told nothing; the instrument's own limits hold beside them.
    """

    driver: Driver
    bauds: tuple[int, ...]
    limits: Limits = _WIDEST


def instrument_of(name: str, config: str | None, multiplexer: Multiplexer) -> Instrument:
    """The instrument of a command line.

    Raises
    ------
    ConfigError
        If its description is missing or wrong.
    """
    if config is not None and name != "lines":
        raise ConfigError("--config describes an instrument of the kind lines; leave it out.")
    if name == "methodscript":
        return Instrument(MethodScript(multiplexer), METHODSCRIPT_BAUDS)
    if name == "rodeostat":
        return Instrument(Rodeostat(), (115_200,))
    description = read_description(_description(config))
    return Instrument(Lines(description), (description.baud,))


def _description(config: str | None) -> str:
    """The text of a description: one that is shipped, by its name, or a file."""
    shipped = resources.files("agent") / "descriptions"
    names = sorted(one.name.removesuffix(".toml") for one in shipped.iterdir())
    if config in names:
        return (shipped / f"{config}.toml").read_text("utf-8")
    if config is None:
        raise ConfigError(
            f"An instrument of the kind lines needs --config: {', '.join(names)}, or a file of "
            "your own."
        )
    try:
        return Path(config).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The description {config} cannot be read ({error}); name a file, or one of "
            f"{', '.join(names)}."
        ) from None
