"""The lifetimes of a potential step as results carry them, and as columns of a table."""

from typing import Final

from sacmes_core.analysis.ca.numbers import DecayNumbers, Exponential, Lifetime
from sacmes_core.payloads.ca import CaResult

_DIGITS: Final = 8

CA_COLUMNS: Final = tuple(f"ca_{name}" for name in CaResult.model_fields)
"""Columns of a table for lifetimes, named as in the payload."""


def ca_result(numbers: DecayNumbers) -> CaResult:
    """The payload of a decay's numbers, to eight digits."""
    values: dict[str, float | None] = {
        "offset_a": numbers.offset_a,
        "step_s": numbers.step_s,
        "from_s": numbers.from_s,
        "to_s": numbers.to_s,
    }
    for prefix, exponential in zip(("", "second_"), numbers.exponentials, strict=False):
        values |= _exponential(prefix, exponential)
    if numbers.mean is not None:
        values |= _lifetime("mean_", numbers.mean)
    return CaResult(**{name: _rounded(value) for name, value in values.items()})


def ca_cells(result: CaResult | None) -> list[float | None]:
    """The cells of `CA_COLUMNS`; all empty where a scan is no potential step."""
    return [getattr(result, name, None) for name in CaResult.model_fields]


def _exponential(prefix: str, exponential: Exponential) -> dict[str, float]:
    return _lifetime(prefix, exponential.lifetime) | {
        f"{prefix}amplitude_a": exponential.amplitude_a,
        f"{prefix}amplitude_se_a": exponential.amplitude_se_a,
    }


def _lifetime(prefix: str, lifetime: Lifetime) -> dict[str, float]:
    return {
        f"{prefix}lifetime_s": lifetime.lifetime_s,
        f"{prefix}lifetime_se_s": lifetime.lifetime_se_s,
        f"{prefix}lifetime_low_s": lifetime.low_s,
        f"{prefix}lifetime_high_s": lifetime.high_s,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{_DIGITS}g}")
