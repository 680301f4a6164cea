"""Whether an analyzer lives, and whether it can do its work: judged from what is seen of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from analyzer.status import Role

STUCK_S: Final = 120.0
"""No turn of a main loop takes so long: the longest waits 30 s, and a retry counts as a turn."""
LOOK_S: Final = 5.0
"""Time between two looks at the store."""
SILENT_S: Final = LOOK_S + 10.0

Taking = Literal["held", "standby", "elsewhere"]


@dataclass(frozen=True, slots=True)
class Condition:
    """What is seen of an analyzer at a moment.

    Attributes
    ----------
    taking
        Whether it takes in uploads, stands by to do so, or leaves that to others.
    links
        Whether each connection that it needs now is open, by name.
    problems
        Sentences about what is wrong, by the part that noticed.
    loop_ages_s
        Time since each main loop last went round.
    look_age_s
        Time since the store was last written and read; None if it never was.
    """

    role: Role
    taking: Taking
    links: Mapping[str, bool]
    problems: Mapping[str, str]
    loop_ages_s: Mapping[str, float]
    look_age_s: float | None
    ending: bool = False


def illnesses(condition: Condition) -> tuple[str, ...]:
    """Why the process should be started anew; nothing if it lives."""
    return tuple(
        f"The loop {name} has not turned for {age_s:.0f} s."
        for name, age_s in condition.loop_ages_s.items()
        if age_s > STUCK_S
    )


def obstacles(condition: Condition) -> tuple[str, ...]:
    """Why the process cannot do its work at the moment; nothing if it can."""
    found = list(illnesses(condition))
    if condition.ending:
        found.append("The analyzer ends.")
    found += (
        f"The broker is not connected ({name})." for name, up in condition.links.items() if not up
    )
    if condition.look_age_s is None:
        found.append("The store has not been looked at yet.")
    elif condition.look_age_s > SILENT_S:
        found.append(f"The store has not answered for {condition.look_age_s:.0f} s.")
    return (*found, *condition.problems.values())


def report(condition: Condition, reasons: tuple[str, ...]) -> dict[str, object]:
    """What is answered to whoever asks."""
    return {
        "status": "unavailable" if reasons else "ok",
        "role": condition.role,
        "ingest": condition.taking,
        "reasons": list(dict.fromkeys(reasons)),
    }
