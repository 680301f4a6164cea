"""Whom a line of the log concerns."""

import io
import json
import logging
import threading

import pytest

from sacmes_core import logs
from sacmes_core.logs import JsonLines, TextLines, add_concern, concerning, process_concerns

SESSION = "9b2f4c1e-0000-4000-8000-000000000000"


class Log:
    """A logger of the test's own, and what it wrote."""

    def __init__(self, formatter: logging.Formatter) -> None:
        self._out = io.StringIO()
        handler = logging.StreamHandler(self._out)
        handler.setFormatter(formatter)
        self.logger = logging.getLogger("sacmes.test")
        self.logger.handlers[:] = [handler]

    def text(self) -> str:
        return self._out.getvalue()

    def lines(self) -> list[dict[str, str]]:
        return [json.loads(line) for line in self.text().splitlines()]


@pytest.fixture
def log() -> Log:
    return Log(JsonLines())


@pytest.fixture(autouse=True)
def _nobody_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_process", {})


def concerned(line: dict[str, str]) -> tuple[str | None, str | None]:
    return line.get("user_id"), line.get("session_id")


def test_a_line_says_whom_it_concerns(log: Log) -> None:
    with concerning("lab-3"):
        log.logger.warning("one")
        add_concern(session_id=SESSION)
        log.logger.warning("two")
        with concerning("lab-4", None):
            log.logger.warning("three")
    log.logger.warning("four")
    assert list(map(concerned, log.lines())) == [
        ("lab-3", None),
        ("lab-3", SESSION),
        ("lab-4", SESSION),
        (None, None),
    ]


def test_what_is_added_ends_with_its_block(log: Log) -> None:
    with concerning("lab-3"):
        with concerning():
            add_concern(session_id=SESSION)
        log.logger.warning("after")
    add_concern(user_id="nobody")
    log.logger.warning("outside")
    assert list(map(concerned, log.lines())) == [("lab-3", None), (None, None)]


def test_a_fault_that_is_logged_further_out_still_says_so(log: Log) -> None:
    try:
        with concerning("lab-3", SESSION):
            raise ZeroDivisionError
    except ZeroDivisionError:
        log.logger.exception("A fault")
    (line,) = log.lines()
    assert concerned(line) == ("lab-3", SESSION)
    assert "ZeroDivisionError" in line["traceback"]


def test_threads_do_not_mix(log: Log) -> None:
    with concerning("lab-3"):
        thread = threading.Thread(target=log.logger.warning, args=("elsewhere",))
        thread.start()
        thread.join()
    assert concerned(log.lines()[0]) == (None, None)


def test_a_process_for_one_user_says_so_on_every_line() -> None:
    log = Log(TextLines())
    process_concerns(user_id="lab-3")
    log.logger.warning("one\ntwo")
    assert log.text().endswith("WARNING one\ntwo [user_id=lab-3]\n")
