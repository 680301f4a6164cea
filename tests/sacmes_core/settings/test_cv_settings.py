"""Settings of cyclic voltammetry: by dotted name, and what does not fit together."""

import pytest
from pydantic import ValidationError

from sacmes_core.settings.cv import CvSettings
from sacmes_core.settings.session import SessionSettings


def test_settings_of_a_cycle_have_dotted_names() -> None:
    changed = SessionSettings().changed(
        {"peak.cv.model": "surface", "peak.cv.probe_potentials_v": [-0.1, 0.2]}
    )
    assert changed.peak.cv.model == "surface"
    assert changed.peak.cv.probe_potentials_v == (-0.1, 0.2)
    assert changed.peak.cv.temperature_c == 25.0


@pytest.mark.parametrize("name", ["peak.cv.modell", "peak.model.cv", "peak", "peak.cv.model.kind"])
def test_unknown_names_are_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(ValueError, match=r"peak\.cv\.model"):
        SessionSettings().changed({name: "surface"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"forward_min_v": 0.1, "forward_max_v": 0.1},
        {"reverse_min_v": 0.2, "reverse_max_v": 0.1},
        {"line_from_share": 0.5, "line_to_share": 0.4},
        {"probe_potentials_v": (0.0,) * 9},
        {"forward_segment": 0},
    ],
)
def test_what_does_not_fit_together_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CvSettings(**wrong)  # type: ignore[arg-type]
