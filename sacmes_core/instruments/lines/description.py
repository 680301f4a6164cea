"""The description of an instrument that prints lines: a small TOML file."""

import re
import tomllib
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from sacmes_core.errors import ConfigError
from sacmes_core.formats.lined import QUANTITIES
from sacmes_core.formats.scan import CURRENT_UNITS, POTENTIAL_UNITS
from sacmes_core.instruments.limits import Limits
from sacmes_core.instruments.orders import Order
from sacmes_core.settings.method import MethodKind

GROUPS: Final = {
    "E": "potential", "I": "current", "If": "forward", "Ir": "reverse", "t": "time",
    "ch": "channel",
}  # fmt: skip
"""Names of groups in the expression of a data line, and what they are."""

_TIME_UNITS: Final = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6}
_MICRO: Final = str.maketrans({"u": "µ", "μ": "µ"})
assert set(GROUPS.values()) == set(QUANTITIES)


def _expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression: {error}") from None
    return text


Expression = Annotated[str, Field(max_length=500), AfterValidator(_expression)]
Sent = Annotated[str, Field(max_length=2000)]


class _Table(BaseModel):
    """A table of the file; a misspelt name is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Answer(_Table):
    """What is answered once the instrument has printed a prompt, with or without a line's end."""

    prompt: Expression
    send: Sent = ""


class Start(_Table):
    """How a scan begins."""

    wake: Sent = Field(default="", description="Sent once, after the port was opened.")
    send: Sent = Field(default="", description="Starts a scan; empty for one that starts itself.")
    dialogue: tuple[Answer, ...] = ()
    line: Expression | None = Field(
        default=None, description="The line that the data come after; none if they come at once."
    )
    wait_s: float = Field(default=30.0, gt=0)


class Data(_Table):
    """A line of data."""

    line: Expression
    ignore: Expression | None = Field(
        default=None, description="Other lines among the data that are known: headings, summaries."
    )
    comment: str = ""
    potential_unit: str = "V"
    current_unit: str = "A"
    time_unit: str = "s"
    potential_scale: float = 1.0
    current_scale: float = 1.0

    @model_validator(mode="after")
    def _known(self) -> Self:
        names = set(re.compile(self.line).groupindex)
        if not names & {"I", "If"}:
            raise ValueError("the expression needs a group (?P<I>…) or (?P<If>…) for the current")
        if names - GROUPS.keys():
            raise ValueError(
                f"the groups may be {', '.join(GROUPS)}, and not {', '.join(names - GROUPS.keys())}"
            )
        for text, units in (
            (self.potential_unit, POTENTIAL_UNITS),
            (self.current_unit, CURRENT_UNITS),
        ):
            if text.translate(_MICRO) not in units:
                raise ValueError(f"{text!r} is none of {', '.join(units)}")
        if self.time_unit not in _TIME_UNITS:
            raise ValueError(f"{self.time_unit!r} is none of {', '.join(_TIME_UNITS)}")
        return self

    @property
    def scales(self) -> dict[str, float]:
        """What one unit of the line is in V, A and s."""
        return {
            "potential_scale": POTENTIAL_UNITS[self.potential_unit.translate(_MICRO)]
            * self.potential_scale,
            "current_scale": CURRENT_UNITS[self.current_unit.translate(_MICRO)]
            * self.current_scale,
            "time_scale": _TIME_UNITS[self.time_unit],
        }


class End(_Table):
    """How a scan ends: with a line, or when nothing more comes."""

    line: Expression | None = None
    idle_s: float | None = Field(default=None, gt=0)


class Stop(_Table):
    """How a scan is ended early, and the cell switched off."""

    send: Sent = ""


class Bounds(_Table):
    """What the instrument can apply and measure."""

    min_v: float = -2.0
    max_v: float = 2.0
    max_current_a: float = 0.1


