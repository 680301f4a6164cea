"""The texts of a systemd service for an agent, and of the udev rules for its instrument."""

from dataclasses import dataclass
from typing import Final

from sacmes_core.units import MODEST, closed, escaped, quoted

INSTRUMENT_VENDORS: Final = {
    "0403": "FTDI",
    "0483": "STMicroelectronics",
    "04d8": "Microchip",
    "10c4": "Silicon Labs",
    "16c0": "Teensy (Rodeostat)",
    "1a86": "WCH",
    "2341": "Arduino",
    "239a": "Adafruit",
    "303a": "Espressif",
}
"""Makers of the USB serial chips that potentiostats have, by USB vendor id."""


@dataclass(frozen=True, slots=True)
class UsbIdentity:
    """What tells one USB device from another; the serial number may be empty."""

    vendor: str
    product: str
    serial: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """A service that runs one agent.

    Attributes
    ----------
    executable
        Absolute path of ``sacmes-agent``.
    arguments
        ``watch DIR …`` or ``serial PORT …``, as they are given to it.
    run_as
        User of the system; None lets systemd make one for this service alone.
    environment_file
        Where broker and key stand.
    per_user
        Whether it is a service of one user, without the rights of the system.
    """

    name: str
    executable: str
    arguments: tuple[str, ...]
    environment_file: str
    run_as: str | None = None
    per_user: bool = False

    @property
    def is_serial(self) -> bool:
        """Whether the agent talks to a port and not to a folder."""
        return self.arguments[0] == "serial"


def unit(service: Service) -> str:
    """The systemd unit: restarted for ever, watched, and with few rights."""
    command = " ".join(quoted(part) for part in (service.executable, *service.arguments))
    lines = [
        "[Unit]",
        f"Description=sacmes agent ({escaped(' '.join(service.arguments[:2]))})",
        "After=network-online.target time-sync.target",
        "Wants=network-online.target",
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        "Type=notify",
        "NotifyAccess=main",
        f"ExecStart={command}",
        f"Environment=PYTHONUNBUFFERED=1 SACMES_HOME=%S/{service.name}",
        f"EnvironmentFile=-{escaped(service.environment_file)}",
        f"StateDirectory={service.name}",
        "StateDirectoryMode=0700",
        "WatchdogSec=60",
        "Restart=always",
        "RestartSec=5",
        "TimeoutStopSec=20",
        "MemoryMax=128M",
        *MODEST,
        *([] if service.per_user else _system_rights(service)),
        "",
        "[Install]",
        f"WantedBy={'default.target' if service.per_user else 'multi-user.target'}",
    ]
    return "\n".join(lines) + "\n"


def _system_rights(service: Service) -> list[str]:
    """What a service of the system may do; the clock may be asked, but not set."""
    touched = (service.executable, *service.arguments[1:2])
    who = ["DynamicUser=yes"] if service.run_as is None else [f"User={service.run_as}"]
    devices = (
        [
            "SupplementaryGroups=dialout",
            "DevicePolicy=closed",
            *(f"DeviceAllow=char-{kind} rw" for kind in ("ttyACM", "ttyUSB", "ttyAMA", "ttyS")),
        ]
        if service.is_serial
        else ["PrivateDevices=yes"]
    )
    return [
        *who,
        *devices,
        *closed(touched),
        "SystemCallFilter=adjtimex clock_adjtime clock_adjtime64",
        "SystemCallErrorNumber=EPERM",
    ]


def udev_rules(name: str, instrument: UsbIdentity | None) -> str:
    """Rules that keep ModemManager away from instruments and give them names that stay.

    Parameters
    ----------
    name
        Name below ``/dev`` for `instrument`.
    instrument
        The one that is plugged in at the port; None if it is not known.
    """
    lines = [
        f'SUBSYSTEM=="tty", ATTRS{{idVendor}}=="{vendor}", ENV{{ID_MM_DEVICE_IGNORE}}="1", '
        'GROUP="dialout", MODE="0660", TAG+="systemd"'
        for vendor in sorted(INSTRUMENT_VENDORS)
    ]
    lines.append(
        'SUBSYSTEM=="tty", ENV{ID_MM_DEVICE_IGNORE}=="1", ENV{ID_SERIAL_SHORT}=="?*", '
        'SYMLINK+="potentiostat-$env{ID_SERIAL_SHORT}"'
    )
    if instrument is not None:
        serial = f'ATTRS{{serial}}=="{instrument.serial}", ' if instrument.serial else ""
        lines.append(
            f'SUBSYSTEM=="tty", ATTRS{{idVendor}}=="{instrument.vendor}", '
            f'ATTRS{{idProduct}}=="{instrument.product}", {serial}'
            f'ENV{{ID_MM_DEVICE_IGNORE}}="1", GROUP="dialout", SYMLINK+="{name}"'
        )
    return "\n".join(lines) + "\n"
