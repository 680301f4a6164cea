"""The files of a session as they came, in a ZIP with a manifest that says what each of them is."""

import io
import json
import zipfile
from typing import Any, Final

from analyzer.archive import member_name
from analyzer.exporting.material import Material
from analyzer.store.uploads import StoredUpload
from sacmes_core import __version__

FILES_MAX_BYTES: Final = 256 * 1024 * 1024
"""Unpacked, since the whole is made in memory; larger sessions go by `sacmes-analyzer export`."""
_DATE: Final = (1980, 1, 1, 0, 0, 0)
"""The same in every file, so that the same content gives the same bytes."""


def raw_files(material: Material) -> bytes:
    """Every file below `raw`, its position before its name, and `manifest.json`.

    A file that came again under its name is there in each of its revisions.
    """
    packed = io.BytesIO()
    listed = []
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for upload in material.uploads:
            name = member_name(upload.position, upload.header.file)
            _add(archive, name, upload.content)
            listed.append(_entry(upload, name))
        manifest = {
            "made_by": f"sacmes {__version__}",
            "session": material.document.model_dump(mode="json"),
            "marks": [mark.model_dump(mode="json") for mark in material.marks],
            "files": listed,
        }
        text = json.dumps(manifest, ensure_ascii=False, indent=1)
        _add(archive, "manifest.json", text.encode())
    return packed.getvalue()


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content)


def _entry(upload: StoredUpload, name: str) -> dict[str, Any]:
    header = upload.header.model_dump(mode="json", exclude_none=True)
    return {
        "member": name,
        "position": upload.position,
        "revision": upload.revision,
        "received_at": upload.received_at.isoformat(),
        **header,
    }
