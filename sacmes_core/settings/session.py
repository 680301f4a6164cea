"""All settings of a session, in the parts that change different things."""

import json
from collections.abc import Iterator
from typing import Any, Self

from pydantic import Field

from sacmes_core.settings.alerts import AlertSettings
from sacmes_core.settings.parts import Part
from sacmes_core.settings.peak import PeakSettings
from sacmes_core.settings.reading import ReadingSettings
from sacmes_core.settings.source import SourceSettings
from sacmes_core.settings.trend import TrendSettings


class SessionSettings(Part):
    """Everything that a session is told, in the parts that change different things."""

    source: SourceSettings = Field(default_factory=SourceSettings)
    reading: ReadingSettings = Field(default_factory=ReadingSettings)
    peak: PeakSettings = Field(default_factory=PeakSettings)
    trend: TrendSettings = Field(default_factory=TrendSettings)
    alerts: AlertSettings = Field(default_factory=AlertSettings)

    def changed(self, assignments: dict[str, Any]) -> Self:
        """The settings with dotted names replaced, for example ``{"peak.cv.model": "surface"}``.

        Raises
        ------
        ValueError
            If a name is unknown or a value does not fit; pydantic's error is one.
        """
        document = self.model_dump(mode="json")
        for dotted, value in assignments.items():
            *parts, name = dotted.split(".")
            inside: Any = document
            for part in parts:
                inside = inside.get(part) if isinstance(inside, dict) else None
            if not parts or not isinstance(inside, dict) or name not in inside:
                known = ", ".join(_names(document))
                raise ValueError(f"there is no setting {dotted!r}; the settings are {known}")
            inside[name] = value
        return type(self).model_validate_json(json.dumps(document, allow_nan=False))


def _names(document: dict[str, Any], before: str = "") -> Iterator[str]:
    """The dotted names of all settings of a document."""
    for name, value in document.items():
        if isinstance(value, dict):
            yield from _names(value, f"{before}{name}.")
        else:
            yield f"{before}{name}"
