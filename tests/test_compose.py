"""The compose file, and by hand what its containers run."""

import json
import os
import re
import subprocess
import sys
import tomllib
import urllib.request
from collections import defaultdict
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.broker import run_users
from support.programs import command, environment, running
from support.tools import ROOT, requires, wait_until

from dashboard.demo_broker import free_port

KEY = "a-key-of-the-analyzer"
BEHIND_PROFILES = ("standby", "worker")
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
def configuration() -> dict[str, Any]:
    said = compose("compose.yaml")
    assert said.returncode == 0, said.stderr
    found: dict[str, Any] = yaml.safe_load(said.stdout)
    return found


@pytest.fixture(scope="module")
def services(configuration: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = configuration["services"]
    return found


def test_keys_and_passwords_come_as_files_alone(configuration: dict[str, Any]) -> None:
    assert {Path(s["file"]).parent.name for s in configuration["secrets"].values()} == {"secrets"}
    for service in configuration["services"].values():
        named = {
            k: v for k, v in service.get("environment", {}).items() if "KEY" in k or "PASS" in k
        }
        assert all(k.endswith("_FILE") for k in named)
        mounted = {f"/run/secrets/{secret['source']}" for secret in service.get("secrets", [])}
        assert set(named.values()) <= mounted


def test_profiles_bring_a_database_and_more_processes(services: dict[str, Any]) -> None:
    profiles = {name: set(service.get("profiles", [])) for name, service in services.items()}
    assert profiles["postgres"] == {"postgres", "scale"}
    assert profiles["standby"] == profiles["worker"] == {"scale"}
    assert not any(profiles[name] for name in SERVICES)
    assert services["standby"]["command"] == ["sacmes-analyzer", "ingest"]
    assert services["worker"]["command"] == ["sacmes-analyzer", "work"]
    assert services["worker"]["deploy"]["replicas"] == 2
    for name in ("standby", "worker"):
        assert services[name]["environment"] == services["analyzer"]["environment"]
        assert services[name]["healthcheck"] == services["analyzer"]["healthcheck"]
        assert "volumes" not in services[name]


@pytest.mark.parametrize("name", SERVICES + BEHIND_PROFILES)
def test_every_service_is_bounded_and_watched(services: dict[str, Any], name: str) -> None:
    service = services[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["restart"] == "unless-stopped"


def test_no_port_is_open_to_the_world_without_tls(services: dict[str, Any]) -> None:
    ports = [str(port) for service in services.values() for port in service.get("ports", [])]
    assert len(ports) == 3
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_with_tls_the_broker_gets_its_encrypted_listener(tmp_path: Path) -> None:
    said = compose("compose.yaml", "compose.tls.yaml", SACMES_CERTIFICATES=str(tmp_path))
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
        self.mqtt, self.http, self.watch = free_port(), free_port(), free_port()
        self._here = {
            "/mosquitto/config/common.d": str(ROOT / "mosquitto" / "common.d"),
            "/mosquitto": str(folder),
            "/run/secrets": str(folder / "secrets"),
            "/data": str(folder / "home"),
            "broker:1883": f"127.0.0.1:{self.mqtt}",
            "0.0.0.0:9464": f"127.0.0.1:{self.watch}",
            "0.0.0.0": "127.0.0.1",
            "9464": str(self.watch),
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

    def answers(self, name: str) -> bool:
        """What the service's check asks, without a process for each time."""
        (address,) = re.findall(r"'(http:\S+)'", self.services[name]["healthcheck"]["test"][-1])
        with suppress(OSError), urllib.request.urlopen(self.here(address), timeout=5) as answer:
            return answer.status == 200
        return False

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
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "analyzer_key").write_text(f"{KEY}\n")
    assert services["users"]["command"] == ["init"]
    said = run_users(tmp_path / "rights", "init", **containers.settings("users"))
    assert (said.returncode, said.stdout) == (0, "")
    return containers


@pytest.mark.timeout(240)
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
            wait_until(lambda name=name: containers.answers(name), timeout=100, what=name)
            assert containers.is_healthy(name)


def test_the_images_commands_are_ours() -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    for name in re.findall(r'^CMD \["(sacmes-[a-z]+)"', text, re.MULTILINE):
        assert command(name)


def test_images_for_both_machines_are_built_of_the_same_stages() -> None:
    bake = json.loads((ROOT / "docker-bake.json").read_text("utf-8"))
    built = {bake["target"][name]["target"] for name in bake["group"]["default"]["targets"]}
    assert built == {"agent", "analyzer", "dashboard", "users"}
    assert bake["target"]["every"]["platforms"] == ["linux/amd64", "linux/arm64"]
    text = (ROOT / "Dockerfile").read_text("utf-8")
    stages = set(re.findall(r" AS (\S+)$", text, re.MULTILINE))
    assert built <= stages
    assert not re.search(r"amd64|arm64|x86_64|aarch64|TARGETARCH", text.partition("FROM ")[2])


def needed(extras: set[str]) -> dict[str, list[str]]:
    """The wheels of each package that these extras bring, as the lock file names them."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))
    # Some are there in a version for each Python.
    packages: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for package in lock["package"]:
        packages[package["name"]].append(package)
    (ours,) = packages["sacmes"]
    waiting = [*ours["dependencies"]]
    for extra in extras:
        waiting += ours["optional-dependencies"][extra]
    found: dict[str, list[str]] = {}
    while waiting:
        wanted = waiting.pop()
        if "win32" in wanted.get("marker", "") or wanted["name"] in found:
            continue
        found[wanted["name"]] = []
        for package in packages[wanted["name"]]:
            wheels = package.get("wheels", [])
            found[wanted["name"]] += [wheel["url"].rsplit("/", 1)[1] for wheel in wheels]
            waiting += package.get("dependencies", [])
            for extra in wanted.get("extra", []):
                waiting += package["optional-dependencies"].get(extra, [])
    return found


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_locked_package_has_a_wheel_for_both_machines(machine: str) -> None:
    fits = re.compile(
        rf"-(py3|py2\.py3|cp311|cp3\d+-abi3)-.*(any|manylinux.*_{machine}).*\.whl|none-any\.whl"
    )
    found = needed({"agent", "serial", "analyzer", "dashboard", "postgres"})
    assert {"numpy", "scipy", "pyarrow", "psycopg-binary", "streamlit"} <= found.keys()
    without = [name for name, wheels in found.items() if not any(map(fits.search, wheels))]
    assert without == []
