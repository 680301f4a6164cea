"""One upload: the bytes of a file or an instrument, with the user properties that describe them.

The bytes travel untouched, or gzipped above 64 KiB; everything that is known about them stands in
MQTT 5 user properties. The upload id is a hash of session, path and bytes, so that a repeat is
recognised wherever it comes from.
"""

import gzip
import hashlib
import zlib
from typing import Annotated, Final, Literal
from urllib.parse import quote, unquote

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from sacmes_core.errors import ProtocolError
from sacmes_core.messages import Message, Publication
from sacmes_core.payloads.common import SCHEMA, FileName, SessionId, TimeSource, UploadId
from sacmes_core.protocol import MAX_UPLOAD_BYTES, MAX_WIRE_BYTES, RAW, WORD_PATTERN, parse_topic
from sacmes_core.settings.parts import Electrode, FrequencyHz, Part, ScanNumber

READING_MAX: Final = 16 * 1024
GZIP_ABOVE_BYTES: Final = 64 * 1024


class UploadHeader(Part):
    """What is known about the bytes of an upload before they are read."""

    session_id: SessionId
    upload_id: UploadId
    file: FileName = Field(description="Path below the watched folder, with / between its parts.")
    technique: Annotated[str, Field(pattern=WORD_PATTERN.pattern.replace(r"\Z", "$"))] = "swv"
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    complete: bool = Field(
        default=True, description="False where the file stayed unfinished and was sent as it was."
    )
    frequency_hz: FrequencyHz | None = None
    number: ScanNumber | None = None
    electrode: Electrode | None = None
    measured_at: AwareDatetime | None = None
    measured_at_source: TimeSource | None = None
    clock_synced: bool | None = Field(
        default=None,
        description="False where no time server has set the clock of a computer that has none of "
        "its own, so that times may be wrong.",
    )
    returned: Annotated[int, Field(ge=1, le=2**31)] | None = Field(
        default=None,
        description="How often the same bytes were sent under this name before other bytes took "
        "their place; makes another upload of them.",
    )
    reading: Annotated[str, Field(max_length=READING_MAX)] | None = Field(
        default=None,
        description="How the lines of an instrument are to be read whose form is not known by "
        "itself; JSON, docs/serial.md says of what.",
    )
    modified_at: AwareDatetime | None = Field(
        default=None, description="When the file was last written, by its file system."
    )
    after: UploadId | None = Field(
        default=None,
        description="An upload of the same session that was taken before this one and has no "
        "receipt yet. Until it is stored, the analyzer leaves this one unanswered, so that scans "
        "keep their order; the sender sends both again.",
    )


_UPLOAD_ID: Final[TypeAdapter[str]] = TypeAdapter(UploadId)
_QUOTED: Final = frozenset({"file", "reading"})
"""Properties that may hold any character."""


RefusalKind = Literal["topic", "schema", "header", "encoding", "damaged", "too_large", "identity"]


class UploadRefusedError(ProtocolError):
    """An upload that cannot be taken.

    Attributes
    ----------
    upload_id
        Id for the receipt; None where not even that could be read.
    kind
        The reason in one word.
    retry
        Whether sending it again, to a newer analyzer say, can help.
    """

    def __init__(
        self, reason: str, upload_id: str | None, *, kind: RefusalKind, retry: bool = False
    ) -> None:
        super().__init__(reason)
        self.upload_id = upload_id
        self.kind = kind
        self.retry = retry


def upload_id(session_id: str, file: str, content: bytes, *, returned: int | None = None) -> str:
    """Hash of session, path and unpacked bytes: the same upload has the same id for ever.

    Bytes that come back under a name after others are an upload of their own, told by `returned`.
    """
    times = f"\0{returned}\n" if returned else ""
    digest = hashlib.sha256(f"{session_id}\n{quote(file)}\n{times}".encode())
    digest.update(content)
    return digest.hexdigest()


def is_named_by(header: UploadHeader, content: bytes) -> bool:
    """Whether the upload id of a header is that of these bytes under its name."""
    identity = upload_id(header.session_id, header.file, content, returned=header.returned)
    return identity == header.upload_id


def come_back(header: UploadHeader, content: bytes, times: int) -> UploadHeader:
    """The header for bytes that were sent under this name `times` before others replaced them."""
    identity = upload_id(header.session_id, header.file, content, returned=times)
    return header.model_copy(update={"upload_id": identity, "returned": times})


