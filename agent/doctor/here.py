"""Checks on this computer: the folder, the outbox, the disk, and whether the clock is kept."""

import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from agent.clock import clock_is_kept
from agent.database import OutboxError
from agent.doctor.findings import Finding, ok, problem, warning
from agent.examination import examine
from agent.folder import folder_sentence
from agent.listing import Listed, list_folder
from agent.outbox import FILE_NAME as OUTBOX_NAME
from agent.outbox import Outbox
from agent.selection import name_belongs
from sacmes_core.settings.reading import ReadingSettings
from sacmes_core.settings.session import SessionSettings
from sacmes_core.settings.source import DEFAULT_EXTENSIONS, SourceSettings

READ_MAX: Final = 50
"""Newest files of the folder that are read."""
READ_BYTES_MAX: Final = 4_000_000
DISK_LOW_BYTES: Final = 500_000_000
DISK_FULL_BYTES: Final = 20_000_000
FIRST_YEAR: Final = 2024
"""A clock before this one was never set."""


def check_folder(
    folder: Path | None, settings: SessionSettings, *, subfolders: bool
) -> Iterator[Finding]:
    """Whether the folder is there, which files fit the session, and whether they can be read."""
    if folder is None:
        yield warning("folder", "No folder is named; check one with `sacmes-agent doctor FOLDER`.")
        return
    try:
        listing = dict(list_folder(folder, subfolders=subfolders))
    except OSError as error:
        yield problem("folder", folder_sentence(folder, error))
        return
    fitting = {name: listed for name, listed in listing.items() if _fits(settings.source, name)}
    yield _names(folder, settings.source, listing, fitting)
    yield from _contents(fitting, settings.reading)


def check_outbox(home: Path, broken: str | None) -> Finding:
    """Whether the outbox is sound, and what is in it; `broken` is what its `damage` is."""
    path = home / OUTBOX_NAME
    if not path.exists():
        return ok("outbox", "Nothing was kept for sending yet.")
    if broken is not None:
        return problem(
            "outbox",
            f"The outbox {path} is damaged ({broken}). At its next start the agent puts it aside "
            "and takes the scans from the folder again; check the disk of this computer.",
        )
    try:
        outbox = Outbox.open(path)
    except OutboxError as error:
        return problem("outbox", str(error))
    try:
        waiting, refused = outbox.waiting_count(), len(outbox.refused())
    finally:
        outbox.close()
    if refused:
        return warning(
            "outbox",
            f"{waiting} scans wait and {refused} were refused; `sacmes-agent status` says why, and "
            "`sacmes-agent watch --retry-refused` sends them again.",
        )
    return ok("outbox", f"{waiting} scans wait to be sent." if waiting else "All scans are stored.")


def check_disk(home: Path) -> Finding:
    """Whether there is room for what waits."""
    try:
        free = shutil.disk_usage(home).free
    except OSError as error:
        return problem("disk", f"The folder {home} cannot be looked at: {error.strerror}.")
    return judge_disk(home, free)


def judge_disk(home: Path, free_bytes: int) -> Finding:
    """What so much room means."""
    room = f"{free_bytes / 1e6:,.0f} MB are free where {home} is"
    if free_bytes < DISK_FULL_BYTES:
        return problem("disk", f"{room}: scans cannot be kept. Make room on this disk.")
    if free_bytes < DISK_LOW_BYTES:
        return warning("disk", f"{room}; make room before a long measurement without a network.")
    return ok("disk", f"{room}.")


def check_clock() -> Finding:
    """Whether the system keeps this computer's clock."""
    return judge_clock(datetime.now(UTC), clock_is_kept())


def judge_clock(now: datetime, kept: bool | None) -> Finding:
    """What a time, and whether it is kept, means; None where the system does not tell."""
    if now.year < FIRST_YEAR:
        return problem(
            "clock",
            f"This computer believes that it is {now:%d %B %Y}; set its clock, or connect it to a "
            "network with a time server: certificates fail and scans get wrong times.",
        )
    said = f"It is {now.astimezone():%Y-%m-%d %H:%M:%S %z} here"
    if kept is None:
        return ok("clock", f"{said}; whether a time server keeps the clock is not known here.")
    if not kept:
        return warning(
            "clock",
            f"{said}, but no time server keeps this clock; switch the synchronisation on "
            "(`timedatectl set-ntp true`).",
        )
    return ok("clock", f"{said}, kept by a time server.")


def _fits(source: SourceSettings, name: str) -> bool:
    return name_belongs(source, name.rpartition("/")[2])


def _names(
    folder: Path, source: SourceSettings, listing: dict[str, Listed], fitting: dict[str, Listed]
) -> Finding:
    if not listing:
        return ok("folder", f"{folder} is there and empty; scans are taken as they come.")
    if len(fitting) == len(listing):
        return ok("folder", f"{folder}: all {len(listing)} files fit the session.")
    others = [name for name in listing if name not in fitting]
    reasons = Counter(_why_not(source, name) for name in others)
    why = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    counted = (
        f"{folder}: {len(fitting)} of {len(listing)} files fit the session, {len(others)} do "
        f"not ({why}); the first of these is {sorted(others)[0]}."
    )
    if fitting:
        return ok("folder", counted)
    return warning("folder", f"{counted} Check the session's settings, or name another folder.")


def _why_not(source: SourceSettings, name: str) -> str:
    if _fits(source.model_copy(update={"handle": ""}), name):
        return f"do not begin with {source.handle!r}"
    if _fits(source.model_copy(update={"first_number": 0, "last_number": None}), name):
        return "have another number"
    endings = source.extension or " ".join(DEFAULT_EXTENSIONS)
    return f"do not end with {endings}"


def _contents(fitting: dict[str, Listed], reading: ReadingSettings) -> Iterator[Finding]:
    """What is wrong with the newest files; nothing where all can be read."""
    newest = sorted(fitting.items(), key=lambda item: item[1].sighting.mtime_ns)[-READ_MAX:]
    unreadable: list[tuple[str, str]] = []
    read = 0
    for name, listed in newest:
        if listed.sighting.size > READ_BYTES_MAX:
            continue
        read += 1
        try:
            found = examine(listed.path.read_bytes(), name, reading)
        except OSError as error:
            unreadable.append((name, f"it cannot be opened ({error.strerror})."))
            continue
        if found.outlook in ("binary", "unreadable"):
            unreadable.append((name, found.reason or "no reader knows it."))
    if unreadable:
        name, reason = unreadable[-1]
        yield warning(
            "files",
            f"{len(unreadable)} of the {read} newest files cannot be read, for example {name}: "
            f"{reason}",
        )
    elif read:
        yield ok("files", f"The {read} newest files can be read.")
