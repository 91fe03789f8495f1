"""What must hold of the whole: nobody else reads the state, nothing tells a secret, nothing runs code."""

from __future__ import annotations

import ast
import json
import logging
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client import generate_latest

from monitor.config import ServiceConfig, config_hash, load_config, shown_yaml
from monitor.config.flaws import InvalidConfiguration
from monitor.config.schema import StreamConfig
from monitor.dead_letters.letter import DeadLetter
from monitor.dead_letters.replaying import HttpTarget, Refused
from monitor.http import HttpServer, build_app
from monitor.metrics import Process, registry_of
from monitor.printable import printable
from monitor.problems import ConfigurationProblem, UsageProblem
from monitor.service import Service, supervisor
from monitor.service.supervisor import Standing
from monitor.sources.inbox_entries import Entry
from monitor.sources.messages import Channel
from monitor.status import Halt

ROOT = Path(__file__).parents[2]
TOKEN = "a-token-that-nobody-knows"  # noqa: S105
REDIS_PASSWORD = "hush-hush-redis"  # noqa: S105
KAFKA_PASSWORD = "hush-hush-kafka"  # noqa: S105
SECRETS = (TOKEN, REDIS_PASSWORD, KAFKA_PASSWORD)
BAD_NAMES = ("..", "../x", "a/b", "/etc", "a\\b", "", ".", "A", "a" * 64, "a\x00", "é")


def stream(name: str = "orders", **more: Any) -> dict[str, Any]:
    source = {"kind": "http"}
    return {"name": name, "target": "label", "task": "classification", "source": source, **more}


def configuration(folder: Path, *streams: dict[str, Any], **more: Any) -> ServiceConfig:
    values = {"state": str(folder / "state"), "streams": list(streams) or [stream()], **more}
    path = folder / "hmoe.yaml"
    path.write_text(yaml.safe_dump(values))
    return load_config(path, {}, {})


@contextmanager
def running(config: ServiceConfig) -> Iterator[Service]:
    service = Service(config)
    try:
        service.start()
        yield service
    finally:
        service.close()


def learn(service: Service, *records: dict[str, Any]) -> None:
    service.gateway.submit_and_forget("orders", [Entry(json.dumps(record).encode()) for record in records])
    service.turn()


# Who may read and write the state.


def test_the_state_of_a_stream_is_for_its_owner_alone(tmp_path: Path) -> None:
    with running(configuration(tmp_path)) as service:
        learn(service, {"x": 1, "label": "a"}, {"x": 1})
        service.stop("done")
    folder = tmp_path / "state" / "orders"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {"journal.sqlite", "dead-letters.jsonl", "audit.jsonl"} <= {path.name for path in folder.iterdir()}


def test_a_folder_that_was_made_for_a_group_stays_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "orders"
    folder.mkdir(parents=True)
    folder.chmod(0o770)
    with running(configuration(tmp_path)):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o770


def test_a_folder_in_which_anybody_can_write_holds_no_model(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "orders"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    with pytest.raises(ConfigurationProblem, match="chmod o-w"), running(configuration(tmp_path)):
        pass
    assert not list(folder.glob("*.sqlite"))


@pytest.mark.parametrize("name", BAD_NAMES)
def test_no_name_of_a_stream_leads_out_of_the_state_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidConfiguration, match=r"streams\[0\]\.name"):
        configuration(tmp_path, stream(name))


@pytest.mark.parametrize(
    "name", ["..", "../orders", "orders/../orders", "orders%2f..", "/orders", "orders\x00"]
)
def test_no_query_names_another_folder(tmp_path: Path, name: str) -> None:
    with running(configuration(tmp_path)) as service, client_of(service) as client:
        for path in ("/status", "/drift/events", "/experts"):
            assert client.get(path, params={"stream": name}).status_code == 404
        assert client.get("/drift/events", params={"stream": "orders"}).status_code == 200


@contextmanager
def client_of(service: Service) -> Iterator[httpx.Client]:
    registry = registry_of(service.boards, Process(service.config.state, config_hash(service.config)))
    app = build_app(service.gateway, service.config.http, registry)
    with HttpServer(app, "127.0.0.1", 0) as server, httpx.Client(base_url=server.address) as client:
        yield client


# Secrets.


