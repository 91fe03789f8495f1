"""Too much is refused before it costs anything, and said in a way that a client can act on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import Request
from prometheus_client import CollectorRegistry

from monitor.config.schema import HttpConfig
from monitor.http import reading
from monitor.http.app import build_app
from monitor.http.reading import read_body
from monitor.http.refusals import HttpRefusal
from tests.monitor.http.conftest import client
from tests.monitor.http.made_gateway import ModelGateway

LIMIT = 1_024
EXAMPLE = {"key": "e", "features": {"x": 1}, "target": "a"}


@pytest.fixture
def small_client(gateway: ModelGateway, registry: CollectorRegistry) -> Iterator[httpx.Client]:
    with client(gateway, HttpConfig(max_body_bytes=LIMIT), registry) as made:
        yield made


class Parts:
    """A request whose body comes in parts, and how many of them were read."""

    def __init__(self, parts: list[bytes], headers: dict[str, str]) -> None:
        self.read = 0
        self._parts = parts
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        self.request = Request({"type": "http", "method": "POST", "headers": raw}, self._receive)

    async def _receive(self) -> dict[str, Any]:
        if self.read == len(self._parts):
            return {"type": "http.disconnect"}
        self.read += 1
        return {"type": "http.request", "body": self._parts[self.read - 1], "more_body": True}


def read(parts: Parts) -> tuple[str, bytes]:
    return asyncio.run(read_body(parts.request, LIMIT))


def test_a_stated_length_beyond_the_limit_is_not_read() -> None:
    parts = Parts([b"x"] * 9, {"content-type": "application/json", "content-length": str(LIMIT + 1)})
    with pytest.raises(HttpRefusal, match=r"http\.max_body_bytes = 1024") as refusal:
        read(parts)
    assert (refusal.value.status, parts.read) == (413, 0)


@pytest.mark.parametrize("length", ["-1", "1e9", "x", "9" * 5_000])
def test_a_strange_length_is_not_read(length: str) -> None:
    parts = Parts([b"x"], {"content-type": "application/json", "content-length": length})
    with pytest.raises(HttpRefusal) as refusal:
        read(parts)
    assert (refusal.value.status, parts.read) == (413, 0)


def test_a_body_of_unknown_length_is_read_up_to_the_limit_only() -> None:
    parts = Parts([b"x" * 500] * 100, {"content-type": "application/json"})
    with pytest.raises(HttpRefusal) as refusal:
        read(parts)
    assert (refusal.value.status, parts.read) == (413, 3)


def test_a_body_that_ends_too_early_is_refused() -> None:
    with pytest.raises(HttpRefusal, match="ended too early"):
        read(Parts([b"{"], {"content-type": "application/json"}))


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never() -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    monkeypatch.setattr(reading, "BODY_SECONDS", 0.0)
    headers = [(b"content-type", b"application/json")]
    request = Request({"type": "http", "method": "POST", "headers": headers}, never)
    with pytest.raises(HttpRefusal) as refusal:
        asyncio.run(read_body(request, LIMIT))
    assert refusal.value.status == 408


@pytest.mark.parametrize("path", ["/predict", "/learn", "/events", "/admin/freeze"])
def test_long_bodies_are_refused_everywhere(
    small_client: httpx.Client, gateway: ModelGateway, path: str
) -> None:
    body = b'{"reason":"' + b"x" * LIMIT + b'"}'
    answer = small_client.post(path, content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")
    assert (gateway.inbox.next_offset, gateway.orders) == (0, [])


def test_a_full_inbox_asks_to_come_back(tmp_path: Path) -> None:
    full = ModelGateway(tmp_path / "small", max_inbox_bytes=100)
    full.stop_reading()
    bodies = (("/events", [EXAMPLE]), ("/learn", EXAMPLE), ("/predict", {"key": "a", "features": {"x": 1}}))
    with client(full, HttpConfig(), CollectorRegistry()) as sender:
        assert sender.post("/events", json=[EXAMPLE]).status_code == 202
        for path, body in bodies:
            answer = sender.post(path, json=body)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            assert "max_inbox_bytes = 100" in answer.json()["message"]
        hopeless = sender.post("/events", json=[EXAMPLE] * 10)
        assert (hopeless.status_code, "fewer events" in hopeless.json()["message"]) == (413, True)
    assert full.inbox.next_offset == 1
    full.close()


def test_an_inbox_that_was_closed_asks_to_come_back(
    gateway: ModelGateway, registry: CollectorRegistry
) -> None:
    gateway.inbox.close()
    with client(gateway, HttpConfig(), registry) as sender:
        answer = sender.post("/events", json=[EXAMPLE])
    assert (answer.status_code, "stopping" in answer.json()["message"]) == (503, True)


def test_an_application_of_streams_lists_them_in_its_description(gateway: ModelGateway) -> None:
    schema = build_app(gateway, HttpConfig(), CollectorRegistry()).openapi()
    stream = schema["paths"]["/status"]["get"]["parameters"][0]
    assert stream["schema"]["enum"] == ["cars"]
