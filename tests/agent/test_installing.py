import sys
from pathlib import Path

import pytest
from support import programs

from agent.installing import Plan, install, planned, uninstall, usb_identity
from agent.units import UsbIdentity
from sacmes_core.errors import ConfigError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="services of systemd are Linux's")

UNIT = "etc/systemd/system/sacmes-agent.service"
ENVIRONMENT = "etc/sacmes/sacmes-agent.env"
RULES = "etc/udev/rules.d/70-sacmes.rules"


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    folder = tmp_path / "Daten µ"
    folder.mkdir()
    service = planned("sacmes-agent", ("watch", str(folder)))
    return Plan(service, "mqtts://lab-7@b:8883", "geheim", tmp_path / "image")


def test_it_writes_unit_and_secrets_and_says_so(plan: Plan) -> None:
    said = "\n".join(install(plan, force=False))
    text = (plan.root / UNIT).read_text("utf-8")
    assert 'Daten µ"' in text
    assert "geheim" not in text
    environment = plan.root / ENVIRONMENT
    assert 'SACMES_KEY="geheim"' in environment.read_text("utf-8")
    assert environment.stat().st_mode & 0o777 == 0o600
    assert not (plan.root / RULES).exists()
    for place in (UNIT, ENVIRONMENT, "enable --now sacmes-agent", "journalctl"):
        assert place in said
    assert "geheim" not in said


def test_again_it_changes_nothing_and_an_update_is_written(plan: Plan) -> None:
    list(install(plan, force=False))
    assert "is up to date" in "\n".join(install(plan, force=False))
    other = Plan(planned("sacmes-agent", ("watch", "/elsewhere")), root=plan.root)
    assert "Wrote" in "\n".join(install(other, force=False))
    assert "/elsewhere" in (plan.root / UNIT).read_text("utf-8")


def test_what_was_changed_by_hand_is_overwritten_only_when_told(plan: Plan) -> None:
    list(install(plan, force=False))
    unit = plan.root / UNIT
    unit.write_text(unit.read_text("utf-8") + "# mine\n", "utf-8")
    (plan.root / ENVIRONMENT).unlink()
    for change in (install, uninstall):
        with pytest.raises(ConfigError, match="changed by hand"):
            list(change(plan, force=False))
    assert not (plan.root / ENVIRONMENT).exists()
    list(install(plan, force=True))
    assert "# mine" not in unit.read_text("utf-8")


def test_it_is_taken_away_again(plan: Plan) -> None:
    list(install(plan, force=False))
    wants = plan.root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir()
    (wants / "sacmes-agent.service").symlink_to("/" + UNIT)
    said = "\n".join(uninstall(plan, force=False))
    assert "daemon-reload" in said
    left = [path for path in plan.root.rglob("*") if not path.is_dir()]
    assert left == []
    assert "was not there" in "\n".join(uninstall(plan, force=False))


def test_a_port_gets_rules(tmp_path: Path) -> None:
    service = planned("pico", ("serial", "/dev/ttyACM9", "--instrument", "methodscript"))
    said = "\n".join(install(Plan(service, root=tmp_path), force=False))
    assert "ID_MM_DEVICE_IGNORE" in (tmp_path / RULES).read_text("utf-8")
    assert "udevadm" in said
    assert "/dev/pico" in said
    assert "No broker was named" in said


def test_the_device_behind_a_port_is_found(tmp_path: Path) -> None:
    device = tmp_path / "devices/usb1/1-1"
    (device / "1-1:1.0/tty/ttyACM0").mkdir(parents=True)
    for name, text in (("idVendor", "16c0\n"), ("idProduct", "0483\n"), ("serial", "12345\n")):
        (device / name).write_text(text, "ascii")
    known = tmp_path / "class/tty/ttyACM0"
    known.mkdir(parents=True)
    (known / "device").symlink_to(device / "1-1:1.0")
    found = usb_identity("/dev/ttyACM0", tmp_path / "class/tty")
    assert found == UsbIdentity("16c0", "0483", "12345")
    (device / "serial").unlink()
    assert usb_identity("/dev/ttyACM0", tmp_path / "class/tty") == UsbIdentity("16c0", "0483")
    assert usb_identity("/dev/ttyS7", tmp_path / "class/tty") is None
    assert usb_identity("socket://localhost:5025") is None


def test_two_that_take_over_from_each_other_are_refused() -> None:
    with pytest.raises(ConfigError, match="in turn"):
        planned("sacmes-agent", ("watch", "/data", "--take-over"))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--", "watch", "/data", "--nonsense"], "No such option"),
        (["--", "simulate", "/data"], "Say after --"),
        (["--name", "a/b", "--", "watch", "/data"], "cannot be the name"),
        ([], "Missing argument"),
    ],
)
def test_what_cannot_be_started_is_refused_before(arguments: list[str], sentence: str) -> None:
    said = programs.run("sacmes-agent", "install-service", "--print", *arguments)
    assert said.returncode == 2
    assert sentence in said.stderr


def test_the_command_line_shows_and_writes(tmp_path: Path) -> None:
    command = ("--", "watch", "data", "--start", "swv", "--frequency", "15")
    shown = programs.run("sacmes-agent", "install-service", "--print", *command)
    assert '"--start" "swv" "--frequency" "15"' in shown.stdout
    assert f'"watch" "{Path.cwd() / "data"}"' in shown.stdout
    options = ("--root", tmp_path, "--broker", "mqtt://b")
    said = programs.run("sacmes-agent", "install-service", *options, *command, SACMES_KEY="k")
    assert said.returncode == 0, said.stderr
    assert (tmp_path / UNIT).exists()
    assert (tmp_path / ENVIRONMENT).exists()
    gone = programs.run("sacmes-agent", "install-service", "--uninstall", *options, *command)
    assert gone.returncode == 0, gone.stderr
    assert not (tmp_path / UNIT).exists()


def test_a_service_of_a_user_is_written_into_his_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/pi1")
    service = planned("sacmes-agent", ("watch", "/data"), per_user=True)
    said = "\n".join(install(Plan(service, "mqtt://b", root=tmp_path), force=False))
    assert (tmp_path / "home/pi1/.config/systemd/user/sacmes-agent.service").exists()
    assert (tmp_path / "home/pi1/.config/sacmes/sacmes-agent.env").exists()
    assert "enable-linger" in said
    assert "sudo" not in said
