"""Methods: what is asked of an instrument, and what makes no sense."""

import pytest
from pydantic import ValidationError

from sacmes_core.settings.method import (
    CyclicMethod,
    MethodSettings,
    SquareWaveMethod,
    StepMethod,
)
from sacmes_core.settings.session import SessionSettings
from sacmes_core.settings.source import SourceSettings


def test_a_session_without_an_instrument_has_no_method() -> None:
    assert SourceSettings().method is None


def test_the_usual_method_is_whole() -> None:
    method = MethodSettings()
    assert method.swv.points == 401
    assert method.cv.length_v == pytest.approx(1.0)
    assert method.ca.points == 2000


def test_a_method_survives_its_way_as_json() -> None:
    source = SourceSettings(
        frequencies_hz=(15.0,), method=MethodSettings(electrodes=(1, 3), repeats=7)
    )
    settings = SessionSettings(source=source)
    assert SessionSettings.model_validate_json(settings.model_dump_json()) == settings


def test_one_number_of_a_method_can_be_changed_by_its_name() -> None:
    settings = SessionSettings(source=SourceSettings(method=MethodSettings()))
    changed = settings.changed({"source.method.swv.start_v": 0.1})
    assert changed.source.method is not None
    assert changed.source.method.swv.start_v == 0.1


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: SquareWaveMethod(start_v=-0.1, end_v=-0.1), "start and end must differ"),
        (lambda: SquareWaveMethod(start_v=-10, end_v=10, step_v=1e-5), "larger step"),
        (lambda: CyclicMethod(start_v=0, vertex_1_v=0, vertex_2_v=0), "must differ"),
        (lambda: StepMethod(duration_s=0.01, sample_interval_s=1.0), "longer than a potential"),
        (lambda: StepMethod(duration_s=1e5, sample_interval_s=1e-4), "more than 100,000"),
        (lambda: MethodSettings(repeats=0), "greater than or equal to 1"),
        (lambda: SquareWaveMethod(start_v=50), "less than or equal to 20"),
    ],
)
def test_what_makes_no_sense_is_refused(make: object, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        make()  # type: ignore[operator]
