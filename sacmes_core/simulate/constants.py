"""Constants of nature, and the temperature that every simulation has."""

from typing import Final

FARADAY_C_MOL: Final = 96485.33212
GAS_CONSTANT_J_MOL_K: Final = 8.314462618
TEMPERATURE_K: Final = 298.15
PER_THERMAL_VOLT: Final = FARADAY_C_MOL / (GAS_CONSTANT_J_MOL_K * TEMPERATURE_K)
"""F / RT at 25 °C, 38.92 per volt."""
