"""All settings of a session, in the four parts that change different things."""

import json
from typing import Any, Self

from pydantic import Field

from sacmes_core.settings.parts import Part
from sacmes_core.settings.peak import PeakSettings
from sacmes_core.settings.reading import ReadingSettings
from sacmes_core.settings.source import SourceSettings
from sacmes_core.settings.trend import TrendSettings


class SessionSettings(Part):
    """Everything that a session is told, in the four parts that change different things."""

    source: SourceSettings = Field(default_factory=SourceSettings)
    reading: ReadingSettings = Field(default_factory=ReadingSettings)
    peak: PeakSettings = Field(default_factory=PeakSettings)
    trend: TrendSettings = Field(default_factory=TrendSettings)

    def changed(self, assignments: dict[str, Any]) -> Self:
        """The settings with dotted names replaced, for example ``{"peak.smoothing": "off"}``.

        Raises
        ------
        ValueError
            If a name is unknown or a value does not fit; pydantic's error is one.
        """
        document = self.model_dump(mode="json")
        for dotted, value in assignments.items():
            part, _, name = dotted.partition(".")
            if part not in document or name not in document[part]:
                known = ", ".join(f"{p}.{n}" for p in document for n in document[p])
                raise ValueError(f"there is no setting {dotted!r}; the settings are {known}")
            document[part][name] = value
        return type(self).model_validate_json(json.dumps(document, allow_nan=False))
