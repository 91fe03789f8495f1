"""Whatever bytes come as a body, the answer is no failure of ours, and what is refused leaves no trace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from monitor.config.schema import HttpConfig
from tests.monitor.http.conftest import client
from tests.monitor.http.made_gateway import ModelGateway

PATHS = ["/predict", "/learn", "/events", "/admin/freeze"]
MEDIA_TYPES = ["application/json", "application/jsonl"]
EVENT = {"key": "a", "features": {"x": 1.5, "kind": "b", "is_wet": True, "none": None}}
EXAMPLE = {"key": "b", "features": EVENT["features"], "target": "day"}

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner), max_leaves=8
)
methods = st.sampled_from(["GET", "POST", "PUT", "DELETE"])
headers = st.sampled_from(["host", "content-type", "content-length", "x-caller", "accept"])
events = st.dictionaries(st.sampled_from(["features", "key", "target", "label", "time_seconds", "x"]), values)
bodies = st.binary(max_size=200) | (values | events | st.lists(events, max_size=3)).map(
    lambda value: json.dumps(value).encode()
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelGateway]:
    made = ModelGateway(tmp_path_factory.mktemp("shared"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def sender(shared: ModelGateway) -> Iterator[httpx.Client]:
    with client(shared, HttpConfig(), CollectorRegistry()) as made:
        yield made


def send(sender: httpx.Client, shared: ModelGateway, path: str, body: bytes, media_type: str) -> int:
    """The status, after making sure that it is no failure and that a refusal changed nothing."""
    shared.settle()
    before = facts(shared)
    answer = sender.post(path, content=body, headers={"content-type": media_type})
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        error = answer.json()
        assert error["error"] and error["message"]
        is_taken = "field" in error or answer.status_code == 409  # the stream itself refused it
        if not is_taken:
            assert facts(shared) == before
    return answer.status_code


def facts(gateway: ModelGateway) -> Any:
    return gateway.inbox.next_offset, gateway.pipeline.records_seen, len(gateway.orders)


@pytest.mark.parametrize("path", PATHS)
@settings(max_examples=60, derandomize=True)
@given(body=bodies, media_type=st.sampled_from(MEDIA_TYPES))
def test_any_bytes_are_answered(
    sender: httpx.Client, shared: ModelGateway, path: str, body: bytes, media_type: str
) -> None:
    send(sender, shared, path, body, media_type)


@settings(max_examples=100, derandomize=True)
@given(data=st.data())
def test_a_good_body_with_a_wrong_byte_is_answered(
    sender: httpx.Client, shared: ModelGateway, data: st.DataObject
) -> None:
    path, value = data.draw(st.sampled_from([("/predict", EVENT), ("/learn", EXAMPLE), ("/events", [EVENT])]))
    body = bytearray(json.dumps(value).encode())
    place = data.draw(st.integers(0, len(body) - 1))
    body[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=2))
    send(sender, shared, path, bytes(body), "application/json")


@settings(max_examples=40, derandomize=True)
@given(path=st.text(max_size=12), query=st.text(max_size=12), method=methods)
def test_any_path_is_answered(
    sender: httpx.Client, shared: ModelGateway, path: str, query: str, method: str
) -> None:
    before = facts(shared)
    answer = sender.request(method, f"/{quote(path)}?stream={quote(query)}&{quote(query)}={quote(path)}")
    assert answer.status_code in {200, 404, 405, 415}
    assert facts(shared) == before


@settings(max_examples=40, derandomize=True)
@given(name=headers, value=st.binary(max_size=40))
def test_any_header_is_answered(sender: httpx.Client, shared: ModelGateway, name: str, value: bytes) -> None:
    sent = {b"content-type": b"application/json", name.encode(): value}
    answer = sender.post("/admin/freeze", content=b"{}", headers=list(sent.items()))
    assert answer.status_code < 500
    assert sender.get("/metrics", headers=[(name.encode(), value)]).status_code in {200, 421}


def test_the_service_still_learns_afterwards(sender: httpx.Client, shared: ModelGateway) -> None:
    shared.settle()
    seen = shared.pipeline.records_seen
    assert send(sender, shared, "/learn", json.dumps(EXAMPLE).encode(), "application/json") == 200
    assert shared.pipeline.records_seen == seen + 1
