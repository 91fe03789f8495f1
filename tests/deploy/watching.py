"""Prometheus, Alertmanager and the pager as processes, with the configuration that is checked in.

Only addresses and times are other than in the containers: ports are free ones, windows and waits shorter.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError

import yaml

from monitor.alerts import render
from monitor.alerts.pager import Pager
from tests.deploy.programs import ROOT, needed

__all__ = [
    "QUICK_OPTIONS",
    "Watching",
    "alertmanager",
    "ask",
    "free_port",
    "quick_alertmanager",
    "quick_prometheus",
    "wait_until",
    "watching",
]

READY_SECONDS = 30.0
NAP_SECONDS = 0.1
QUICK_OPTIONS = (
    "--rules.alert.resend-delay=1s",
)  # the first alert may come before the alertmanager is known


@dataclass(frozen=True)
class Watching:
    """What watches.

    Args:
        prometheus: its address.
        alertmanager: its address.
        pager: where alerts arrive.
        process: of Prometheus.
    """

    prometheus: str
    alertmanager: str
    pager: Pager
    process: subprocess.Popen[bytes]

    def query(self, expr: str) -> list[dict[str, Any]]:
        """The series of an expression now."""
        found = ask(f"{self.prometheus}/api/v1/query?{urllib.parse.urlencode({'query': expr})}")
        return list(found["data"]["result"])

    def wait_for(self, expr: str, seconds: float = READY_SECONDS) -> list[dict[str, Any]]:
        """The series of an expression as soon as it has some; none when time is up."""
        until = time.monotonic() + seconds
        while not (found := self.query(expr)) and time.monotonic() < until:
            nap(self.process)
        return found


@contextmanager
def watching(folder: Path, target: str, faster: float = 60.0) -> Iterator[Watching]:
    """Watch one worker until left.

    Args:
        folder: for configurations, data and logs.
        target: host:port of the worker's metrics.
        faster: windows and waits are this many times shorter.
    """
    with ExitStack() as stack:
        pager = stack.enter_context(Pager("127.0.0.1", 0, sys.stdout))
        alerting, _ = stack.enter_context(alertmanager(folder, pager.address))
        config = yaml.safe_load(quick_prometheus(_text("prometheus/prometheus.yml")))
        config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [_host(alerting)]
        config["scrape_configs"][0]["static_configs"][0]["targets"] = [target]
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
        (folder / "rules.yml").write_text(render(faster=faster), encoding="utf-8")
        port = free_port()
        command = [
            needed("prometheus"),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{port}",
            *QUICK_OPTIONS,
        ]
        process = stack.enter_context(_running(command, folder / "prometheus.log"))
        address = f"http://127.0.0.1:{port}"
        wait_until_ready(f"{address}/-/ready", process)
        yield Watching(address, alerting, pager, process)


@contextmanager
def alertmanager(folder: Path, pager: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The address of an Alertmanager that pages ``pager``, and its process."""
    config = yaml.safe_load(quick_alertmanager(_text("alertmanager/alertmanager.yml")))
    for receiver in config["receivers"]:
        for hook in receiver["webhook_configs"]:
            hook["url"] = hook["url"].replace("http://pager:9095", pager)
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    port = free_port()
    command = [
        needed("prometheus-alertmanager", "alertmanager"),
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with _running(command, folder / "alertmanager.log") as process:
        address = f"http://127.0.0.1:{port}"
        wait_until_ready(f"{address}/-/ready", process)
        yield address, process


def quick_prometheus(text: str) -> str:
    """The configuration of a Prometheus that looks every second."""
    every = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    return yaml.safe_dump({**yaml.safe_load(text), "global": every})


def quick_alertmanager(text: str) -> str:
    """The configuration of an Alertmanager that tells everything at once."""
    config = yaml.safe_load(text)
    for route in (config["route"], *config["route"]["routes"]):
        route.update(group_wait="0s", group_interval="1s")
    return yaml.safe_dump(config)


def ask(address: str, body: bytes | None = None) -> Any:
    """The JSON that an address answers."""
    request = urllib.request.Request(  # noqa: S310  our own processes' addresses
        address, body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  as above
        text = answer.read()
    return json.loads(text) if text else None


def wait_until(is_so: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Whether something became so in time."""
    until = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > until:
            return False
        nap(process)
    return True


def wait_until_ready(address: str, process: subprocess.Popen[bytes]) -> None:
    """Return as soon as an address answers."""

    def answers() -> bool:
        try:
            with urllib.request.urlopen(address, timeout=1) as answer:  # noqa: S310  our own processes
                return int(answer.status) == 200
        except (URLError, OSError):
            return False

    assert wait_until(answers, process, READY_SECONDS), f"{address} is not ready"


def nap(process: subprocess.Popen[bytes]) -> None:
    """Wait a moment; fail if the process ends meanwhile."""
    try:
        process.wait(NAP_SECONDS)
    except subprocess.TimeoutExpired:
        return
    raise AssertionError(f"{process.args!r} ended with {process.returncode}")


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def _running(command: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
        try:
            yield process
        finally:
            process.kill()


def _text(name: str) -> str:
    return (ROOT / "deploy" / name).read_text(encoding="utf-8")


def _host(address: str) -> str:
    return address.removeprefix("http://")
