"""``hmoe doctor -c``: what a configuration needs and does not find."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from monitor.commands.service_checks import examine_service
from monitor.config import parse_config
from monitor.config.schema import KafkaSourceConfig
from tests.monitor.command import inside

STREAM: dict[str, Any] = {"name": "s", "target": "y", "task": "regression", "source": {"kind": "http"}}


def checks(folder: Path, http: dict[str, Any] | None = None, **stream: Any) -> dict[str, tuple[bool, str]]:
    plain = {
        "state": str(folder / "state"),
        "http": {"port": 0, **(http or {})},
        "streams": [{**STREAM, **stream}],
    }
    found = examine_service(parse_config(json.dumps(plain), "x", {}))
    return {check.name: (check.is_good, check.found) for check in found}


def test_a_service_that_can_start_is_in_order(tmp_path: Path) -> None:
    found = checks(tmp_path)
    assert all(is_good for is_good, _ in found.values())
    assert found["http port"][1] == "any free port"
    assert not (tmp_path / "state").exists()


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_in_use_is_found(tmp_path: Path, taken_port: int) -> None:
    is_good, found = checks(tmp_path, {"port": taken_port})["http port"]
    assert not is_good
    assert "choose another with http.port" in found


class Versioned(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"version": "1.2.3"}')

    def log_message(self, format: str, *values: Any) -> None:
        pass


def test_a_port_where_the_service_answers_already_is_no_fault(tmp_path: Path) -> None:
    with HTTPServer(("127.0.0.1", 0), Versioned) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        is_good, found = checks(tmp_path, {"port": server.server_port})["http port"]
        thread.join()
    assert is_good
    assert found == f"stream-hmoe 1.2.3 answers at {server.server_port}"


def test_a_token_is_looked_for_where_it_should_be(tmp_path: Path) -> None:
    path = tmp_path / "token"
    is_good, found = checks(tmp_path, {"token_file": str(path)})["http token"]
    assert not is_good
    assert "cannot read" in found
    path.write_text("hunter2")
    assert checks(tmp_path, {"token_file": str(path)})["http token"] == (True, "there is one")


def test_a_folder_that_cannot_be_written_is_found(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file is in the way")
    is_good, found = checks(tmp_path)["state folder"]
    assert not is_good
    assert "cannot write" in found


def test_files_are_opened(tmp_path: Path) -> None:
    source = {"kind": "file", "path": str(tmp_path / "in.csv")}
    found = checks(tmp_path, source=source, warm_start=str(tmp_path / "old.csv"))
    assert not found["s source"][0]
    assert not found["s warm start"][0]
    (tmp_path / "in.csv").write_text("x,y\n")
    assert checks(tmp_path, source=source)["s source"] == (True, str(tmp_path / "in.csv"))
    assert "s source" not in checks(tmp_path, source={"kind": "file", "path": "-"})


def test_redis_is_asked(tmp_path: Path) -> None:
    source = {"kind": "redis", "url": "redis://:hunter2@127.0.0.1:1/0", "events": "e"}
    is_good, found = checks(tmp_path, source=source)["s source"]
    assert not is_good
    assert "Redis: " in found
    assert "hunter2" not in found


@dataclass
class Finding:
    is_good: bool
    text: str
    remedy: str = ""


@pytest.fixture
def probed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Replaces the look at the brokers: what was asked is kept, a source is bad and a sink good."""
    asked: list[Any] = []

    def probe(config: Any) -> list[Finding]:
        asked.append(config)
        is_source = isinstance(config, KafkaSourceConfig)
        return [Finding(not is_source, "topic e", "create the topic" if is_source else "")]

    module = ModuleType("monitor.kafka_probe")
    module.probe_kafka = probe  # type: ignore[attr-defined]  # a module of this test
    monkeypatch.setitem(sys.modules, "monitor.kafka_probe", module)
    return asked


def test_brokers_are_asked_for_sources_and_sinks(tmp_path: Path, probed: list[Any]) -> None:
    source = {"kind": "kafka", "brokers": "b", "events": "e"}
    sink = {"kind": "kafka", "brokers": "b", "topic": "d"}
    found = checks(tmp_path, source=source, dead_letters={"sink": sink})
    assert found["s source"] == (False, "topic e; create the topic")
    assert found["s dead letters"] == (True, "topic e")
    assert [config.kind for config in probed] == ["kafka", "kafka"]


def test_a_schema_has_the_fields_that_every_record_needs(tmp_path: Path, probed: list[Any]) -> None:
    path = tmp_path / "s.avsc"
    fields = [{"name": "y", "type": "double"}]
    path.write_text(json.dumps({"type": "record", "name": "r", "fields": fields}))
    source = {"kind": "kafka", "brokers": "b", "events": "e", "format": "avro", "avro_schema": str(path)}
    assert checks(tmp_path, source=source)["s schema"] == (True, f"{path}: 1 fields")
    features = {"x": {"type": "number", "is_required": True}}
    is_good, found = checks(tmp_path, source=source, features=features)["s schema"]
    assert not is_good
    assert "has no field x" in found
    assert probed


def test_the_command_names_what_is_not_in_order(tmp_path: Path) -> None:
    (tmp_path / "hmoe.yaml").write_text("streams: [")
    done = inside(["doctor", "-c", "hmoe.yaml", "--json"], tmp_path)
    assert done.exit_code == 78
    (bad,) = (check for check in done.json["checks"] if check["name"] == "configuration")
    assert "not readable as YAML" in bad["found"]
    assert "configuration" in done.error
