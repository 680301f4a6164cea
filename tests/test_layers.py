"""What may know of what: the layers, and the protocol's monopoly on topics."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from support.tools import ROOT

PACKAGES = ("agent", "analyzer", "dashboard", "sacmes_core")
# A topic of the protocol, or the start of one: not the name of the product, nor of a package.
TOPIC = re.compile(r"^(\$share/[^/]+/)?sacmes/")


def modules() -> list[Path]:
    return sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))


def strings(path: Path) -> Iterator[tuple[int, str]]:
    """Every string of a module but its docstrings, with its line."""
    tree = ast.parse(path.read_text("utf-8"))
    documentation = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in documentation:
            continue
        if isinstance(node.value, str):
            yield node.lineno, node.value


def test_the_layers_hold() -> None:
    said = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stdout


def test_nobody_but_the_protocol_spells_a_topic() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line} {text!r}"
        for path in [
            *modules(),
            *(ROOT / "scripts").rglob("*.py"),
            *(ROOT / "mosquitto").rglob("*.py"),
        ]
        if path != ROOT / "sacmes_core" / "protocol.py"
        for line, text in strings(path)
        if TOPIC.match(text)
    ]
    assert found == []


def test_the_test_for_topics_would_find_one() -> None:
    assert TOPIC.match("sacmes/{user_id}/session")
    assert [text for _, text in strings(ROOT / "sacmes_core" / "protocol.py") if TOPIC.match(text)]


def tracked() -> list[Path]:
    said = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return [ROOT / name for name in said.stdout.split("\0") if name]


def test_no_path_of_somebodys_machine_is_left_in() -> None:
    somebodys = re.compile(r"(?<![\w.$}])/(root|work|Users|home/[a-z]+)/")
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in tracked()
        if path.suffix in {".py", ".md", ".toml", ".yaml", ".conf", ".acl", ".js", ".css", ".lock"}
        if path != Path(__file__) and path.is_file()
        for match in somebodys.finditer(path.read_text("utf-8", "replace"))
    ]
    assert found == []
