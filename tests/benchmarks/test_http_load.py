"""The load client counts from due times, and its requests are those that the API takes."""

from __future__ import annotations

import asyncio
import gzip
import json
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from prometheus_client import CollectorRegistry

from benchmarks.http_load import main
from benchmarks.load.open_loop import Load, drive, quantile
from benchmarks.load.requests import Kind, Labelled, read_records, requests
from monitor.config.schema import HttpConfig
from monitor.http import HttpServer, build_app
from tests.monitor.http.made_gateway import ModelGateway

RECORDS = [Labelled({"x": 1.0}, "day"), Labelled({"x": None}, "night")]
URL = urlsplit("http://127.0.0.1:8080")


def bodies(kind: Kind, count: int, batch: int = 3) -> list[Any]:
    made = islice(requests(kind, RECORDS, batch, URL, "", "", "run"), count)
    return [json.loads(message.partition(b"\r\n\r\n")[2]) for message in made]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "records.csv.gz"
    path.write_bytes(gzip.compress(b"x,kind,label\n1.5,a,day\n,b,night\n"))
    return path


def test_records_come_from_the_file(file: Path) -> None:
    assert read_records(file, 5) == [
        Labelled({"x": 1.5, "kind": "a"}, "day"),
        Labelled({"x": None, "kind": "b"}, "night"),
    ]
    assert len(read_records(file, 1)) == 1


def test_every_kind_has_its_own_body() -> None:
    assert bodies("predict", 3) == [
        {"features": {"x": 1.0}},
        {"features": {"x": None}},
        {"features": {"x": 1.0}},
    ]
    assert [body["key"] for body in bodies("observe", 2)] == ["run-0", "run-1"]
    assert bodies("learn", 1) == [{"key": "run-0", "features": {"x": 1.0}, "target": "day"}]
    second = bodies("events", 2)[1]
    assert [event["target"] for event in second] == ["night", "day", "night"]
    assert [event["key"] for event in second] == ["run-1-0", "run-1-1", "run-1-2"]


def test_the_head_names_stream_token_and_length() -> None:
    message = next(requests("learn", RECORDS, 1, URL, "secret", "my cars", "run"))
    head, _, body = message.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /learn?stream=my+cars HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n")
    assert b"Authorization: Bearer secret" in head
    assert f"Content-Length: {len(body)}".encode() in head


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 2), (0.51, 3), (0.99, 4), (1.0, 4)])
def test_quantiles(share: float, value: float) -> None:
    assert quantile([4, 1, 3, 2], share) == value


def test_waiting_for_a_slow_server_counts() -> None:
    # One connection, due every 10 ms, and no answer before the third is due: the second waits 10 ms unsent.

    async def measure() -> Load:
        gate = asyncio.Event()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while await reader.readline():
                await gate.wait()
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            writer.close()

        def messages() -> Any:
            for number in range(4):
                if number == 3:
                    gate.set()
                yield b"x\n"

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            return await drive("127.0.0.1", port, messages(), 100.0, 4, 1)

    load = asyncio.run(measure())
    assert load.statuses == {200: 4}
    assert load.latencies_seconds[0] >= 0.02
    assert load.latencies_seconds[1] >= 0.01


@pytest.mark.parametrize("kind", ["predict", "observe", "learn", "events"])
def test_a_real_service_takes_every_request(
    tmp_path: Path, file: Path, kind: Kind, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway = ModelGateway(tmp_path / "inbox")
    with HttpServer(build_app(gateway, HttpConfig(), CollectorRegistry()), "127.0.0.1", 0) as server:
        found = tmp_path / "found.json"
        options = ["--kind", kind, "--rate", "200", "--seconds", "0.1", "--connections", "2", "--batch", "3"]
        assert main([server.address, str(file), *options, "--json", str(found)]) == 0
    gateway.close()
    assert "20 requests" in capsys.readouterr().out
    assert json.loads(found.read_text())["p99_ms"] > 0
