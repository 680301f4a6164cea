"""The simulated instruments by the name of what they speak."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from sacmes_core.errors import ConfigError
from sacmes_core.simulate.instruments.cell import Cell
from sacmes_core.simulate.instruments.faults import FaultPlan
from sacmes_core.simulate.instruments.instrument import Instrument
from sacmes_core.simulate.instruments.lines import AceStat, KickStat
from sacmes_core.simulate.instruments.methodscript import EmStatPico
from sacmes_core.simulate.instruments.rodeostat import Rodeostat

INSTRUMENTS: Final[Mapping[str, Callable[[Cell, FaultPlan], Instrument]]] = MappingProxyType(
    {
        "methodscript": EmStatPico,
        "rodeostat": Rodeostat,
        "kickstat": KickStat,
        "acestat": AceStat,
    }
)


def make_instrument(kind: str, cell: Cell, plan: FaultPlan) -> Instrument:
    """An instrument that has just been switched on.

    Raises
    ------
    ConfigError
        If there is none of this name.
    """
    if kind not in INSTRUMENTS:
        raise ConfigError(
            f"There is no instrument “{kind}”; choose one of {', '.join(INSTRUMENTS)}."
        )
    return INSTRUMENTS[kind](cell, plan)