def test_a_reason_that_holds_a_secret_is_told_without_it_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    redis = {"kind": "redis", "url": f"redis://u:{REDIS_PASSWORD}@127.0.0.1:1/0", "events": "e"}
    options = {"sasl.password": KAFKA_PASSWORD, "security.protocol": "SASL_SSL"}
    kafka = {"kind": "kafka", "brokers": "127.0.0.1:1", "events": "e", "options": options}
    others = [stream("cached", source=redis), stream("logged", source=kafka)]
    config = configuration(tmp_path, stream(), *others, http={"token": TOKEN})
    words = " ".join(SECRETS)

    def fail(*arguments: object) -> None:
        raise RuntimeError(f"cannot reach it with {words}")

    monkeypatch.setattr(supervisor, "open_stream", fail)
    with caplog.at_level(logging.DEBUG), running(config) as service, client_of(service) as client:
        assert {each.standing for each in service.supervisors.values()} == {Standing.RETRYING}
        status = service.supervisors["orders"].board.current
        assert status.halt is Halt.OTHER and "cannot reach it" in status.halted
        answers = [
            client.get(path, params={"stream": "orders"}).text for path in ("/status", "/drift/events")
        ]
        answers += [client.get(path).text for path in ("/metrics", "/readyz", "/openapi.json")]
        said = "\n".join([*answers, shown_yaml(config), config_hash(config), status.halted])
    assert "cannot reach it" in said
    for secret in SECRETS:
        assert secret not in said


def test_metrics_journal_audit_and_checkpoint_hold_no_token(tmp_path: Path) -> None:
    config = configuration(tmp_path, http={"token": TOKEN})
    with running(config) as service:
        learn(service, {"x": 1, "label": "a"})
        registry = registry_of(service.boards, Process(config.state, config_hash(config)))
        assert TOKEN not in generate_latest(registry).decode()
        service.stop("done")
    for path in (tmp_path / "state").rglob("*"):
        assert path.is_dir() or TOKEN.encode() not in path.read_bytes()


# Text of strangers.


def test_a_terminal_is_not_steered_by_what_senders_write() -> None:
    assert printable("caf\u00e9 \U0001f9ea = 1") == "caf\u00e9 \U0001f9ea = 1"
    hostile = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\r\n"
    assert printable(hostile) == r"\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\r\n"
    assert printable(hostile).isprintable()


def test_a_long_name_is_cut_wherever_it_is_told(tmp_path: Path) -> None:
    name = "n" * 500_000
    with running(configuration(tmp_path)) as service:
        learn(service, {name: [1], "label": "a"}, {name: 1, "label": "a"})
        service.gateway.submit_and_forget("orders", [Entry(f'{{"{name}":1,"{name}":2}}'.encode())])
        service.turn()
        service.stop("done")
    letters = (tmp_path / "state" / "orders" / "dead-letters.jsonl").read_text().splitlines()
    told = [{**json.loads(letter), "body": ""} for letter in letters]
    assert len(told) == 3
    assert max(len(json.dumps(letter)) for letter in told) < 2_000


# Code and other machines.


def test_nothing_that_is_read_can_run_code() -> None:
    dangerous = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib"}
    calls = {"eval", "exec", "compile", "__import__"}
    for path in (
        path for part in ("stream_hmoe", "monitor", "dashboards") for path in (ROOT / part).rglob("*.py")
    ):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name for alias in node.names} | {getattr(node, "module", None) or ""}
                assert not dangerous & {name.partition(".")[0] for name in names}, path
            if isinstance(node, ast.Call):
                assert not (isinstance(node.func, ast.Name) and node.func.id in calls), path
                assert not any(word.arg in ("shell", "allow_pickle") for word in node.keywords), path


@pytest.mark.parametrize(
    "text",
    [
        "state: !!python/object/apply:os.system [touch owned]",
        "streams: !!python/name:os.system",
        "http: !!python/object/new:os.system [touch owned]",
    ],
)
def test_a_configuration_makes_no_objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hmoe.yaml").write_text(text)
    with pytest.raises(InvalidConfiguration):
        load_config(tmp_path / "hmoe.yaml", {}, {})
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "gopher://127.0.0.1/", "http://", "/learn", "ftp://h/x"]
)
def test_letters_are_replayed_over_http_alone(url: str) -> None:
    with pytest.raises(UsageProblem, match="--to-url"):
        HttpTarget(url, TOKEN, StreamConfig.model_validate(stream()))


def test_a_replay_follows_nobody_elsewhere_with_the_token() -> None:
    """Who answers at the operator's address does not choose where the token goes."""
    paths: list[str] = []

    class Redirecting(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            paths.append(self.path)
            self.send_response(307)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Redirecting) as server:
        answering = threading.Thread(target=server.serve_forever)
        answering.start()
        target = HttpTarget(f"http://127.0.0.1:{server.server_port}/learn", TOKEN, None)
        letter = DeadLetter("events/0", "1", Channel.EVENTS, None, b"{}", "bad")
        with pytest.raises(Refused, match="answered 307"):
            target.send(letter)
        target.close()
        server.shutdown()
        answering.join()
    assert paths == ["/learn"]
