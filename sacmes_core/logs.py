"""How a process logs: lines for people or JSON for machines, each with whom it concerns."""

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Final, Literal

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["text", "json"]

_FIELDS: Final = "sacmes_concerns"
"""Attribute of an exception that left a block: it is logged further out."""

_process: Final[dict[str, str]] = {}
_concerned: ContextVar[dict[str, str] | None] = ContextVar("concerned", default=None)


@contextmanager
def concerning(user_id: str | None = None, session_id: str | None = None) -> Iterator[None]:
    """Put whom it concerns on every line that this thread logs in the block."""
    fields = dict(_concerned.get() or {})
    token = _concerned.set(fields)
    add_concern(user_id=user_id, session_id=session_id)
    try:
        yield
    except BaseException as error:
        error.__dict__.setdefault(_FIELDS, fields)
        raise
    finally:
        _concerned.reset(token)


def add_concern(*, user_id: str | None = None, session_id: str | None = None) -> None:
    """Put more on the lines of the block that this thread is in."""
    fields = _concerned.get()
    if fields is not None:
        fields |= _given(user_id, session_id)


def process_concerns(*, user_id: str | None = None, session_id: str | None = None) -> None:
    """Put on every line of this process whom it works for."""
    _process.update(_given(user_id, session_id))


def configure(level: LogLevel, log_format: LogFormat) -> None:
    """Log to stderr, as text for people or as JSON lines for machines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if log_format == "json" else TextLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())


class TextLines(logging.Formatter):
    """Lines for people; whom one concerns stands at its end."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%d %H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """The line without a traceback."""
        fields = " ".join(f"{name}={value}" for name, value in _fields(record).items())
        line = super().formatMessage(record)
        return f"{line} [{fields}]" if fields else line


class JsonLines(logging.Formatter):
    """One JSON object a line; `user_id` and `session_id` where a line concerns somebody."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def _fields(record: logging.LogRecord) -> Mapping[str, str]:
    error = record.exc_info[1] if record.exc_info else None
    return _process | getattr(error, _FIELDS, {}) | (_concerned.get() or {})


def _given(user_id: str | None, session_id: str | None) -> dict[str, str]:
    pairs = (("user_id", user_id), ("session_id", session_id))
    return {name: value for name, value in pairs if value is not None}
