"""What the command `watch` makes of its options."""

from pathlib import Path

import typer
from pydantic import ValidationError

from agent.places import usual_quiet_s
from agent.settings import AgentSettings, start_refusal
from agent.settling import Patience
from agent.starting import Wish
from agent.view import AgentView
from agent.window.scan_lines import one_line
from sacmes_core.errors import ConfigError
from sacmes_core.payloads.results import Result
from sacmes_core.settings.parts import Technique
from sacmes_core.settings.session import SessionSettings
from sacmes_core.settings.source import SourceSettings
from sacmes_core.settings.trend import TrendSettings


class ResultLines:
    """Writes each result once, as it comes back."""

    def __init__(self) -> None:
        self._written: Result | None = None

    def __call__(self, view: AgentView) -> None:
        """Write the result of a view if it is new."""
        if view.result is not None and view.result != self._written:
            self._written = view.result
            typer.echo(one_line(view.result))


def watched_folder(given: Path | None, kept: AgentSettings) -> Path:
    """The folder that is named, else the one of the settings.

    Raises
    ------
    ConfigError
        If there is none.
    """
    folder = given or (Path(kept.folder) if kept.folder else None)
    if folder is None:
        raise ConfigError("Name the folder in which the instrument saves its files.")
    if not folder.is_dir():
        raise ConfigError(
            f"There is no folder {folder}; name the one in which the instrument saves its files."
        )
    return folder


def patience_for(folder: Path, quiet_s: float | None) -> Patience:
    """How long files of a folder are left alone; None for what is usual where it lies."""
    return Patience.of(usual_quiet_s(folder) if quiet_s is None else quiet_s)


def wish_of(
    technique: Technique, name: str, source: dict[str, object], reference_number: int
) -> Wish:
    """The session that the options ask for.

    Raises
    ------
    ConfigError
        With the name of the option that is wrong.
    """
    try:
        settings = SessionSettings(
            source=SourceSettings.model_validate(source),
            trend=TrendSettings(reference_number=reference_number),
        )
    except ValidationError as error:
        raise start_refusal(error) from None
    return Wish(technique, settings, name)
