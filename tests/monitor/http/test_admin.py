"""Orders reach the stream with the name and the reason of whoever gave them."""

from __future__ import annotations

from concurrent.futures import Future

import httpx
import pytest

from monitor.http import service
from monitor.http.gateway import Caller, Ordered
from tests.monitor.http.conftest import AUTHORIZED
from tests.monitor.http.made_gateway import ModelGateway

ORDERS = ["retrain", "freeze", "unfreeze", "rollback", "release", "checkpoint"]


@pytest.mark.parametrize("order", ORDERS)
def test_an_order_is_done_and_says_so(open_client: httpx.Client, gateway: ModelGateway, order: str) -> None:
    answer = open_client.post(f"/admin/{order}", json={})
    assert answer.status_code == 200
    assert answer.json() == {
        "stream": "cars",
        "order": order,
        "status": "done",
        "message": "done",
        "record": 0,
    }
    assert gateway.orders == [(order, Caller("", "127.0.0.1"))]


def test_the_audit_gets_caller_address_and_reason(
    guarded_client: httpx.Client, gateway: ModelGateway
) -> None:
    headers = {**AUTHORIZED, "X-Caller": " Ada, on call ", "X-Forwarded-For": "8.8.8.8"}
    guarded_client.post("/admin/freeze", json={"reason": "bad labels since noon"}, headers=headers)
    assert gateway.orders == [("freeze", Caller("Ada, on call", "127.0.0.1", "bad labels since noon"))]


def test_an_order_without_a_body_is_refused(open_client: httpx.Client, gateway: ModelGateway) -> None:
    answer = open_client.post("/admin/freeze", headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["message"]) == (400, "not JSON: the body is empty")
    assert gateway.orders == []


def test_an_order_that_is_not_possible_is_a_conflict(
    open_client: httpx.Client, gateway: ModelGateway
) -> None:
    answer = open_client.post("/admin/promote", json={})
    assert (answer.status_code, answer.json()["message"]) == (409, "there is no challenger to promote")
    assert gateway.orders == []


@pytest.mark.parametrize("name", ["x" * 65, "caf\xe9", "tab\there"])
def test_a_name_that_would_spoil_the_audit_is_refused(
    open_client: httpx.Client, gateway: ModelGateway, name: str
) -> None:
    headers = [(b"x-caller", name.encode("latin-1")), (b"content-type", b"application/json")]
    answer = open_client.post("/admin/freeze", content=b"{}", headers=headers)
    assert (answer.status_code, "X-Caller" in answer.json()["message"]) == (400, True)
    assert gateway.orders == []


@pytest.mark.parametrize("body", [b"[]", b'{"reason":7}', b'{"reason":"' + b"x" * 501 + b'"}', b'{"why":""}'])
def test_a_bad_reason_is_refused(open_client: httpx.Client, gateway: ModelGateway, body: bytes) -> None:
    answer = open_client.post("/admin/freeze", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert gateway.orders == []


def test_what_is_not_answered_in_time_is_said_to_be_taken(
    open_client: httpx.Client, gateway: ModelGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    never: Future[Ordered] = Future()
    monkeypatch.setattr(service, "ANSWER_SECONDS", 0.0)
    monkeypatch.setattr(gateway, "order", lambda *arguments: never)
    monkeypatch.setattr(gateway, "predict", lambda *arguments: never)
    monkeypatch.setattr(gateway, "submit", lambda *arguments: never)
    order = open_client.post("/admin/retrain", json={})
    assert (order.status_code, order.json()["status"], order.json()["record"]) == (202, "taken", None)
    pure = open_client.post("/predict", json={"features": {"x": 1}})
    assert (pure.status_code, pure.headers["retry-after"]) == (503, "1")
    observed = open_client.post("/predict", json={"key": "a", "features": {"x": 1}})
    assert (observed.status_code, "same key" in observed.json()["message"]) == (503, True)
    learned = open_client.post("/learn", json={"key": "a", "label": 1})
    assert (learned.status_code, learned.json()["outcome"]) == (202, "taken")
    assert not never.cancelled()
    never.set_result(Ordered(True, "late", 1))
