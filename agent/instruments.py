"""The instruments that a command line can name, with what is usual for each."""

from dataclasses import dataclass
from typing import Final

from sacmes_core.errors import ConfigError
from sacmes_core.instruments.driver import Driver
from sacmes_core.instruments.limits import Limits
from sacmes_core.instruments.methodscript.driver import MethodScript
from sacmes_core.instruments.methodscript.script import Multiplexer

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
    raise ConfigError(f"--instrument {name} is not known.")
