"""The administrator's script in this process: as a process of its own it spends its time importing.

`support.broker.run_users` runs it as people do.
"""

import subprocess
from pathlib import Path

from support.tools import requires
from typer.testing import CliRunner
from users import app

from sacmes_core.errors import ConfigError, SacmesError


def administer(rights: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script on a folder; what it says and its status."""
    requires("mosquitto")
    said = CliRunner().invoke(app, [*arguments, "--folder", str(rights)])
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
