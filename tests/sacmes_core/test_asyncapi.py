"""The AsyncAPI document: complete, consistent, and the one that is committed."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from sacmes_core.asyncapi import document
from sacmes_core.payloads.common import Payload
from sacmes_core.protocol import CHANNELS, decode
from sacmes_core.questions import QUESTIONS

ROOT = Path(__file__).resolve().parents[2]


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        here = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return here + [r for v in value.values() for r in references(v)]
    if isinstance(value, list):
        return [r for v in value for r in references(v)]
    return []


def test_every_channel_is_described() -> None:
    assert {c["address"] for c in document()["channels"].values()} == {c.template for c in CHANNELS}


def test_every_reference_leads_somewhere() -> None:
    whole = document()
    assert references(whole)
    for reference in references(whole):
        place: Any = whole
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_every_verb_is_named() -> None:
    text = str(document()["operations"])
    assert all(question.verb in text for question in QUESTIONS)


def test_every_message_has_an_example_that_the_protocol_reads() -> None:
    import json

    models = {model.__name__: model for model in Payload.__subclasses__()}
    for name, message in document()["components"]["messages"].items():
        payload = message["examples"][0]["payload"]
        if name != "Upload":
            assert decode(models[name], json.dumps(payload).encode())


def test_the_committed_document_is_up_to_date() -> None:
    check = subprocess.run(
        [sys.executable, ROOT / "scripts" / "write_asyncapi.py", "--check"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert check.returncode == 0, check.stdout