def too_large(size_bytes: int) -> str:
    """The sentence for a file that is larger than an upload may be."""
    return (
        f"The file has {size_bytes:,} bytes; at most {MAX_UPLOAD_BYTES:,} are sent. "
        "Export fewer scans to one file."
    )


def pack(header: UploadHeader, content: bytes, *, user_id: str) -> Publication:
    """The message that carries an upload.

    Raises
    ------
    ProtocolError
        If the content is larger than an upload may be, unpacked or on the wire.
    """
    if len(content) > MAX_UPLOAD_BYTES:
        raise ProtocolError(too_large(len(content)))
    encoding = "identity" if len(content) <= GZIP_ABOVE_BYTES else "gzip"
    payload = content if encoding == "identity" else gzip.compress(content, mtime=0)
    if len(payload) > MAX_WIRE_BYTES:
        raise ProtocolError(
            f"The file has {len(payload):,} bytes even when packed; at most "
            f"{MAX_WIRE_BYTES:,} fit into a message. Export fewer scans to one file."
        )
    properties = [("schema", str(SCHEMA)), ("encoding", encoding)]
    document = header.model_dump(mode="json", exclude={"technique"}, exclude_none=True)
    for name, value in document.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        properties.append((name, quote(text) if name in _QUOTED else text))
    return Publication(
        RAW.topic(user_id=user_id, technique=header.technique),
        payload,
        RAW.qos,
        content_type="application/octet-stream",
        user_properties=tuple(properties),
    )


def unpack(message: Message) -> tuple[str, UploadHeader, bytes]:
    """Read an upload: the user_id, what is known about the bytes, and the bytes unpacked.

    Raises
    ------
    UploadRefusedError
        With the upload id where one could be read, so that its sender can be told.
    """
    place = parse_topic(message.topic)
    if place.channel is not RAW:
        raise UploadRefusedError(f"{place.channel.name} carries no uploads.", None, kind="topic")
    properties = dict(message.user_properties)
    known_id = _known_id(properties)
    if properties.get("schema") != str(SCHEMA):
        raise UploadRefusedError(
            f"The upload has schema {properties.get('schema', 'none')[:20]}; "
            f"this version reads schema {SCHEMA}.",
            known_id,
            kind="schema",
            retry=True,
        )
    header = _header(properties, place.levels["technique"], known_id)
    content = _content(properties.get("encoding", "identity"), message.payload, known_id)
    if hashlib.sha256(content).hexdigest() != header.sha256:
        raise UploadRefusedError(
            "The bytes do not fit their checksum.", known_id, kind="damaged", retry=True
        )
    if not is_named_by(header, content):
        raise UploadRefusedError(
            "The upload id does not fit what it names.", known_id, kind="identity"
        )
    return place.user_id, header, content


def _known_id(properties: dict[str, str]) -> str | None:
    try:
        return _UPLOAD_ID.validate_python(properties.get("upload_id"))
    except ValidationError:
        return None


def _header(properties: dict[str, str], technique: str, known_id: str | None) -> UploadHeader:
    document: dict[str, object] = {"technique": technique}
    for name in UploadHeader.model_fields.keys() & properties.keys() - {"technique"}:
        document[name] = properties[name]
    for name in _QUOTED & document.keys() | {"file"}:
        document[name] = unquote(properties.get(name, ""), errors="replace")
    try:
        return UploadHeader.model_validate(document, strict=False)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UploadRefusedError(f"{where}: {first['msg']}.", known_id, kind="header") from None


def _content(encoding: str, payload: bytes, known_id: str | None) -> bytes:
    if encoding == "identity":
        return payload
    if encoding != "gzip":
        raise UploadRefusedError(
            f"The encoding {encoding[:20]!r} is not known.", known_id, kind="encoding"
        )
    unpacker = zlib.decompressobj(wbits=31)
    try:
        content = unpacker.decompress(payload, MAX_UPLOAD_BYTES + 1)
    except zlib.error as error:
        raise UploadRefusedError(
            f"The bytes cannot be unpacked: {error}.", known_id, kind="damaged"
        ) from None
    if len(content) > MAX_UPLOAD_BYTES:
        raise UploadRefusedError(
            f"The upload unpacks to more than {MAX_UPLOAD_BYTES:,} bytes.",
            known_id,
            kind="too_large",
        )
    if not unpacker.eof:
        raise UploadRefusedError(
            "The packed bytes end too early.", known_id, kind="damaged", retry=True
        )
    return content
