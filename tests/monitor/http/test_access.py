"""Nobody without the token changes anything, no page in a browser reaches loopback, nothing leaks."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from monitor.config import is_loopback
from monitor.config.schema import HttpConfig
from monitor.http.app import build_app
from monitor.problems import ConfigurationProblem
from tests.monitor.http.conftest import AUTHORIZED, EVERYWHERE, TOKEN
from tests.monitor.http.in_process import InProcess
from tests.monitor.http.made_gateway import ModelGateway

CHANGES: list[tuple[str, Any]] = [
    ("/predict", {"key": "a", "features": {"x": 1}}),
    ("/learn", {"key": "a", "features": {"x": 1}, "target": "a"}),
    ("/learn", {"key": "a", "label": "a"}),
    ("/events", [{"key": "a", "features": {"x": 1}, "target": "a"}]),
    *((f"/admin/{order}", {}) for order in (
        "retrain", "freeze", "unfreeze", "promote", "rollback", "release", "checkpoint",
    )),
]  # fmt: skip
WRONG: list[dict[str, str]] = [
    {},
    {"Authorization": ""},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer "},
    {"Authorization": f"Bearer {TOKEN}x"},
    {"Authorization": f"Bearer {TOKEN[:-1]}"},
    {"Authorization": f"Bearer {TOKEN.upper()}"},
    {"Authorization": f"Basic {TOKEN}"},
    {"Authorization": TOKEN},
    {"Authorization": "Bearer \xe9\xff"},
]


@pytest.mark.parametrize("headers", WRONG, ids=[str(number) for number in range(len(WRONG))])
@pytest.mark.parametrize(("path", "body"), CHANGES, ids=[path for path, _ in CHANGES])
def test_without_the_token_nothing_changes(
    guarded_client: httpx.Client, gateway: ModelGateway, path: str, body: Any, headers: dict[str, str]
) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    answer = guarded_client.post(path, json=body, headers=raw)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert TOKEN not in answer.text
    gateway.settle()
    assert (gateway.inbox.next_offset, gateway.pipeline.records_seen, gateway.orders) == (0, 0, [])


@pytest.mark.parametrize(("path", "body"), CHANGES, ids=[path for path, _ in CHANGES])
def test_with_the_token_it_does(guarded_client: httpx.Client, path: str, body: Any) -> None:
    answer = guarded_client.post(path, json=body, headers=AUTHORIZED)
    assert answer.status_code in {200, 202, 409}
    assert answer.status_code != 409 or path == "/admin/promote"


def test_every_route_that_can_change_something_is_in_these_tests(guarded_client: httpx.Client) -> None:
    paths = guarded_client.get("/openapi.json").json()["paths"]
    assert {path for path, methods in paths.items() if set(methods) - {"get"}} == {
        path for path, _ in CHANGES
    }
    guarded = {path for path, methods in paths.items() if "security" in methods.get("post", {})}
    assert guarded == {path for path, _ in CHANGES}


def test_looking_and_pure_predictions_need_no_token(guarded_client: httpx.Client) -> None:
    for path in (
        "/status",
        "/experts",
        "/gates",
        "/drift/events",
        "/livez",
        "/readyz",
        "/metrics",
        "/version",
    ):
        assert guarded_client.get(path).status_code == 200
    assert guarded_client.post("/predict", json={"features": {"x": 1}}).status_code == 200


def test_the_token_is_in_no_answer_and_no_log(
    guarded_client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    texts = [
        guarded_client.request(method, path, json={}, headers={**AUTHORIZED, "X-Caller": "me"}).text
        for method in ("GET", "POST", "PUT")
        for path in ("/metrics", "/status", "/openapi.json", "/learn", "/predict", "/admin/freeze", "/nope")
    ]
    assert TOKEN not in "".join(texts)
    assert TOKEN not in caplog.text


def test_a_mistake_of_ours_tells_nothing(
    guarded_client: httpx.Client, gateway: ModelGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(stream: str) -> None:
        raise RuntimeError("a secret path")

    monkeypatch.setattr(gateway, "status", broken)
    answer = guarded_client.get("/status", headers=AUTHORIZED)
    assert answer.status_code == 500
    assert answer.json()["error"] == "internal_error"
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8080",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "",
        "[::2]",
        "10.0.0.1",
    ],
)
def test_a_foreign_name_for_a_loopback_address_is_refused(
    open_client: httpx.Client, gateway: ModelGateway, host: str
) -> None:
    for method, path in (("GET", "/status"), ("POST", "/learn"), ("GET", "/nope")):
        answer = open_client.request(method, path, json=CHANGES[1][1], headers={"host": host})
        assert (answer.status_code, answer.json()["error"]) == (421, "misdirected")
    assert gateway.inbox.next_offset == 0


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1:9999", "[::1]:80", "[::1]"])
def test_its_own_names_are_answered(open_client: httpx.Client, host: str) -> None:
    assert open_client.get("/version", headers={"host": host}).status_code == 200


def test_two_host_headers_are_refused(open_client: httpx.Client) -> None:
    headers = [("host", "127.0.0.1"), ("host", "evil.example")]
    assert open_client.get("/version", headers=headers).status_code == 421


@pytest.mark.parametrize(
    "media_type",
    [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "jsonp", ""],
)
@pytest.mark.parametrize(("path", "body"), CHANGES, ids=[path for path, _ in CHANGES])
def test_what_a_page_can_send_unasked_is_refused(
    open_client: httpx.Client, gateway: ModelGateway, path: str, body: Any, media_type: str | None
) -> None:
    headers = {} if media_type is None else {"content-type": media_type}
    answer = open_client.post(
        path, content=b'{"reason":"x"}', headers={**headers, "origin": "http://evil.example"}
    )
    assert answer.status_code == 415
    assert "access-control-allow-origin" not in answer.headers
    assert (gateway.inbox.next_offset, gateway.orders) == (0, [])


def test_a_page_that_asks_first_gets_no_permission(open_client: httpx.Client) -> None:
    asking = {"origin": "http://evil.example", "access-control-request-method": "POST"}
    answer = open_client.request("OPTIONS", "/learn", headers=asking)
    assert answer.status_code == 405
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("host", [EVERYWHERE, "::", "10.1.2.3", "example.org"])
def test_other_machines_are_not_let_in_without_a_token(gateway: ModelGateway, host: str) -> None:
    with pytest.raises(ConfigurationProblem, match=r"http\.token_file.*127\.0\.0\.1"):
        build_app(gateway, HttpConfig(host=host), CollectorRegistry())


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", "LOCALHOST"])
def test_loopback_addresses(host: str) -> None:
    assert is_loopback(host)


def test_the_token_can_come_from_a_file(gateway: ModelGateway, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    app = build_app(gateway, HttpConfig(token_file=file), CollectorRegistry())
    with httpx.Client(transport=InProcess(app), base_url="http://127.0.0.1") as client:
        assert client.post("/admin/freeze", json={}).status_code == 401
        assert client.post("/admin/freeze", json={}, headers=AUTHORIZED).status_code == 200


@pytest.mark.parametrize(
    "content", [b"", b" \n", b"two words", b"\xff\xfe", "gr\u00fc\u00df".encode(), b"a\nb"]
)
def test_a_file_without_a_token_stops_the_start(
    gateway: ModelGateway, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    with pytest.raises(ConfigurationProblem, match="token_file"):
        build_app(gateway, HttpConfig(token_file=file), CollectorRegistry())


def test_a_missing_file_and_two_tokens_stop_the_start(gateway: ModelGateway, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationProblem, match="cannot read"):
        build_app(gateway, HttpConfig(token_file=tmp_path / "none"), CollectorRegistry())
    both = HttpConfig.model_validate({"token": TOKEN, "token_file": tmp_path / "none"})
    with pytest.raises(ConfigurationProblem, match="both given"):
        build_app(gateway, both, CollectorRegistry())
