"""The service as a command: how it ends, and what a process that is killed leaves behind."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from benchmarks import chaos
from benchmarks.service_process import outcome_of, write_log
from monitor.config import load_config
from tests.brokers import start_mock_cluster, wait_until
from tests.monitor.command import inside, start
from tests.monitor.service.made_service import (
    STREAM,
    configuration,
    file_stream,
    result_of,
    run_late,
    spoiled_lines,
    started,
    stream,
)

RECORDS = 300


@pytest.fixture
def values(tmp_path: Path) -> dict[str, Any]:
    records = spoiled_lines(tmp_path / "records.jsonl", RECORDS)
    return {"state": str(tmp_path / "state"), "http": {"port": 0}, "streams": [file_stream(records)]}


def written(tmp_path: Path, values: Mapping[str, Any]) -> Path:
    path = tmp_path / "hmoe.yaml"
    path.write_text(yaml.safe_dump(dict(values)))
    return path


def test_a_service_of_files_ends_with_them(tmp_path: Path, values: dict[str, Any]) -> None:
    done = inside(["run", "--config", written(tmp_path, values)], tmp_path)
    assert done.exit_code == 0, done.error
    assert result_of(tmp_path / "state")["predictions lines"] == RECORDS - 4
    events = [json.loads(line)["event"] for line in done.error.splitlines()]
    assert [one for one in events if one in ("http_listening", "started", "finished")] == [
        "http_listening",
        "started",
        "finished",
    ]


def test_a_wrong_configuration_is_told_before_anything_begins(tmp_path: Path, values: dict[str, Any]) -> None:
    done = inside(["run", "--config", written(tmp_path, {**values, "streams": []})], tmp_path)
    assert done.exit_code == 78
    assert "streams" in done.error
    assert not (tmp_path / "state").exists()


def test_a_stream_that_can_never_run_ends_the_start(tmp_path: Path, values: dict[str, Any]) -> None:
    values["streams"].append(file_stream(tmp_path / "missing.jsonl", "other"))
    done = inside(["run", "--config", written(tmp_path, values)], tmp_path)
    assert done.exit_code == 78
    assert "missing.jsonl" in done.error


def test_a_port_in_use_may_be_free_later(tmp_path: Path, values: dict[str, Any]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        options = ["--set", f"http.port={port}"]
        done = inside(["run", "--config", written(tmp_path, values), *options], tmp_path)
    assert done.exit_code == 75
    assert str(port) in done.error


def test_a_second_worker_may_have_its_turn_later(tmp_path: Path, values: dict[str, Any]) -> None:
    with started(configuration(tmp_path / "state", *values["streams"])):
        done = inside(["run", "--config", written(tmp_path, values)], tmp_path)
    assert done.exit_code == 75
    assert "--standby" in done.error


@contextmanager
def running(tmp_path: Path, config: Path) -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    """The service in a process of its own, and a client of its API; it is killed at the end."""
    log = tmp_path / f"{len(list(tmp_path.glob('*.log')))}.log"
    with log.open("wb") as file, start(["run", "--config", str(config)], tmp_path, stderr=file) as process:
        try:
            wait_until(lambda: bool(address_in(log)), 60.0)
            with httpx.Client(base_url=address_in(log)) as client:
                wait_until(lambda: client.get("/readyz").status_code == 200, 60.0)
                yield process, client
        finally:
            process.kill()


def address_in(log: Path) -> str:
    for line in log.read_text().splitlines(keepends=True):
        if line.endswith("\n") and json.loads(line)["event"] == "http_listening":
            return str(json.loads(line)["address"])
    return ""


def received(client: httpx.Client) -> int:
    account = client.get("/status").json()["account"]
    return 0 if account is None else int(account["received"])


def test_killed_between_an_answer_and_a_checkpoint_it_has_forgotten_nothing(
    tmp_path: Path, values: dict[str, Any]
) -> None:
    config = written(tmp_path, {**values, "streams": [stream({"kind": "http"})]})
    record = {"features": {"x": 1.0}, "target": "up"}
    with running(tmp_path, config) as (process, client):
        for _ in range(20):
            assert client.post("/learn", json=record).json()["outcome"] == "learned"
        assert client.post("/events", json=[record] * 30).status_code == 202
        process.kill()
    with running(tmp_path, config) as (process, client):
        wait_until(lambda: received(client) == 50)
        assert client.post("/learn", json=record).json() == {
            "stream": STREAM,
            "outcome": "learned",
            "prediction": "up",
        }
        process.send_signal(signal.SIGTERM)
        assert process.wait(60.0) == 0
    assert result_of(tmp_path / "state")["predictions lines"] == 51


def test_a_stop_that_hangs_is_cut_short(tmp_path: Path, values: dict[str, Any]) -> None:
    unreachable = {"kind": "kafka", "brokers": "127.0.0.1:1", "topic": "t"}
    one = stream({"kind": "http"}, outputs={"predictions": unreachable})
    config = written(tmp_path, {**values, "streams": [one], "grace_seconds": 0.2})
    with running(tmp_path, config) as (process, client):
        client.post("/learn", json={"features": {"x": 1.0}, "target": "up"})
        process.send_signal(signal.SIGTERM)
        assert process.wait(20.0) == 75  # the sink alone would be waited for longer
    assert "grace_exceeded" in (tmp_path / "0.log").read_text()


def test_killed_three_times_it_learns_the_same_from_a_log(tmp_path: Path) -> None:
    with start_mock_cluster({"events": chaos.PARTITIONS, "labels": chaos.PARTITIONS}) as (broker, control):
        expected = write_log(broker, 2_000, chaos.PARTITIONS, seed=0)
        trial = chaos.Trial(tmp_path / "harmed", broker, expected, 0, control)
        peaceful = load_config(tmp_path / "harmed.yaml", {}, {"state": str(tmp_path / "peaceful")})
        run_late(peaceful, expected)
        try:
            trial.process.start()
            chaos.sigkill(trial, 3)
            trial.wait_for(1.0)
            trial.process.terminate()
        finally:
            trial.process.kill()
    assert trial.harms == 3
    assert outcome_of(tmp_path / "harmed" / chaos.STREAM) == outcome_of(tmp_path / "peaceful" / chaos.STREAM)
