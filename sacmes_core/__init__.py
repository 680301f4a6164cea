"""The pure core of sacmes: the protocol, the formats and the science."""

from typing import Final

__version__: Final = "0.1.0"
