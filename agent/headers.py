"""What is known about a file, for its upload."""

import hashlib
from datetime import UTC, datetime

from pydantic import ValidationError

from agent.examination import Examination
from agent.settling import Sighting
from sacmes_core.errors import ProtocolError
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.upload import UploadHeader, upload_id


def upload_header(
    document: SessionDocument, name: str, content: bytes, found: Examination, sighting: Sighting
) -> UploadHeader:
    """What is known about a file, for its upload; a fact that is out of range is left out.

    Raises
    ------
    ProtocolError
        If the name cannot be sent.
    """
    modified_at = datetime.fromtimestamp(sighting.mtime_ns / 1e9, UTC)
    measured_at, source = found.measured_at, "header"
    if measured_at is None:
        measured_at, source = modified_at, "mtime"
    certain = {
        "session_id": document.session_id,
        "upload_id": upload_id(document.session_id, name, content),
        "file": name,
        "technique": document.technique,
        "sha256": hashlib.sha256(content).hexdigest(),
        "complete": found.outlook != "unfinished",
        "measured_at": measured_at,
        "measured_at_source": source,
        "modified_at": modified_at,
    }
    facts = {
        "frequency_hz": found.frequency_hz,
        "number": found.number,
        "electrode": found.electrode,
    }
    for document_of_header in (certain | facts, certain):
        try:
            return UploadHeader.model_validate(document_of_header)
        except ValidationError:
            continue
    raise ProtocolError(
        f"The name {name[:100]} is too long to be sent; give the file a shorter one."
    )
