"""MethodSCRIPT: a script's lines as statements, or the error that the instrument answers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

UNKNOWN_COMMAND: Final = 0x4001
BAD_ARGUMENT: Final = 0x4002
UNEXPECTED_CHARACTER: Final = 0x4004
UNKNOWN_OPTION: Final = 0x4008
NESTED_MEASUREMENT: Final = 0x400B
UNEXPECTED_COMMAND: Final = 0x400C
TOO_DEEP: Final = 0x400D
ENDED_EARLY: Final = 0x4018
VARIABLE_EXISTS: Final = 0x4026
UNDECLARED: Final = 0x420B

_DEPTH_MAX: Final = 8
_TOKEN: Final = re.compile(r'"[^"]*"?|#.*|[^\s"#]+')
_NUMBER: Final = re.compile(
    r"(?P<digits>-?\d{1,18})(?P<prefix>[afpnumkMGTPEi])?|0x(?P<hex>[0-9A-Fa-f]{1,8})i?"
    r"|0b(?P<binary>[01]{1,32})i?"
)
_NAME: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_OPTION: Final = re.compile(r"(?P<name>[a-z_]+)\((?P<value>\w*)\)", re.ASCII)
_TYPE: Final = re.compile(r"[a-j][a-z]")
_PREFIXES: Final = {
    "a": -18, "f": -15, "p": -12, "n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12,
    "P": 15, "E": 18,
}  # fmt: skip

_FORMS: Final[Mapping[str, tuple[str, ...]]] = {
    "var": ("N",), "store_var": ("nvt",), "copy_var": ("vn",),
    "add_var": ("nv",), "sub_var": ("nv",), "mul_var": ("nv",), "div_var": ("nv",),
    "set_pgstat_chan": ("v",), "set_pgstat_mode": ("v",), "set_max_bandwidth": ("v",),
    "set_cr": ("v",), "set_range": ("tv",), "set_range_minmax": ("tvv",), "set_pot_range": ("vv",),
    "set_autoranging": ("vv", "tvv"), "set_e": ("v",), "cell_on": ("",), "cell_off": ("",),
    "wait": ("v",), "set_gpio_cfg": ("vv",), "set_gpio": ("v",), "mux_config": ("vv",),
    "mux_get_channel_count": ("n",), "mux_set_channel": ("v",),
    "timer_start": ("",), "timer_get": ("n",), "send_string": ("s",),
    "pck_start": ("",), "pck_add": ("v",), "pck_end": ("",),
    "loop": ("vcv",), "endloop": ("",), "breakloop": ("",), "abort": ("",), "on_finished:": ("",),
    "meas_loop_swv": ("nnnnvvvvv",), "meas_loop_cv": ("nnvvvvv",),
    "meas_loop_lsv": ("nnvvvv",), "meas_loop_ca": ("nnvvv",),
}  # fmt: skip
"""Arguments of each command: N a new variable, n a variable, v a value, t a type, c a comparison,
s a string; several forms differ in their number."""

_OPTIONS: Final[Mapping[str, frozenset[str]]] = {
    "meas_loop_cv": frozenset({"nscans"}),
    "pck_start": frozenset({"meta_msk"}),
}
_COMPARISONS: Final = frozenset({"<", ">", "<=", ">=", "==", "!="})


class ScriptError(Exception):
    """What is wrong with a script, or why it stopped."""

    def __init__(self, code: int, line: int = 0, column: int = 0) -> None:
        self.code, self.line, self.column = code, line, column
        place = f": Line {line}" if line else ""
        super().__init__(f"!{code:04X}{place}" + (f", Col {column}" if column else ""))


class Number(NamedTuple):
    """A number as written; integers end in ``i`` or are hexadecimal."""

    value: float
    integer: bool = False


Argument = Number | str


@dataclass(frozen=True, slots=True)
class Statement:
    """One command; names of variables, types and texts are strings.

    Attributes
    ----------
    line
        In the script, counted from 1 behind the command that sends it.
    body
        What a loop repeats.
    """

    command: str
    arguments: tuple[Argument, ...]
    line: int
    options: Mapping[str, int] = field(default_factory=dict)
    body: tuple["Statement", ...] = ()


class Script(NamedTuple):
    """What is run, and what follows whether or not it was aborted."""

    main: tuple[Statement, ...]
    finish: tuple[Statement, ...]


def parse_script(lines: Sequence[str]) -> Script:
    """Read the lines of a script.

    Raises
    ------
    ScriptError
        With the line and the column that the instrument names.
    """
    return _Parser().parse(lines)


class _Token(NamedTuple):
    text: str
    column: int


@dataclass(slots=True)
class _Open:
    """A loop whose end has not come yet."""

    command: str
    arguments: tuple[Argument, ...]
    line: int
    options: Mapping[str, int]
    body: list[Statement] = field(default_factory=list)


class _Parser:
    def __init__(self) -> None:
        self._variables: set[str] = set()
        self._open = [_Open("", (), 0, {})]
        self._main: tuple[Statement, ...] | None = None
        self._in_package = False

    def parse(self, lines: Sequence[str]) -> Script:
        for number, text in enumerate(lines, start=1):
            tokens = [_Token(m[0], m.start() + 1) for m in _TOKEN.finditer(text)]
            if tokens and tokens[-1].text.startswith("#"):
                tokens.pop()
            if tokens:
                self._statement(tokens, number, len(text) + 1)
        if len(self._open) > 1 or self._in_package:
            raise ScriptError(ENDED_EARLY, len(lines) + 1, 1)
        last = tuple(self._open[0].body)
        return Script(last, ()) if self._main is None else Script(self._main, last)

    def _statement(self, tokens: Sequence[_Token], line: int, end: int) -> None:
        (command, column), rest = tokens[0], tokens[1:]
        if command not in _FORMS:
            raise ScriptError(UNKNOWN_COMMAND, line, column)
        plain = [token for token in rest if not _OPTION.fullmatch(token.text)]
        options = self._read_options(command, rest, line)
        arguments = self._read_arguments(command, plain, line, end)
        try:
            self._place(command, arguments, options, line)
        except ScriptError as error:
            raise ScriptError(error.code, line, column) from None

    def _place(
        self, command: str, arguments: tuple[Argument, ...], options: Mapping[str, int], line: int
    ) -> None:
        """Put a statement where it belongs; errors without a place."""
        if command.startswith("meas_loop") or command == "loop":
            self._open_loop(_Open(command, arguments, line, options))
        elif command == "endloop":
            self._close_loop()
        elif command == "on_finished:":
            if len(self._open) > 1 or self._main is not None:
                raise ScriptError(UNEXPECTED_COMMAND)
            self._main, self._open[0].body = tuple(self._open[0].body), []
        else:
            self._expect_package(command)
            if command == "breakloop" and len(self._open) == 1:
                raise ScriptError(UNEXPECTED_COMMAND)
            self._open[-1].body.append(Statement(command, arguments, line, options))

    def _open_loop(self, loop: _Open) -> None:
        measuring = any(outer.command.startswith("meas_loop") for outer in self._open)
        if measuring and loop.command != "loop":
            raise ScriptError(NESTED_MEASUREMENT)
        if len(self._open) > _DEPTH_MAX:
            raise ScriptError(TOO_DEEP)
        self._open.append(loop)

    def _close_loop(self) -> None:
        if len(self._open) == 1 or self._in_package:
            raise ScriptError(UNEXPECTED_COMMAND)
        loop = self._open.pop()
        self._open[-1].body.append(
            Statement(loop.command, loop.arguments, loop.line, loop.options, tuple(loop.body))
        )

    def _expect_package(self, command: str) -> None:
        """Packages are begun, filled and ended in this order."""
        if command in ("pck_start", "pck_add", "pck_end"):
            if self._in_package == (command == "pck_start"):
                raise ScriptError(UNEXPECTED_COMMAND)
            self._in_package = command != "pck_end"

    def _read_options(self, command: str, tokens: Sequence[_Token], line: int) -> dict[str, int]:
        options = {}
        for text, column in tokens:
            match = _OPTION.fullmatch(text)
            if match is None:
                continue
            if match["name"] not in _OPTIONS.get(command, ()):
                raise ScriptError(UNKNOWN_OPTION, line, column)
            number = _NUMBER.fullmatch(match["value"])
            if number is None:
                raise ScriptError(BAD_ARGUMENT, line, column)
            options[match["name"]] = int(_number(number).value)
        return options

    def _read_arguments(
        self, command: str, tokens: Sequence[_Token], line: int, end: int
    ) -> tuple[Argument, ...]:
        forms = _FORMS[command]
        form = next((form for form in forms if len(form) >= len(tokens)), forms[-1])
        if len(tokens) > len(form):
            raise ScriptError(UNEXPECTED_CHARACTER, line, tokens[len(form)].column)
        arguments = tuple(
            self._argument(kind, token, line) for kind, token in zip(form, tokens, strict=False)
        )
        if len(tokens) < len(form):
            raise ScriptError(BAD_ARGUMENT, line, end)
        return arguments

    def _argument(self, kind: str, token: _Token, line: int) -> Argument:
        text, column = token
        if kind == "v" and (number := _NUMBER.fullmatch(text)):
            return _number(number)
        pattern = {"c": None, "s": re.compile(r'"[ -!#-~]*"'), "t": _TYPE}.get(kind, _NAME)
        if pattern is None:
            if text not in _COMPARISONS:
                raise ScriptError(UNEXPECTED_CHARACTER, line, column)
            return text
        if not pattern.fullmatch(text):
            raise ScriptError(UNEXPECTED_CHARACTER, line, column + _readable(kind, text))
        if kind == "N":
            if text in self._variables:
                raise ScriptError(VARIABLE_EXISTS, line, column)
            self._variables.add(text)
        elif kind in "nv" and text not in self._variables:
            raise ScriptError(UNDECLARED, line, column)
        return text.strip('"')


def _number(match: re.Match[str]) -> Number:
    if match["hex"]:
        return Number(float(int(match["hex"], 16)), integer=True)
    if match["binary"]:
        return Number(float(int(match["binary"], 2)), integer=True)
    digits, prefix = int(match["digits"]), match["prefix"]
    exponent = _PREFIXES.get(prefix or "", 0)
    # Division by a power of ten is exact where multiplication by its inverse is not.
    value = digits / 10.0**-exponent if exponent < 0 else digits * 10.0**exponent
    return Number(value, integer=prefix == "i")


def _readable(kind: str, text: str) -> int:
    """How many characters of a token can be read before the one that cannot."""
    patterns = (_NUMBER, _NAME) if kind == "v" else (_NAME,)
    return max(match.end() if (match := p.match(text)) else 0 for p in patterns) % max(1, len(text))
