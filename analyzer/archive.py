"""A whole session as one ZIP file: bytes as they came and all that is known; and back from it."""

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final

from pydantic import ValidationError

from analyzer.store.database import Database, StoreError
from analyzer.store.uploads import PACKING_LEVEL
from analyzer.store.whole import Row, WholeSession, put_in, take_out
from sacmes_core import __version__
from sacmes_core.errors import ConfigError, ProtocolError
from sacmes_core.payloads.alerts import Alert
from sacmes_core.payloads.calibration import Calibration
from sacmes_core.payloads.marks import Mark
from sacmes_core.payloads.results import Result
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.protocol import check_user_id
from sacmes_core.upload import UploadHeader, is_named_by

FORMAT: Final = "sacmes-session"
VERSION: Final = 2
READ_VERSIONS: Final = (1, VERSION)
"""Version 1 has no alerts."""
UNPACKED_MAX_BYTES: Final = 1 << 30
"""Of one member: a session of a million scans, and no file that only pretends to be one."""

CLEARED_BECAUSE: Final = "The session was brought here from another server."

_MANIFEST: Final = "manifest.json"
_DOCUMENTS: Final = "documents.jsonl"
_MARKS: Final = "marks.jsonl"
_CALIBRATION: Final = "calibration.jsonl"
_UPLOADS: Final = "uploads.jsonl"
_RESULTS: Final = "results.jsonl"
_ALERTS: Final = "alerts.jsonl"
_NESTED: Final = ("document", "header", "trend")
"""Columns that hold JSON themselves; in the file it stands as such."""


