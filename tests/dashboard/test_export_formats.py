"""What exports are called, and which make sense."""

from typing import get_args

import pytest

from dashboard.export_formats import KINDS, file_name, kinds_for, safe, size_words
from sacmes_core.payloads.questions import ExportFormat
from sacmes_core.settings.parts import Technique


def test_every_format_of_the_analyzer_is_offered_for_some_technique():
    offered = {kind for technique in get_args(Technique) for kind in kinds_for(technique)}
    assert offered == set(KINDS) == set(get_args(ExportFormat))


def test_names_say_whose_and_which(world):
    assert file_name("alice", world.session, ".csv") == "alice_Run.csv"
    nameless = world.new_session(name="")
    assert file_name("alice", nameless, "_raw.zip") == "alice_swv_2026-03-01_1200_raw.zip"


@pytest.mark.parametrize(
    ("name", "kept"), [("../a b", "___a_b"), ("", "session"), ("x" * 300, "x" * 80)]
)
def test_names_are_safe(name, kept):
    assert safe(name) == kept


@pytest.mark.parametrize(
    ("size", "words"), [(999, "999 bytes"), (12_345, "12 kB"), (2_340_000, "2.3 MB")]
)
def test_sizes_in_words(size, words):
    assert size_words(size) == words
