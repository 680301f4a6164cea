"""Build the agent as one folder that needs no Python, and start it once to see that it works.

    python scripts/build_agent.py [--into dist]

Run it on the system that the folder is for: on Windows it makes programs for Windows. It makes an
environment of its own, so that nothing else gets into the folder.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
SPEC = ROOT / "packaging" / "sacmes-agent.spec"
NAME = "sacmes-agent"


def build(into: Path, scratch: Path) -> Path:
    """Build into a folder; the program in it."""
    environment = scratch / "venv"
    run(sys.executable, "-m", "venv", environment)
    windows = sys.platform == "win32"
    python = environment / ("Scripts/python.exe" if windows else "bin/python")
    run(python, "-m", "pip", "install", "-q", f"{ROOT}[agent,serial]", "pyinstaller>=6.6")
    run(
        python, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN",
        "--distpath", into, "--workpath", scratch / "build", SPEC,
    )  # fmt: skip
    return into / NAME / (f"{NAME}.exe" if windows else NAME)


def check(program: Path, home: Path) -> None:
    """Start what was built."""
    run(program, "--version")
    run(program, "status", "--home", home)
    for command in ("watch", "serial", "send"):
        run(program, command, "--help")


def run(*command: str | Path) -> None:
    """Run a command to its end; its failure ends this one."""
    print("+", *command, flush=True)
    subprocess.run([str(part) for part in command], check=True)


def main() -> None:
    """Build, check, and say where it is."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--into", type=Path, default=ROOT / "dist")
    told = arguments.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        program = build(told.into.absolute(), Path(scratch))
        check(program, Path(scratch) / "home µ")
    print(f"Built {program.parent}; copy this folder to the computer beside the instrument.")


if __name__ == "__main__":
    main()