def export_session(database: Database, user_id: str, session_id: str, target: Path) -> int:
    """Write a session into a file, which is there when it is whole; how many uploads it has.

    Raises
    ------
    ConfigError
        If there is no such session.
    StoreError
        If the store cannot be read or the file cannot be written.
    """
    part = target.with_name(f"{target.name}.part")
    try:
        with (
            database.read() as connection,
            zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            count = _write(archive, take_out(connection, user_id, session_id))
        part.replace(target)
    except OSError as error:
        raise StoreError(f"The file {target} cannot be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)
    return count


def import_session(database: Database, source: Path, user_id: str | None = None) -> tuple[str, int]:
    """Add the session of a file to a store, whole or not at all.

    Parameters
    ----------
    user_id
        Whose it becomes; None for the user of the file.

    Returns
    -------
    tuple of str and int
        Whose it is, and how many of its uploads wait to be analysed.

    Raises
    ------
    ConfigError
        If the file is none of a session, is damaged, or the session is there already.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            whole = _read(archive, user_id)
            return whole.user_id, put_in(database, whole)
    except OSError as error:
        raise ConfigError(f"{source} cannot be read: {error.strerror or error}.") from None
    except (zipfile.BadZipFile, zlib.error, KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{source} is no whole file of a session: {_first(error)}.") from None


def member_name(position: int, file: str) -> str:
    """A name that every system can unpack, of a file that may have had any."""
    name = PurePosixPath(file.replace("\\", "/")).name
    return f"raw/{position:06d}_{re.sub(r'[^A-Za-z0-9._-]', '_', name)[-80:]}"


def _write(archive: zipfile.ZipFile, whole: WholeSession) -> int:
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "made_by": f"sacmes {__version__}",
        "user_id": whole.user_id,
        "session_id": whole.session_id,
        "session": _nested(whole.session),
    }
    archive.writestr(_MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
    _write_lines(archive, _DOCUMENTS, map(_nested, whole.documents))
    _write_lines(archive, _MARKS, map(_nested, whole.marks))
    _write_lines(archive, _CALIBRATION, map(_nested, whole.calibrations))
    lines = []
    for row in whole.uploads:
        content = zlib.decompress(row["packed"])
        member = member_name(row["position"], row["file"])
        archive.writestr(member, content)
        lines.append(_nested({k: v for k, v in row.items() if k != "packed"}) | {"bytes": member})
    _write_lines(archive, _UPLOADS, lines)
    _write_lines(archive, _RESULTS, map(_nested, whole.results))
    _write_lines(archive, _ALERTS, map(_nested, whole.alerts))
    return len(lines)


def _write_lines(archive: zipfile.ZipFile, name: str, rows: Iterable[Row]) -> None:
    with archive.open(name, "w") as member:
        for row in rows:
            member.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")


def _read(archive: zipfile.ZipFile, user_id: str | None) -> WholeSession:
    manifest = json.loads(archive.read(_checked(archive, _MANIFEST)))
    if manifest.get("format") != FORMAT:
        raise ConfigError("The file is no session of sacmes.")
    if manifest.get("version") not in READ_VERSIONS:
        raise ConfigError(
            f"The file has version {manifest.get('version')}; this program reads {VERSION}. "
            "Install a newer version of sacmes."
        )
    owner, session_id = user_id or manifest["user_id"], manifest["session_id"]
    try:
        check_user_id(owner)
    except ProtocolError as error:
        raise ConfigError(str(error)) from None
    session = _flat(manifest["session"], SessionDocument.model_validate_json)
    return WholeSession(
        owner,
        session_id,
        session,
        _lines(archive, _DOCUMENTS, SessionDocument.model_validate_json),
        _later(archive, _MARKS, Mark.model_validate_json),
        _later(archive, _CALIBRATION, Calibration.model_validate_json),
        _uploads(archive, session_id),
        _lines(archive, _RESULTS, Result.model_validate_json),
        _alerts(archive),
    )


def _later(
    archive: zipfile.ZipFile, name: str, check: Callable[[str], object] | None
) -> Iterator[Row]:
    """Lines of what a file of an earlier version does not have."""
    if name in archive.namelist():
        yield from _lines(archive, name, check)


def _alerts(archive: zipfile.ZipFile) -> Iterator[Row]:
    """The alerts, all of them over: the session has ended, and nobody watches it here."""
    for row in _later(archive, _ALERTS, None):
        alert = Alert.model_validate_json(row["document"])
        if alert.state != "cleared":
            over = {"state": "cleared", "cleared_because": CLEARED_BECAUSE}
            alert = alert.model_copy(update=over)
        yield row | {"document": alert.model_dump_json(exclude_none=True)}


def _uploads(archive: zipfile.ZipFile, session_id: str) -> Iterator[Row]:
    for row in _lines(archive, _UPLOADS, None):
        content = archive.read(_checked(archive, row.pop("bytes")))
        header = UploadHeader.model_validate_json(row["header"])
        if (
            header.session_id != session_id
            or hashlib.sha256(content).hexdigest() != header.sha256
            or not is_named_by(header, content)
        ):
            raise ConfigError(f"The bytes of {header.file} in the file are not those that came.")
        yield row | {"packed": zlib.compress(content, PACKING_LEVEL)}


def _lines(
    archive: zipfile.ZipFile, name: str, check: Callable[[str], object] | None
) -> Iterator[Row]:
    with archive.open(_checked(archive, name)) as member:
        for line in member:
            yield _flat(json.loads(line), check)


def _checked(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    member = archive.getinfo(name)
    if member.file_size > UNPACKED_MAX_BYTES:
        raise ConfigError(f"{name} in the file has {member.file_size:,} bytes, which is too many.")
    return member


def _nested(row: Row) -> Row:
    return {k: json.loads(v) if k in _NESTED else v for k, v in row.items()}


def _flat(row: Row, check: Callable[[str], object] | None) -> Row:
    """A row as its table has it; its document is one that this version understands."""
    flat: dict[str, Any] = {
        k: json.dumps(v, ensure_ascii=False) if k in _NESTED else v for k, v in row.items()
    }
    if check is not None:
        check(flat["document"])
    return flat


def _first(error: Exception) -> str:
    if isinstance(error, ValidationError):
        found = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, found['loc']))}: {found['msg']}"
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)
