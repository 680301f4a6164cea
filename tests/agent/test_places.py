import os
from pathlib import Path

import pytest

from agent.places import (
    QUIET_HERE_S,
    _without_limit,
    is_network_mount,
    long_path,
    usual_quiet_s,
)

MOUNTS = r"""/dev/mmcblk0p2 / ext4 rw 0 0
//nas/chi /mnt/chi cifs rw 0 0
//nas/lab /mnt/lab\040data smb3 rw 0 0
server:/export /home/pi1/nfs nfs4 rw 0 0
/dev/sda1 /mnt/chi/stick vfat rw 0 0
"""


@pytest.mark.parametrize(
    ("place", "network"),
    [
        ("/home/pi1/data", False),
        ("/mnt/chi", True),
        ("/mnt/chi/run 1", True),
        ("/mnt/chip", False),
        ("/mnt/lab data/x", True),
        ("/home/pi1/nfs/x", True),
        ("/mnt/chi/stick", False),
    ],
)
def test_the_mount_that_holds_a_place_counts(place: str, network: bool) -> None:
    assert is_network_mount(MOUNTS, place) is network


def test_a_folder_of_this_computer_needs_less_quiet(tmp_path: Path) -> None:
    assert usual_quiet_s(tmp_path) == QUIET_HERE_S


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (r"C:\Daten µ\run 1", r"\\?\C:\Daten µ\run 1"),
        (r"\\nas\chi\run 1", r"\\?\UNC\nas\chi\run 1"),
        (r"\\?\C:\Daten", r"\\?\C:\Daten"),
    ],
)
def test_paths_of_windows_may_be_long(place: str, expected: str) -> None:
    assert _without_limit(place) == expected


def test_elsewhere_paths_stay_as_they_are(tmp_path: Path) -> None:
    if os.name != "nt":
        assert long_path(tmp_path) is tmp_path
