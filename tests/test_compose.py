"""The compose file, and by hand what its containers run."""

import os
import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.broker import run_users
from support.programs import command, environment, running
from support.tools import ROOT, requires, wait_until

from dashboard.demo_broker import free_port

KEY = "a-key-of-the-analyzer"
SERVICES = ("broker", "analyzer", "dashboard")


def compose(*files: str, **settings: str) -> subprocess.CompletedProcess[str]:
    named = [part for file in files for part in ("-f", str(ROOT / file))]
    return subprocess.run(
        [requires("docker-compose"), *named, "config"],
        cwd=ROOT,
        env=environment(**settings),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    said = compose("compose.yaml", SACMES_ANALYZER_KEY=KEY)
    assert said.returncode == 0, said.stderr
    found: dict[str, Any] = yaml.safe_load(said.stdout)["services"]
    return found


def test_the_analyzers_key_is_not_forgotten() -> None:
    said = compose("compose.yaml", SACMES_ANALYZER_KEY="")
    assert said.returncode != 0
    assert ".env" in said.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_bounded_and_watched(services: dict[str, Any], name: str) -> None:
    service = services[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["restart"] == "unless-stopped"


def test_no_port_is_open_to_the_world_without_tls(services: dict[str, Any]) -> None:
    ports = [str(port) for name in SERVICES for port in services[name].get("ports", [])]
    assert len(ports) == 2
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_with_tls_the_broker_gets_its_encrypted_listener(tmp_path: Path) -> None:
    said = compose(
        "compose.yaml",
        "compose.tls.yaml",
        SACMES_ANALYZER_KEY=KEY,
        SACMES_CERTIFICATES=str(tmp_path),
    )
    assert said.returncode == 0, said.stderr
    broker = yaml.safe_load(said.stdout)["services"]["broker"]
    assert "compose-tls.conf" in str(broker["volumes"])
    assert "8883" in str(broker["ports"])


def test_images_run_as_nobody_in_particular() -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    stages = re.split(r"^FROM ", text, flags=re.MULTILINE)[1:]
    final = {stage.split()[2]: stage for stage in stages if stage.split()[1] == "AS"}
    assert {"agent", "analyzer", "dashboard", "users"} <= final.keys()
    assert "USER 10001" in final["runtime"]
    assert re.findall(r"^USER (.+)$", final["users"], re.MULTILINE)[-1] == "1883:1883"
    for name in ("agent", "analyzer", "dashboard"):
        assert final[name].startswith("runtime")
        assert "USER" not in final[name]


def test_the_analyzers_image_can_keep_its_store_in_either_database() -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    stage = text.partition(" AS build-analyzer\n")[2].partition("FROM ")[0]
    assert {"analyzer", "postgres"} <= set(re.findall(r"--extra (\S+)", stage))


def test_what_the_images_copy_is_there() -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    copied = [line.split()[1:-1] for line in text.splitlines() if line.startswith("COPY ")]
    for source in (path for paths in copied if "--from" not in paths[0] for path in paths):
        assert (ROOT / source).exists(), source


class Containers:
    """The commands of the containers, run by hand with their paths and names put in place."""

    def __init__(self, services: dict[str, Any], folder: Path) -> None:
        self.services = services
        self.folder = folder
        self.mqtt, self.http = free_port(), free_port()
        self._here = {
            "/mosquitto/config/common.d": str(ROOT / "mosquitto" / "common.d"),
            "/mosquitto": str(folder),
            "/opt/sacmes/analyzer_health.py": str(ROOT / "scripts" / "analyzer_health.py"),
            "/data": str(folder / "home"),
            "broker:1883": f"127.0.0.1:{self.mqtt}",
            "0.0.0.0": "127.0.0.1",
            "8501": str(self.http),
            "1883": str(self.mqtt),
        }

    def here(self, text: str) -> str:
        for theirs, ours in self._here.items():
            if theirs in text:
                return text.replace(theirs, ours)
        return text

    def settings(self, name: str) -> dict[str, str]:
        environment = self.services[name].get("environment", {})
        return {key: self.here(str(value)) for key, value in environment.items()}

    def is_healthy(self, name: str) -> bool:
        test = [self.here(word) for word in self.services[name]["healthcheck"]["test"][1:]]
        test[0] = sys.executable if test[0] == "python" else requires(test[0], "netcat-openbsd")
        said = subprocess.run(
            test, env=environment(**self.settings(name)), capture_output=True, check=False
        )
        return said.returncode == 0


@pytest.fixture
def containers(services: dict[str, Any], tmp_path: Path) -> Containers:
    requires("mosquitto")
    containers = Containers(services, tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "rights").mkdir()
    assert services["users"]["command"] == ["init"]
    said = run_users(tmp_path / "rights", "init", **containers.settings("users"))
    assert (said.returncode, said.stdout) == (0, "")
    return containers


def test_the_broker_the_analyzer_and_the_dashboard_become_healthy(
    containers: Containers,
) -> None:
    lines = (ROOT / "mosquitto" / "compose.conf").read_text("utf-8").splitlines()
    user = ["user root"] if os.geteuid() == 0 else []
    configuration = containers.folder / "mosquitto.conf"
    configuration.write_text("\n".join([*user, *map(containers.here, lines)]) + "\n", "utf-8")
    dashboard = containers.services["dashboard"]["command"]
    with ExitStack() as stack:
        broker = subprocess.Popen(
            [requires("mosquitto"), "-c", str(configuration)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        stack.callback(broker.wait, 10)
        stack.callback(broker.terminate)
        wait_until(lambda: containers.is_healthy("broker"), what="the broker's health")
        assert not containers.is_healthy("analyzer")
        logs = containers.folder
        stack.enter_context(
            running(
                "sacmes-analyzer",
                "run",
                log=logs / "analyzer.log",
                **containers.settings("analyzer"),
            )
        )
        stack.enter_context(
            running(
                dashboard[0],
                *map(containers.here, dashboard[1:]),
                log=logs / "dashboard.log",
                **containers.settings("dashboard"),
            )
        )
        for name in ("analyzer", "dashboard"):
            wait_until(lambda name=name: containers.is_healthy(name), timeout=60, what=name)


def test_the_images_commands_are_ours() -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    for name in re.findall(r'^CMD \["(sacmes-[a-z]+)"', text, re.MULTILINE):
        assert command(name)
