"""What an installation brings: the extras of a role and no more, and the broker's files."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from support.programs import environment
from support.tools import ROOT

HEAVY = ("numpy", "scipy", "pandas", "streamlit", "plotly", "sqlalchemy")
COMMANDS = ("sacmes-agent", "sacmes-analyzer", "sacmes-dashboard", "sacmes-demo")


def run(*command: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    said = subprocess.run(
        [str(part) for part in command],
        env=environment(PIP_DISABLE_PIP_VERSION_CHECK="1"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert not check or said.returncode == 0, said.stdout + said.stderr
    return said


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "-q", "-w", folder, ROOT)
    return next(folder.glob("sacmes-*.whl"))


@pytest.fixture(scope="module")
def agent_alone(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the commands in an environment with the agent's extra and nothing else."""
    folder = tmp_path_factory.mktemp("agent") / "venv"
    run(sys.executable, "-m", "venv", folder)
    run(folder / "bin" / "python", "-m", "pip", "install", "-q", f"{wheel}[agent]")
    return folder / "bin"


@pytest.mark.timeout(300)
def test_the_agent_runs_without_numpy_and_streamlit(agent_alone: Path) -> None:
    installed = run(agent_alone / "python", "-m", "pip", "list", "--format=freeze").stdout.lower()
    assert "sacmes==" in installed
    assert "watchdog==" in installed
    assert not [name for name in HEAVY if f"{name}==" in installed]
    said = run(agent_alone / "sacmes-agent", "--help").stdout
    assert "watch" in said
    run(agent_alone / "sacmes-agent", "watch", "--help")
    run(agent_alone / "sacmes-agent", "serial", "--help")


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("command", "extra"),
    [
        (("sacmes-analyzer", "run", "--broker", "mqtt://x@localhost"), "analyzer"),
        (("sacmes-analyzer", "analyze", "none.txt"), "analyzer"),
        (("sacmes-dashboard", "--broker", "mqtt://localhost"), "dashboard"),
        (("sacmes-agent", "simulate", "nowhere"), "analyzer"),
        (("sacmes-agent", "serial", "COM5", "--instrument", "methodscript"), "serial"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else value,
)
def test_a_command_without_its_libraries_says_which_extra_to_install(
    agent_alone: Path, command: tuple[str, ...], extra: str, tmp_path: Path
) -> None:
    said = run(agent_alone / command[0], *command[1:], check=False)
    assert said.returncode != 0
    assert f"sacmes[{extra}]" in said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.timeout(300)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_knows_its_version(agent_alone: Path, command: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    said = run(agent_alone / command, "--version", check=False)
    if "sacmes[" not in said.stderr:
        assert said.stdout.strip() == f"sacmes {project['version']}"


@pytest.mark.timeout(300)
def test_with_the_serial_extra_an_instrument_is_looked_for_without_numpy(
    wheel: Path, agent_alone: Path, tmp_path: Path
) -> None:
    """The last test of this environment: what it installs stays in it."""
    run(agent_alone / "python", "-m", "pip", "install", "-q", f"{wheel}[serial]")
    installed = run(agent_alone / "python", "-m", "pip", "list", "--format=freeze").stdout.lower()
    assert "pyserial==" in installed
    assert not [name for name in HEAVY if f"{name}==" in installed]
    for command in ("watch", "serial", "send", "status", "simulate", "install-service"):
        run(agent_alone / "sacmes-agent", command, "--help")
    unit = ("install-service", "--print", "--", "serial", "COM5", "--instrument", "lines")
    assert "DeviceAllow" in run(agent_alone / "sacmes-agent", *unit).stdout
    said = run(agent_alone / "sacmes-agent", "serial", "COM5", "--instrument", "lines", check=False)
    assert "acestat, arduino, kickstat" in said.stderr


def test_the_wheel_brings_the_brokers_files(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    here = {path for path in (ROOT / "mosquitto").rglob("*") if path.is_file()}
    shipped = {f"dashboard/{path.relative_to(ROOT)}" for path in here if path.suffix != ".pyc"}
    assert shipped <= names
    for package in ("agent", "analyzer", "dashboard", "sacmes_core"):
        assert f"{package}/py.typed" in names


@pytest.mark.timeout(300)
def test_the_configuration_is_found_in_an_installation(agent_alone: Path, tmp_path: Path) -> None:
    code = "from dashboard.demo_broker import configuration_folder as f; print(f())"
    said = subprocess.run(
        [agent_alone / "python", "-c", code],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    folder = Path(said.stdout.strip())
    assert ROOT not in folder.parents
    assert (folder / "common.d" / "common.conf").is_file()
    assert (folder / "users.py").is_file()


def test_the_lock_file_fits_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lock = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))
    ours = next(package for package in lock["package"] if package["name"] == project["name"])
    assert ours["version"] == project["version"]
    assert set(ours["metadata"]["provides-extras"]) == set(project["optional-dependencies"])
    sources = {package["source"].get("registry", "") for package in lock["package"]}
    assert sources - {""} == {"https://pypi.org/simple"}
