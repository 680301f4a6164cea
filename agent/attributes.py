"""What Windows notes about a file beside its name: hidden, in the cloud alone, a junction.

On other systems a file's status holds none of it, and nothing here is ever true.
"""

import os
import stat
from typing import Final

RECALL_ON_OPEN: Final = 0x40000
RECALL_ON_DATA_ACCESS: Final = 0x400000
"""Set on the placeholders of OneDrive and alike: reading one fetches its content."""
_PLACEHOLDER: Final = stat.FILE_ATTRIBUTE_OFFLINE | RECALL_ON_OPEN | RECALL_ON_DATA_ACCESS
_HIDDEN: Final = stat.FILE_ATTRIBUTE_HIDDEN | stat.FILE_ATTRIBUTE_SYSTEM
_JUNCTION_TAG: Final = 0xA0000003


def is_only_in_the_cloud(status: os.stat_result) -> bool:
    """Whether the content is not on this computer."""
    return bool(_attributes(status) & _PLACEHOLDER)


def is_hidden(status: os.stat_result) -> bool:
    """Whether the file is hidden or the system's own."""
    return bool(_attributes(status) & _HIDDEN)


def is_junction(status: os.stat_result) -> bool:
    """Whether a folder is a link to another one, which may lead in a circle."""
    return getattr(status, "st_reparse_tag", 0) == _JUNCTION_TAG


def _attributes(status: os.stat_result) -> int:
    return int(getattr(status, "st_file_attributes", 0))
