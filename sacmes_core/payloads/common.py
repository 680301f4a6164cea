"""What all payloads share: the number of the schema, names, counts and texts of bounded size."""

from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field

from sacmes_core.settings.parts import Part

SCHEMA: Final = 1

SessionId = Annotated[
    str, Field(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
]
UploadId = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, Field(min_length=1, max_length=1024)]
Sentence = Annotated[str, Field(max_length=2000)]
ShortText = Annotated[str, Field(max_length=200)]
Count = Annotated[int, Field(ge=0, le=2**53)]
Revision = Annotated[int, Field(ge=0, le=2**53)]
Position = Annotated[int, Field(ge=0, le=2**53)]
Flag = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,63}$")]
TimeSource = Literal["header", "mtime", "host"]
Samples = Annotated[tuple[float, ...], Field(max_length=100_000)]


class Payload(Part):
    """A message of its own, with the number of its schema."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        allow_inf_nan=False,
        strict=True,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )

    schema_number: Literal[1] = Field(default=1, alias="schema")
