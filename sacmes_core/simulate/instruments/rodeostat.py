"""A Rodeostat: JSON commands, JSON answers, and the samples of a test."""

import json
import math
from typing import Any, Final

import numpy as np

from sacmes_core.simulate.acquisition import CurrentRange, digitised
from sacmes_core.simulate.instruments.cell import Cell
from sacmes_core.simulate.instruments.faults import FaultPlan
from sacmes_core.simulate.instruments.instrument import Instrument, Say, Steps, Wait, transmitted
from sacmes_core.simulate.instruments.rodeostat_tests import (
    PARAMETERS,
    Parameters,
    Sampling,
    TooLongError,
    done_time_ms,
    sample,
)

VERSION: Final = "FW0.0.8"
VARIANT: Final = "10V_microAmpV0.2"
HARDWARE: Final = "HW0.2"
CURRENT_RANGES_UA: Final = {"1uA": 1.0, "10uA": 10.0, "100uA": 100.0, "1000uA": 1000.0}
VOLTAGE_RANGES: Final = ("1V", "2V", "5V", "10V")

_ELECTRODES: Final = ("Ref", "Ctr", "Wrk")
_SWITCHES: Final = {f"set{electrode}ElectConnected": electrode for electrode in _ELECTRODES}
_LINE_MAX: Final = 1024
_STEPS_MAX: Final = 50
_CHANNELS_MAX: Final = 7
_PERIODS_MS: Final = (1, 1000)
_PERIOD_MS: Final = 10
_MICROAMPERE: Final = 1e6
_NUMBER_MAX: Final = 2**32 - 1


class _RefusedError(Exception):
    """A command cannot be done; the message is the device's."""


