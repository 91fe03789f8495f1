"""docker-compose.yml, checked as far as that goes without containers: schema, references, hardening."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from typer.core import TyperGroup

from monitor.cli import app
from monitor.config.schema import KafkaSinkConfig, KafkaSourceConfig, ServiceConfig
from tests.deploy.programs import ROOT, run
from tests.monitor.command import inside

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OWN_IMAGE = "stream-hmoe:"
IMAGE_PIN = re.compile(r"[a-z0-9./-]+:v?\d+\.\d+\.\d+")
DOCKERFILE = (ROOT / "deploy" / "images" / "hmoe.Dockerfile").read_text(encoding="utf-8")
CONFIG = ServiceConfig.model_validate(
    yaml.safe_load((ROOT / "deploy" / "hmoe.yaml").read_text(encoding="utf-8"))
)


def test_it_follows_the_compose_specification() -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    done = run(checker, "--builtin-schema", "vendor.compose-spec", ROOT / "docker-compose.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def mounts(service: dict[str, Any]) -> list[list[str]]:
    return [volume.split(":") for volume in service.get("volumes", [])]


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_refers_to_exists(name: str) -> None:
    service = SERVICES[name]
    for other, condition in service.get("depends_on", {}).items():
        assert other in SERVICES
        if condition["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other]
        assert not SERVICES[other].get("profiles"), f"{other} may be left out"
    for source, *_ in mounts(service):
        assert (ROOT / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]
    if "build" in service:
        assert (ROOT / service["build"]["dockerfile"]).is_file()


def test_every_volume_is_used() -> None:
    used = {source for service in SERVICES.values() for source, *_ in mounts(service)}
    assert set(COMPOSE["volumes"]) <= used


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_hardened(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service["user"].startswith(("0", "root"))
    assert "mem_limit" in service
    assert IMAGE_PIN.fullmatch(service["image"])
    assert not service.get("privileged")
    for port in service.get("ports", []):
        assert port.startswith("127.0.0.1:")
    for source, _, *mode in mounts(service):
        assert not source.startswith(".") or mode == ["ro"]


def test_every_service_that_stays_says_whether_it_is_healthy() -> None:
    silent = {name for name, service in SERVICES.items() if "healthcheck" not in service}
    assert silent == {"topics", "producer"}  # one ends, the other only sends


def test_the_worker_has_time_for_its_last_checkpoint() -> None:
    assert int(SERVICES["worker"]["stop_grace_period"].removesuffix("s")) > CONFIG.grace_seconds


def test_the_producer_fills_the_topics_that_the_worker_reads_and_all_of_them_are_made() -> None:
    stream = CONFIG.streams[0]
    assert isinstance(stream.source, KafkaSourceConfig)
    command = SERVICES["producer"]["command"]
    assert f"--events={stream.source.events}" in command
    assert f"--labels={stream.source.labels}" in command
    assert f"--brokers={stream.source.brokers}" in command
    sinks = (stream.outputs.predictions, stream.outputs.decisions, stream.dead_letters.sink)
    topics = {stream.source.events, stream.source.labels}
    topics |= {sink.topic for sink in sinks if isinstance(sink, KafkaSinkConfig)}
    script = SERVICES["topics"]["command"][0]
    made = re.search(r"for topic in (.*?);", script)
    assert made is not None
    assert set(made[1].split()) == topics


def test_addresses_lead_to_services_that_listen_there() -> None:
    def yaml_of(name: str) -> Any:
        return yaml.safe_load((ROOT / "deploy" / name).read_text(encoding="utf-8"))

    prometheus, alertmanager = yaml_of("prometheus/prometheus.yml"), yaml_of("alertmanager/alertmanager.yml")
    listening = {
        name: {port.split(":")[-1] for port in service.get("ports", [])} for name, service in SERVICES.items()
    }
    assert prometheus["scrape_configs"][0]["static_configs"][0]["targets"] == [f"worker:{CONFIG.http.port}"]
    assert str(CONFIG.http.port) in listening["worker"]
    (target,) = prometheus["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]
    hooks = [hook["url"] for receiver in alertmanager["receivers"] for hook in receiver["webhook_configs"]]
    for address in (target, *(hook.removeprefix("http://").partition("/")[0] for hook in hooks)):
        host, _, port = address.partition(":")
        assert port in listening[host]


def test_what_the_worker_writes_lies_in_its_volume() -> None:
    folders = [target for source, target, *_ in mounts(SERVICES["worker"]) if not source.startswith(".")]
    assert any(CONFIG.state.is_relative_to(folder) for folder in folders)
    assert CONFIG.http.token_file is not None
    assert any(CONFIG.http.token_file.is_relative_to(folder) for folder in folders)
    script = (ROOT / "deploy" / "images" / "start-worker.sh").read_text(encoding="utf-8")
    assert f"token={CONFIG.http.token_file}\n" in script


def test_the_dashboard_looks_at_the_streams_of_the_worker() -> None:
    assert SERVICES["dashboard"]["command"][:2] == ["dashboard", str(CONFIG.state)]
    assert set(SERVICES["dashboard"]["volumes"]) <= set(SERVICES["worker"]["volumes"])


@pytest.mark.parametrize("name", ["producer", "worker", "dashboard", "pager"])
def test_commands_have_the_options_that_they_are_given(name: str) -> None:
    commands = typer.main.get_command(app)
    assert isinstance(commands, TyperGroup)
    word, *arguments = SERVICES[name]["command"]
    command = commands.commands[word]
    command.make_context(word, list(arguments))


def test_the_configuration_of_the_worker_has_no_flaw(tmp_path: Path) -> None:
    done = inside(["config", "check", "-c", ROOT / "deploy" / "hmoe.yaml"], tmp_path)
    assert (done.exit_code, done.error) == (0, "")


def test_images_are_built_in_stages_and_run_without_privileges() -> None:
    lines = [line for line in DOCKERFILE.splitlines() if line and not line.startswith("#")]
    stages = [line for line in lines if line.startswith("FROM ")]
    assert len(stages) == 2
    assert all(IMAGE_PIN.match(stage.split()[1]) for stage in stages)
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    own = [service for service in SERVICES.values() if service["image"].startswith(OWN_IMAGE)]
    assert users == [own[0]["user"]] == list({service["user"] for service in own})
    copied = [
        part
        for line in lines
        if line.startswith("COPY ") and "--from" not in line
        for part in shlex.split(line)[1:-1]
        if not part.startswith("--")
    ]
    assert all((ROOT / part).exists() for part in copied)
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert not set(copied) & set(ignored)


def test_the_image_brings_torch_without_cuda() -> None:
    assert "https://download.pytorch.org/whl/cpu" in DOCKERFILE
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert re.search(r"^torch==\d", pins, re.MULTILINE)
