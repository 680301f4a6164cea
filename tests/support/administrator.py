"""The administrator's scripts in this process: as processes they spend their time importing.

`support.broker.run_users` runs the users' script as people do.
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import users
from support.tools import requires
from typer import Typer
from typer.testing import CliRunner

from sacmes_core.errors import ConfigError, SacmesError


def administer(rights: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the users' script on a folder; what it says and its status."""
    requires("mosquitto")
    return invoke(users.app, [*arguments, "--folder", str(rights)])


def invoke(app: Typer, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a script's commands, with errors said as `run_app` says them."""
    said = CliRunner().invoke(app, arguments)
    if said.exception is not None and not isinstance(said.exception, (SacmesError, SystemExit)):
        raise said.exception
    status = 2 if isinstance(said.exception, ConfigError) else said.exit_code
    sentence = str(said.exception or "")
    return subprocess.CompletedProcess(arguments, status, said.stdout, said.stderr + sentence)


def keys_said(rights: Path, *arguments: str) -> dict[str, str]:
    """Run the script with success; the keys that it says, by name."""
    said = administer(rights, *arguments)
    assert said.returncode == 0, said.stderr
    return dict(line.split("\t") for line in said.stdout.splitlines())
