import shlex
import subprocess
from pathlib import Path

import pytest
from support.tools import requires

from agent.units import Service, UsbIdentity, udev_rules, unit
from sacmes_core.units import environment_text, is_service_name


def service(*arguments: str, **changes: object) -> Service:
    fields: dict[str, object] = {
        "name": "sacmes-agent",
        "executable": "/opt/sacmes/bin/sacmes-agent",
        "arguments": arguments or ("watch", "/data"),
        "environment_file": "/etc/sacmes/sacmes-agent.env",
    }
    return Service(**(fields | changes))  # type: ignore[arg-type]


def lines(text: str) -> set[str]:
    return set(text.splitlines())


def test_it_is_restarted_for_ever_watched_and_does_not_need_the_network() -> None:
    said = lines(unit(service()))
    assert said >= {
        "Type=notify", "WatchdogSec=60", "Restart=always", "RestartSec=5",
        "StartLimitIntervalSec=0", "After=network-online.target time-sync.target",
        "StateDirectory=sacmes-agent", "ProtectSystem=strict", "NoNewPrivileges=yes",
        "MemoryMax=128M", "WantedBy=multi-user.target", "PrivateDevices=yes", "DynamicUser=yes",
        "ProtectHome=yes",
    }  # fmt: skip
    assert not [line for line in said if line.startswith(("Requires", "SupplementaryGroups"))]


def test_an_agent_of_a_port_may_open_ports_and_nothing_else() -> None:
    said = lines(unit(service("serial", "/dev/ttyACM0", "--instrument", "methodscript")))
    assert said >= {"SupplementaryGroups=dialout", "DevicePolicy=closed",
                    "DeviceAllow=char-ttyACM rw"}  # fmt: skip
    assert "PrivateDevices=yes" not in said


def test_a_folder_in_a_home_is_read_as_its_owner() -> None:
    said = lines(unit(service("watch", "/home/pi1/data", run_as="pi")))
    assert said >= {"User=pi", "ProtectHome=read-only"}
    assert "DynamicUser=yes" not in said


def test_a_service_of_a_user_asks_for_no_rights_of_the_system() -> None:
    said = lines(unit(service(per_user=True)))
    assert "WantedBy=default.target" in said
    assert not [line for line in said if line.startswith(("DynamicUser", "Capability", "User="))]


def test_a_command_line_is_taken_word_for_word() -> None:
    arguments = ("watch", 'C "µ" 100% $HOME\\x', "--handle", "A B")
    (command,) = (li for li in lines(unit(service(*arguments))) if li.startswith("ExecStart="))
    words = shlex.split(command.removeprefix("ExecStart="))
    plain = [word.replace("%%", "%").replace("$$", "$") for word in words]
    assert plain == ["/opt/sacmes/bin/sacmes-agent", *arguments]


def test_broker_and_key_stand_in_a_file_of_their_own() -> None:
    text = environment_text(SACMES_BROKER="mqtts://lab-7@b:8883", SACMES_KEY='k"$\\')
    assert lines(text) == {'SACMES_BROKER="mqtts://lab-7@b:8883"', 'SACMES_KEY="k\\"\\$\\\\"'}


@pytest.mark.parametrize(
    ("name", "fits"),
    [("sacmes-agent", True), ("a2", True), ("A", False), ("a/b", False), ("", False)],
)
def test_names_of_services(name: str, fits: bool) -> None:
    assert is_service_name(name) is fits


def test_rules_keep_modemmanager_away_and_name_the_instrument() -> None:
    rules = udev_rules("potentiostat-a", UsbIdentity("0403", "6015", "DM01XYZ"))
    assert rules.count('ENV{ID_MM_DEVICE_IGNORE}="1"') == 10
    assert rules.endswith(
        'ATTRS{idVendor}=="0403", ATTRS{idProduct}=="6015", ATTRS{serial}=="DM01XYZ", '
        'ENV{ID_MM_DEVICE_IGNORE}="1", GROUP="dialout", SYMLINK+="potentiostat-a"\n'
    )
    without = udev_rules("x", UsbIdentity("1a86", "7523"))
    assert "ATTRS{serial}" not in without
    assert udev_rules("x", None).count("\n") == 10


@pytest.mark.parametrize(
    "arguments",
    [("watch", "/home/pi1/data µ 100%"), ("serial", "/dev/ttyACM0", "--instrument", "rodeostat")],
)
def test_systemd_takes_the_unit_and_finds_it_well_closed(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    analyze = requires("systemd-analyze", "systemd")
    place = tmp_path / "sacmes-agent.service"
    place.write_text(unit(service(*arguments, executable="/bin/true")), "utf-8")
    verified = subprocess.run(
        [analyze, "verify", place], capture_output=True, text=True, timeout=60, check=False
    )
    about_it = [line for line in verified.stderr.splitlines() if place.name in line]
    assert (verified.returncode, about_it) == (0, [])
    judged = subprocess.run(
        [analyze, "security", "--offline=yes", "--threshold=25", place],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert judged.returncode == 0, judged.stdout[-2000:]
