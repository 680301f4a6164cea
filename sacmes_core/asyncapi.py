"""The AsyncAPI 3 description of the protocol, made from its own tables and models."""

from typing import Any, Final

from pydantic.json_schema import models_json_schema

from sacmes_core import __version__
from sacmes_core.example_run import CONTENT, UPLOAD_HEADER
from sacmes_core.examples import EXAMPLES
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.replies import Problem
from sacmes_core.protocol import (
    CHANNELS,
    MAX_UPLOAD_BYTES,
    MAX_WIRE_BYTES,
    RAW,
    REPLY,
    WILL_DELAY_S,
    Channel,
)
from sacmes_core.questions import QUESTIONS
from sacmes_core.upload import pack

_LEVEL_MEANINGS: Final = {
    "user_id": "Also the MQTT username: the broker lets a user read this tree and no other.",
    "technique": "swv, cv, frequency_map or ca.",
    "verb": "The question; one message of this channel for each.",
    "viewer": "Random name of a dashboard connection.",
    "client": "Name that the asker chose for his answers.",
    "analyzer": "Name of the analyzer process.",
}


def document() -> dict[str, Any]:
    """The whole AsyncAPI 3.0 document as plain values."""
    models = sorted({type(e) for e in EXAMPLES}, key=lambda model: model.__name__)
    _, schemas = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
    )
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "sacmes",
            "version": __version__,
            "description": (
                "Telemetry for electrochemical biosensors over MQTT 5. Payloads are UTF-8 JSON "
                "with a `schema` number, at most "
                f"{MAX_WIRE_BYTES:,} bytes; uploads are bytes untouched, at most "
                f"{MAX_UPLOAD_BYTES:,} bytes unpacked. SI units; times are ISO 8601 with offset."
            ),
        },
        "defaultContentType": "application/json",
        "channels": {channel.name: _channel(channel) for channel in CHANNELS},
        "operations": {f"publish_{channel.name}": _operation(channel) for channel in CHANNELS},
        "components": {
            "schemas": schemas["$defs"],
            "messages": {
                **{type(e).__name__: _message(e) for e in EXAMPLES},
                "Upload": _upload_message(),
            },
        },
    }


def _channel(channel: Channel) -> dict[str, Any]:
    names = [part[1:-1] for part in channel.template.split("/") if part.startswith("{")]
    return {
        "address": channel.template,
        "description": f"{channel.summary} Written by: {channel.writer}; for: {channel.readers}.",
        "parameters": {name: {"description": _LEVEL_MEANINGS[name]} for name in names},
        "messages": {
            name: {"$ref": f"#/components/messages/{name}"} for name in _message_names(channel)
        },
    }


def _operation(channel: Channel) -> dict[str, Any]:
    binding: dict[str, Any] = {
        "qos": channel.qos,
        "retain": channel.retain,
        "bindingVersion": "0.2.0",
    }
    if channel.expiry_s is not None:
        binding["messageExpiryInterval"] = channel.expiry_s
    operation: dict[str, Any] = {
        "action": "send",
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "summary": channel.summary,
        "bindings": {"mqtt": binding},
    }
    if channel.name.endswith("presence"):
        operation["description"] = (
            f"Also the last will, {WILL_DELAY_S} s after the connection is lost."
        )
    verbs = [q for q in QUESTIONS if q.channel is channel]
    if verbs:
        operation["description"] = "Verbs: " + "; ".join(
            f"{q.verb} ({q.payload.__name__} → {q.reply.__name__ if q.reply else 'a file'})"
            for q in verbs
        )
        operation["reply"] = {"channel": {"$ref": f"#/channels/{REPLY.name}"}}
    return operation


def _message_names(channel: Channel) -> list[str]:
    if channel is RAW:
        return ["Upload"]
    if channel is REPLY:
        return sorted({q.reply.__name__ for q in QUESTIONS if q.reply} | {Problem.__name__})
    if channel.payload is not None:
        return [channel.payload.__name__]
    return sorted({q.payload.__name__ for q in QUESTIONS if q.channel is channel})


def _message(example: Payload) -> dict[str, Any]:
    model = type(example)
    return {
        "summary": (model.__doc__ or "").split("\n", 1)[0],
        "contentType": "application/problem+json" if model is Problem else "application/json",
        "payload": {"$ref": f"#/components/schemas/{model.__name__}"},
        "examples": [{"payload": example.model_dump(mode="json")}],
    }


def _upload_message() -> dict[str, Any]:
    properties = dict(pack(UPLOAD_HEADER, CONTENT, user_id="lab-7").user_properties)
    return {
        "summary": "A file's or an instrument's bytes, untouched, or gzipped above 64 KiB.",
        "contentType": "application/octet-stream",
        "headers": {
            "type": "object",
            "description": "MQTT 5 user properties; `file` is percent-encoded.",
            "required": ["schema", "encoding", "session_id", "upload_id", "file", "sha256"],
            "properties": {name: {"type": "string"} for name in properties},
        },
        "payload": {"type": "string", "format": "binary"},
        "examples": [{"headers": properties, "payload": CONTENT.decode()}],
    }