class Rodeostat(Instrument):
    """Speaks the JSON lines of the firmware; current in µA, time in ms.

    A board of version 0.2, which has switches: unless told otherwise it connects the electrodes at
    the beginning of a test and disconnects them at its end. Between tests the potential is 0 V.
    """

    def __init__(self, cell: Cell, plan: FaultPlan | None = None) -> None:
        super().__init__(cell, plan)
        self._scans = 0
        self._line = bytearray()
        self._connected = dict.fromkeys(_ELECTRODES, False)
        self._connects_itself = True
        self._potential_v = 0.0
        self._current_range = "100uA"
        self._voltage_range = "1V"
        self._period_ms = _PERIOD_MS
        self._device_id = 1
        self._mux_enabled = False
        self._channels: tuple[int, ...] = ()
        self._parameters: dict[str, Parameters] = {
            test: {name: default for name, (_, default) in known.items()}
            for test, known in PARAMETERS.items()
        }
        self._now_s = 0.0

    @property
    def cell_is_on(self) -> bool:
        """Whether reference, counter and working electrode are connected."""
        return all(self._connected.values())

    @property
    def potential_v(self) -> float:
        """The potential that is applied."""
        return self._potential_v

    @property
    def scans(self) -> int:
        """Tests that were begun."""
        return self._scans

    def _received(self, data: bytes, now_s: float) -> None:
        self._now_s = now_s
        for byte in data:
            if byte != ord("\n"):
                # A line that is too long is no JSON either way.
                self._line += bytes([byte]) if len(self._line) <= _LINE_MAX else b""
                continue
            line, self._line = bytes(self._line), bytearray()
            if line.strip():
                self._answer(line)

    def _answer(self, line: bytes) -> None:
        response: dict[str, Any] = {}
        try:
            follows = self._obey(_message(line), response)
        except _RefusedError as error:
            self._send({"success": False, "message": str(error), "response": response})
            return
        self._send({"success": True, "response": response})
        if follows is not None:
            self._start(follows, self._now_s)

    def _obey(self, message: dict[str, Any], response: dict[str, Any]) -> Steps | None:
        """Do a command and fill its response; what is to be sent by and by is returned."""
        if "command" not in message:
            raise _RefusedError("CommandTable: command not found")
        command = str(message["command"])[:64].strip()
        known = {
            "runTest": self._run_test,
            "setParam": self._set_parameters,
            "getParam": self._get_parameters,
            "getTestDoneTime": self._get_done_time,
        }
        if command in known:
            response["command"] = command
            return known[command](message, response)
        if command == "stopTest":
            response["command"] = command
            return self._stopped()
        simple = self._get(command) or self._set(command, message)
        if simple is None:
            raise _RefusedError(f"command, {command}, not found")
        response |= {"command": command, **simple}
        return None

    def _get(self, command: str) -> dict[str, Any] | None:
        known: dict[str, dict[str, Any]] = {
            "getVersion": {"version": VERSION},
            "getVariant": {"variant": VARIANT},
            "getDeviceId": {"deviceId": self._device_id},
            "getVolt": {"v": self._potential_v},
            "getCurr": {"i": 0.0},
            "getRefVolt": {"r": 0.0},
            "getVoltRange": {"voltRange": self._voltage_range},
            "getCurrRange": {"currRange": self._current_range},
            "getSamplePeriod": {"samplePeriod": self._period_ms},
            "getTestNames": {"testNames": list(PARAMETERS)},
            "getMuxTestNames": {"testNames": list(PARAMETERS)},
            "getMuxEnabled": {"muxEnabled": self._mux_enabled},
            "getEnabledMuxChannels": {"muxChannel": list(self._channels)},
            "getHardwareVersion": {"version": HARDWARE},
            "getAllElectConnected": {"connected": self.cell_is_on},
            "getElectAutoConnect": {"autoConnect": self._connects_itself},
        }
        return known.get(command)

    def _set(self, command: str, message: dict[str, Any]) -> dict[str, Any] | None:
        match command:
            case "setVolt":
                self._potential_v = _float(message, "v")
                return {"v": self._potential_v}
            case "setVoltRange":
                self._voltage_range = _choice(message, "voltRange", VOLTAGE_RANGES)
                return {"voltRange": self._voltage_range}
            case "setCurrRange":
                self._current_range = _choice(message, "currRange", tuple(CURRENT_RANGES_UA))
                return {"currRange": self._current_range}
            case "setDeviceId":
                self._device_id = _unsigned(message, "deviceId")
                return {"deviceId": self._device_id}
            case "setSamplePeriod":
                period_ms = _unsigned(message, "samplePeriod")
                if not _PERIODS_MS[0] <= period_ms <= _PERIODS_MS[1]:
                    size = "small" if period_ms < _PERIODS_MS[0] else "large"
                    raise _RefusedError(f"json samplePeriod value is too {size}")
                self._period_ms = period_ms
                return {"samplePeriod": period_ms}
            case "setMuxEnabled":
                self._mux_enabled = _flag(message, "muxEnabled")
                return {"muxEnabled": self._mux_enabled}
            case "setEnabledMuxChannels":
                self._channels = _channels(message)
                return {"muxChannel": list(self._channels)}
            case "setElectAutoConnect":
                self._connects_itself = _flag(message, "autoConnect")
                return {"autoConnect": self._connects_itself}
            case "setAllElectConnected":
                self._connect(_flag(message, "connected"))
                return {"connected": self.cell_is_on}
            case _ if command in _SWITCHES:
                self._connected[_SWITCHES[command]] = _flag(message, "connected")
                return {"connected": self._connected[_SWITCHES[command]]}
        return None

    def _set_parameters(self, message: dict[str, Any], response: dict[str, Any]) -> None:
        test = _test(message, response)
        given = message.get("param")
        if not isinstance(given, dict):
            raise _RefusedError("key param missing" if given is None else "param not JsonObject")
        response["param"] = done = {}
        wrong = []
        for name, (kind, _) in PARAMETERS[test].items():
            if name not in given:
                continue
            if _is(kind, given[name]):
                self._parameters[test][name] = done[name] = given[name]
            else:
                wrong.append(f"{name} not {'a float' if kind == 'float' else kind}")
        if wrong:
            raise _RefusedError(", ".join(wrong))

    def _get_parameters(self, message: dict[str, Any], response: dict[str, Any]) -> None:
        response["param"] = dict(self._parameters[_test(message, response)])

    def _get_done_time(self, message: dict[str, Any], response: dict[str, Any]) -> None:
        test = _test(message, response)
        period_s = self._period_ms / 1e3
        response["testDoneTime"] = done_time_ms(test, self._parameters[test], period_s)

    def _run_test(self, message: dict[str, Any], response: dict[str, Any]) -> Steps:
        test = _test(message, response)
        period_s = self._period_ms / 1e3
        try:
            sampling = sample(test, self._parameters[test], period_s, self._cell, self._potential_v)
        except TooLongError:
            raise _RefusedError("the test has too many samples to be simulated") from None
        return self._samples(sampling, period_s)

    def _samples(self, sampling: Sampling, period_s: float) -> Steps:
        multiplexed = self._mux_enabled and bool(self._channels)
        channels = self._channels if multiplexed else (1,)
        if self._connects_itself:
            self._connect(True)
        currents = {channel: sampling.currents(channel) for channel in channels}
        points = len(sampling.time_s)
        self._scans += 1
        faults = self._plan.of_scan(self._scans, points)
        full_scale_a = CURRENT_RANGES_UA[self._current_range] / _MICROAMPERE
        for k in range(points):
            yield Wait(period_s)
            self._potential_v = float(sampling.potential_v[k])
            channel = channels[k % len(channels)]
            current_a = float(currents[channel][k]) if self.cell_is_on else 0.0
            kinds = {fault.kind for fault in faults.at(k)}
            if "error" in kinds:
                # It hangs: no end is sent, and the potential stays.
                return
            if "overload" in kinds:
                current_a = math.copysign(2 * full_scale_a, current_a)
            (read_a,), beyond = digitised(np.array([current_a]), CurrentRange(full_scale_a))
            told: dict[str, Any] = {
                "t": round(1e3 * float(sampling.time_s[k])),
                "v": _seven_digits(self._potential_v),
                "i": math.nan if "nan" in kinds else _seven_digits(float(read_a) * _MICROAMPERE),
            }
            told |= {"n": channel} if multiplexed else {}
            told |= {"le": True} if beyond else {}
            yield from transmitted(_line(told), faults.at(k))
        yield from self._stopped()

    def _stopped(self) -> Steps:
        """The end of a test, which is also sent where none was running."""
        self._potential_v = 0.0
        if self._connects_itself:
            self._connect(False)
        yield Say(_line({}))

    def _connect(self, connected: bool) -> None:
        self._connected = dict.fromkeys(_ELECTRODES, connected)

    def _send(self, message: dict[str, Any]) -> None:
        self._say(_line(message))