class Description(_Table):
    """One instrument."""

    name: str = Field(min_length=1, max_length=100)
    techniques: tuple[MethodKind, ...] = ("swv",)
    baud: int = Field(default=115_200, ge=300)
    eol: Literal["\n", "\r", "\r\n"] = "\n"
    reset_s: float = Field(default=2.0, ge=0, le=60)
    start: Start = Field(default_factory=Start)
    data: Data
    end: End
    stop: Stop = Field(default_factory=Stop)
    limits: Bounds = Field(default_factory=Bounds)

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if self.end.line is None and self.end.idle_s is None:
            raise ValueError("end needs a line or idle_s, else no scan would ever be finished")
        for text in self._sent:
            filled(text, _EXAMPLE)
        return self

    @property
    def _sent(self) -> tuple[str, ...]:
        return (self.start.send, *(one.send for one in self.start.dialogue), self.stop.send)

    @property
    def is_told_frequency(self) -> bool:
        """Whether what is sent names the frequency, so that several can be measured."""
        return any("{frequency" in text or "{period" in text for text in self._sent)

    @property
    def is_told_electrode(self) -> bool:
        """Whether what is sent names the channel of a multiplexer."""
        return any("{electrode" in text for text in self._sent)

    @property
    def bounds(self) -> Limits:
        """The limits of the instrument."""
        return Limits(self.limits.min_v, self.limits.max_v, self.limits.max_current_a)


def read_description(text: str) -> Description:
    """Read a description.

    Raises
    ------
    ConfigError
        With the place that is wrong.
    """
    try:
        return Description.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"The description of the instrument is no TOML: {error}.") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        reason = first["msg"].removeprefix("Value error, ")
        raise ConfigError(f"The description of the instrument: {where}: {reason}.") from None


def words_of(order: Order) -> dict[str, float]:
    """What a text may name in braces, as in ``{start_mv:+05.0f}``."""
    method = order.method
    frequency_hz = order.frequency_hz or 0.0
    volts = {
        "start": order.start_v,
        "end": method.swv.end_v,
        "step": method.swv.step_v if order.kind == "swv" else method.cv.step_v,
        "amplitude": method.swv.amplitude_v,
        "vertex_1": method.cv.vertex_1_v,
        "vertex_2": method.cv.vertex_2_v,
        "potential": method.ca.potentials_v[-1],
        "conditioning": method.conditioning_v,
    }
    seconds = {
        "quiet": method.quiet_s,
        "conditioning_time": method.conditioning_s,
        "duration": method.ca.duration_s,
        "sample_interval": method.ca.sample_interval_s,
        "period": 1 / frequency_hz if frequency_hz else 0.0,
    }
    words = {"frequency_hz": frequency_hz, "electrode": float(order.electrode or 1)}
    words |= {f"{name}_v": value for name, value in volts.items()}
    words |= {f"{name}_mv": 1e3 * value for name, value in volts.items()}
    words |= {f"{name}_s": value for name, value in seconds.items()}
    words |= {f"{name}_ms": 1e3 * value for name, value in seconds.items()}
    words["scan_rate_v_s"] = method.cv.scan_rate_v_s
    words["scan_rate_mv_s"] = 1e3 * method.cv.scan_rate_v_s
    return words | {"cycles": float(method.cv.cycles), "range_a": method.current_range_a}


def filled(text: str, words: dict[str, float]) -> bytes:
    """A text with its braces filled in.

    Raises
    ------
    ValueError
        With a sentence, if it names something else.
    """
    try:
        return text.format_map(words).encode("latin-1")
    except (KeyError, ValueError, IndexError, AttributeError, UnicodeEncodeError) as error:
        raise ValueError(
            f"{text!r} cannot be filled in ({error}); it may name {', '.join(sorted(words))}"
        ) from None


def _example() -> dict[str, float]:
    from sacmes_core.settings.method import MethodSettings

    return words_of(Order("swv", MethodSettings(), frequency_hz=10.0))


_EXAMPLE: Final[dict[str, Any]] = _example()
