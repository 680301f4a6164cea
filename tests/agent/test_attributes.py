import os
from types import SimpleNamespace
from typing import cast

import pytest

from agent.attributes import is_hidden, is_junction, is_only_in_the_cloud


def status(**values: int) -> os.stat_result:
    """A status as Windows gives it; here only there are no such values."""
    return cast("os.stat_result", SimpleNamespace(**values))


@pytest.mark.parametrize(
    ("attributes", "in_cloud", "hidden"),
    [
        (0x20, False, False),
        (0x20 | 0x400000, True, False),
        (0x40000, True, False),
        (0x1000, True, False),
        (0x80000, False, False),
        (0x2, False, True),
        (0x4, False, True),
    ],
)
def test_attributes_of_windows(attributes: int, in_cloud: bool, hidden: bool) -> None:
    assert is_only_in_the_cloud(status(st_file_attributes=attributes)) is in_cloud
    assert is_hidden(status(st_file_attributes=attributes)) is hidden


def test_a_junction_is_told_from_a_folder_of_the_cloud() -> None:
    assert is_junction(status(st_reparse_tag=0xA0000003))
    assert not is_junction(status(st_reparse_tag=0x9000601A))


def test_elsewhere_there_are_none(tmp_path: os.PathLike[str]) -> None:
    here = os.stat(tmp_path)  # noqa: PTH116
    assert not is_only_in_the_cloud(here)
    assert not is_hidden(here)
    assert not is_junction(here)
