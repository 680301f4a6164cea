"""Services of the server: their units, and the commands that write them."""

import subprocess
import sys
from pathlib import Path

import pytest
from support import programs
from support.administrator import invoke
from support.tools import requires

import analyzer.cli
import dashboard.cli
from sacmes_core.errors import ConfigError
from sacmes_core.server_service import (
    Program,
    ServerService,
    files,
    install,
    planned,
    uninstall,
    unit,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="services of systemd are Linux's")

ANALYZER = Program("sacmes-analyzer", "analyzer", watched=True, settings=("SACMES_STORE",))
DASHBOARD = Program("sacmes-dashboard", "dashboard", watched=False)


def service(program: Program, *arguments: str) -> ServerService:
    return ServerService(program, program.name, f"/opt/sacmes/bin/{program.name}", arguments)


def test_the_analyzer_is_watched_and_has_a_user_and_a_folder_of_its_own() -> None:
    said = set(unit(service(ANALYZER, "run", "--http", "9464")).splitlines())
    assert said >= {
        'ExecStart="/opt/sacmes/bin/sacmes-analyzer" "run" "--http" "9464"',
        "Type=notify", "WatchdogSec=60", "Restart=on-failure", "DynamicUser=yes",
        "StateDirectory=sacmes-analyzer", "ProtectSystem=strict", "ProtectHome=yes",
        "EnvironmentFile=-/etc/sacmes/sacmes-analyzer.env", "CapabilityBoundingSet=",
    }  # fmt: skip


def test_the_dashboard_is_not_watched() -> None:
    said = unit(service(DASHBOARD))
    assert "Type=exec\n" in said
    assert "WatchdogSec" not in said


@pytest.mark.parametrize("program", [ANALYZER, DASHBOARD], ids=lambda program: program.what)
def test_systemd_takes_the_unit_and_finds_it_well_closed(program: Program, tmp_path: Path) -> None:
    analyze = requires("systemd-analyze", "systemd")
    place = tmp_path / f"{program.name}.service"
    known = ServerService(program, program.name, "/bin/true", ("--port", "100%"))
    place.write_text(unit(known), "utf-8")
    verified = subprocess.run(
        [analyze, "verify", place], capture_output=True, text=True, timeout=60, check=False
    )
    about_it = [line for line in verified.stderr.splitlines() if place.name in line]
    assert (verified.returncode, about_it) == (0, [])
    judged = subprocess.run(
        [analyze, "security", "--offline=yes", "--threshold=20", place],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert judged.returncode == 0, judged.stdout[-2000:]


def test_it_is_written_with_its_secrets_apart_and_taken_away_again(tmp_path: Path) -> None:
    one = service(ANALYZER, "ingest")
    wanted = files(one, SACMES_BROKER="mqtt://b", SACMES_KEY="geheim", SACMES_STORE=None)
    said = "\n".join(install(one, wanted, tmp_path, force=False))
    place = tmp_path / "etc/systemd/system/sacmes-analyzer.service"
    secrets = tmp_path / "etc/sacmes/sacmes-analyzer.env"
    assert "geheim" not in place.read_text("utf-8") + said
    assert 'SACMES_KEY="geheim"' in secrets.read_text("utf-8")
    assert "SACMES_STORE" not in secrets.read_text("utf-8")
    assert secrets.stat().st_mode & 0o777 == 0o600
    assert "enable --now sacmes-analyzer" in said
    place.write_text(place.read_text("utf-8") + "# mine\n", "utf-8")
    with pytest.raises(ConfigError, match="changed by hand"):
        list(install(one, wanted, tmp_path, force=False))
    list(install(one, wanted, tmp_path, force=True))
    assert "Removed" in "\n".join(uninstall(one, tmp_path, force=False))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_program_in_a_home_folder_is_told_of(tmp_path: Path) -> None:
    one = ServerService(DASHBOARD, "d", "/home/pi1/venv/bin/sacmes-dashboard", ())
    said = "\n".join(install(one, files(one), tmp_path, force=False))
    assert "may not enter" in said
    assert "No broker was named" in said


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="cannot be the name"):
        planned(ANALYZER, "a/b", ())


def test_the_analyzers_command_shows_what_it_would_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SACMES_BROKER", "mqtt://analyzer@b")
    monkeypatch.setenv("SACMES_STORE", "postgresql://x")
    arguments = ["install-service", "--print", "--name", "sacmes-work", "--"]
    shown = invoke(analyzer.cli.app, [*arguments, "work", "--http", "9465"])
    assert shown.returncode == 0, shown.stderr
    assert "# /etc/systemd/system/sacmes-work.service\n" in shown.stdout
    assert '"work" "--http" "9465"' in shown.stdout
    assert 'SACMES_STORE="postgresql://x"' in shown.stdout
    refused = invoke(analyzer.cli.app, [*arguments, "doctor"])
    assert refused.returncode == 2
    assert "run, ingest or work" in refused.stderr
    refused = invoke(analyzer.cli.app, [*arguments, "run", "--htpp", "9465"])
    assert refused.returncode == 2
    assert "No such option" in refused.stderr


def test_the_dashboards_command_line_has_the_command_besides_its_pages() -> None:
    shown = programs.run("sacmes-dashboard", "install-service", "--print", "--", "--port", "80")
    assert shown.returncode == 0, shown.stderr
    assert '"--port" "80"' in shown.stdout
    refused = invoke(dashboard.cli.installing, ["--print", "--", "--prot", "80"])
    assert refused.returncode == 2
    assert "No such option" in refused.stderr