def _line(message: dict[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode("ascii") + b"\r\n"


def _message(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict) or len(line) > _LINE_MAX:
        raise _RefusedError("unable to parse json")
    return message


def _seven_digits(value: float) -> float:
    return float(f"{value:.7g}") + 0.0


def _test(message: dict[str, Any], response: dict[str, Any]) -> str:
    if "test" not in message:
        raise _RefusedError("json does not contain key: test")
    test = message["test"]
    response["test"] = test
    if not isinstance(test, str) or test not in PARAMETERS:
        raise _RefusedError("test not found")
    return test


def _given(message: dict[str, Any], key: str) -> Any:
    if key not in message:
        raise _RefusedError(f"json does not contain key: {key}")
    return message[key]


def _float(message: dict[str, Any], key: str) -> float:
    value = _given(message, key)
    if not _is("float", value):
        raise _RefusedError("unable to convert volt to float")
    return float(min(max(value, -10.0), 10.0))


def _unsigned(message: dict[str, Any], key: str) -> int:
    value = _given(message, key)
    if not _is("uint32", value):
        raise _RefusedError(f"json {key} value is not uin32_t")
    return int(value)


def _flag(message: dict[str, Any], key: str) -> bool:
    value = _given(message, key)
    if not isinstance(value, bool):
        raise _RefusedError(f"{key} not bool")
    return value


def _choice(message: dict[str, Any], key: str, choices: tuple[str, ...]) -> str:
    value = _given(message, key)
    if value not in choices:
        raise _RefusedError(f"{key} not found")
    return str(value)


def _channels(message: dict[str, Any]) -> tuple[int, ...]:
    value = _given(message, "muxChannel")
    if not isinstance(value, list) or not all(_is("uint32", channel) for channel in value):
        raise _RefusedError("muxChannel not an array of channels")
    if not all(1 <= channel <= _CHANNELS_MAX for channel in value):
        raise _RefusedError("mux channel out of range")
    return tuple(sorted(set(value)))


def _is(kind: str, value: Any) -> bool:
    """Whether a value is a number of a kind, or a list of durations and potentials."""
    if kind.endswith("steps"):
        return (
            isinstance(value, list)
            and (len(value) == 2 if kind == "two steps" else 1 <= len(value) <= _STEPS_MAX)
            and all(isinstance(s, list) and len(s) == 2 for s in value)
            and all(_is("uint32", s[0]) and _is("float", s[1]) for s in value)
        )
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    if kind == "uint32":
        return isinstance(value, int) and 0 <= value <= _NUMBER_MAX
    return math.isfinite(value) and abs(value) < _NUMBER_MAX
