"""A session as an archive for electronic lab notebooks: an .eln file, which is an RO-Crate.

The format is that of The ELN Consortium: a ZIP with one folder, and in it
``ro-crate-metadata.json`` of RO-Crate 1.1 beside the files that it describes.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Final

from dashboard.export_formats import safe
from dashboard.session_rows import TECHNIQUES, name_of
from sacmes_core import __version__
from sacmes_core.payloads.marks import Mark
from sacmes_core.payloads.session import SessionDocument

METADATA: Final = "ro-crate-metadata.json"
_DATE: Final = (1980, 1, 1, 0, 0, 0)
"""The same in every file, so that the same content gives the same bytes."""
_TYPES: Final = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".txt": "text/plain",
}


def write_eln(
    into: BinaryIO,
    session: SessionDocument,
    marks: Sequence[Mark],
    results_csv: bytes,
    raw_zip: BinaryIO,
) -> None:
    """Write the archive: results, settings, marks, and the instrument's files.

    Parameters
    ----------
    results_csv
        The tidy table.
    raw_zip
        The raw files as the analyzer exports them, with their manifest.
    """
    root = safe(name_of(session))
    described: list[dict[str, Any]] = []
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in _files(session, marks, results_csv, raw_zip):
            _add(archive, f"{root}/session/{path}", content)
            described.append(_described(path, content))
        text = json.dumps(_crate(session, described), ensure_ascii=False, indent=1)
        _add(archive, f"{root}/{METADATA}", text.encode())


def _files(
    session: SessionDocument, marks: Sequence[Mark], results_csv: bytes, raw_zip: BinaryIO
) -> Iterator[tuple[str, bytes]]:
    yield "results.csv", results_csv
    yield "settings.json", _json(session.model_dump(mode="json"))
    yield "marks.json", _json([mark.model_dump(mode="json") for mark in marks])
    with zipfile.ZipFile(raw_zip) as raw:
        for member in raw.namelist():
            path = member if member.startswith("raw/") else f"raw/{member}"
            yield path, raw.read(member)


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content)


def _described(path: str, content: bytes) -> dict[str, Any]:
    ending = path[path.rfind(".") :].lower() if "." in path else ""
    return {
        "@id": f"./session/{path}",
        "@type": "File",
        "name": path.rpartition("/")[2],
        "encodingFormat": _TYPES.get(ending, "application/octet-stream"),
        "contentSize": str(len(content)),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _crate(session: SessionDocument, files: Sequence[dict[str, Any]]) -> dict[str, Any]:
    parts = [{"@id": file["@id"]} for file in files]
    started, changed = session.started_at.isoformat(), session.changed_at.isoformat()
    descriptor = {
        "@id": METADATA,
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
        "dateCreated": changed,
        "sdPublisher": {"@id": "#sacmes"},
    }
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": name_of(session),
        "description": f"{TECHNIQUES[session.technique]} of an electrochemical sensor, "
        f"started {started}, with the settings that made its numbers.",
        "datePublished": changed,
        "license": "Not stated; ask the author of the measurement.",
        "hasPart": [{"@id": "./session/"}],
    }
    dataset = {
        "@id": "./session/",
        "@type": "Dataset",
        "name": name_of(session),
        "identifier": session.session_id,
        "dateCreated": started,
        "dateModified": changed,
        "keywords": TECHNIQUES[session.technique],
        "hasPart": parts,
    }
    publisher = {
        "@id": "#sacmes",
        "@type": "SoftwareApplication",
        "name": "sacmes",
        "softwareVersion": __version__,
    }
    return {
        "@context": "https://w3id.org/ro/crate/1.1/context",
        "@graph": [descriptor, root, dataset, *files, publisher],
    }
