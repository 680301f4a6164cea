"""Archives for electronic lab notebooks."""

import hashlib
import io
import json
import zipfile

from dashboard.eln import METADATA, write_eln
from sacmes_core.payloads.marks import Mark


def raw_zip():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("raw/000001_SWV.txt", b"-0.1, 1e-6")
        archive.writestr("manifest.json", b"{}")
    return file


def written(world):
    into = io.BytesIO()
    marks = [Mark(mark_id="m", kind="injection", label="ATP", number=3)]
    write_eln(into, world.new_session(name="Chip 4/7"), marks, b"session,position\n", raw_zip())
    return into.getvalue()


def test_one_folder_with_everything_that_the_crate_describes(world):
    with zipfile.ZipFile(io.BytesIO(written(world))) as archive:
        names = archive.namelist()
        crate = json.loads(archive.read(f"Chip_4_7/{METADATA}"))
        contents = {name: archive.read(name) for name in names}
    assert {name.split("/")[0] for name in names} == {"Chip_4_7"}
    graph = {entity["@id"]: entity for entity in crate["@graph"]}
    assert graph[METADATA]["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    assert graph["./"]["hasPart"] == [{"@id": "./session/"}]
    files = {part["@id"] for part in graph["./session/"]["hasPart"]}
    assert {f"Chip_4_7/{name[2:]}" for name in files} | {f"Chip_4_7/{METADATA}"} == set(names)
    for name in files:
        content = contents[f"Chip_4_7/{name[2:]}"]
        assert graph[name]["sha256"] == hashlib.sha256(content).hexdigest()
        assert graph[name]["contentSize"] == str(len(content))
    assert json.loads(contents["Chip_4_7/session/marks.json"])[0]["label"] == "ATP"
    assert contents["Chip_4_7/session/raw/000001_SWV.txt"] == b"-0.1, 1e-6"


def test_the_same_session_gives_the_same_bytes(world):
    assert written(world) == written(world)
