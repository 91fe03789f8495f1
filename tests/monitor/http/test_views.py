"""What one can look at, as the status and the journal have it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import httpx
import pytest

from monitor.http.gateway import Prediction
from monitor.journal.schema import IntervalRow
from monitor.status import Status
from monitor.version import version
from stream_hmoe.events import Account, Evidence, Level, Phase
from tests.monitor.http.made_gateway import ModelGateway

INTERVAL = IntervalRow(500, 250, 240, 0.4, 0.9, 0.8, 1.1, 2, 10, 3)


def full(status: Status) -> Status:
    return replace(
        status,
        records=512,
        interval=INTERVAL,
        levels={"gate entropy": 2, "loss": 1},
        drift_counts={"gate entropy": 3},
        evidence=(Evidence("gate weights", float("-inf"), 9.2, Level.STABLE),),
        phase=Phase.SHADOW,
        account=Account(received=512, learned=500, pending=12),
        dead_letters={"schema": 2},
        halted="too many bad messages",
    )


def test_the_status_is_told_whole(open_client: httpx.Client, gateway: ModelGateway) -> None:
    gateway.board.current = full(gateway.board.current)
    body = open_client.get("/status").json()
    assert body["records"] == 512
    assert body["level"] == "drift"
    assert body["interval"]["metric_window"] == 0.8
    assert body["account"]["pending"] == 12
    assert body["phase"] == "shadow"
    assert body["evidence"] == [
        {"signal": "gate weights", "evidence_nats": None, "threshold_nats": 9.2, "level": "stable"}
    ]
    assert body["halted"] == "too many bad messages"


def test_experts_are_those_of_the_last_interval(open_client: httpx.Client, gateway: ModelGateway) -> None:
    assert open_client.get("/experts").json()["record"] is None
    gateway.board.current = full(gateway.board.current)
    body = open_client.get("/experts?stream=cars").json()
    assert body["record"] == 500
    assert body["experts"][1] == {"expert": "trees/1", "group": "trees", "weight": 0.25}


def test_gates_are_outer_weights_and_inner_shares(open_client: httpx.Client, gateway: ModelGateway) -> None:
    gateway.board.current = full(gateway.board.current)
    body = open_client.get("/gates").json()
    assert body["entropy_nats"] == 1.1
    assert [(group["group"], group["weight"]) for group in body["groups"]] == [
        ("trees", 0.75),
        ("plains", 0.25),
    ]
    for group in body["groups"]:
        assert sum(group["experts"].values()) == pytest.approx(1.0)


def test_drift_events_can_be_asked_for_from_a_record_on(open_client: httpx.Client) -> None:
    events = open_client.get("/drift/events").json()["events"]
    assert events[0] == {
        "record": 100,
        "signal": "gate entropy",
        "level": "drift",
        "statistic": 1.5,
        "detail": {"leaves": ["trees/0"]},
    }
    assert events[1]["statistic"] is None
    assert [event["record"] for event in open_client.get("/drift/events?after=100").json()["events"]] == [200]
    assert [event["record"] for event in open_client.get("/drift/events?limit=1").json()["events"]] == [200]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "after=x", "after=-2", "limit=1e3", "after=" + "9" * 9_000]
)
def test_a_bad_parameter_is_named(open_client: httpx.Client, query: str) -> None:
    answer = open_client.get(f"/drift/events?{query}")
    assert answer.status_code == 422
    assert query.partition("=")[0] in answer.json()["message"]


def test_an_unknown_stream_is_answered_with_the_known_ones(open_client: httpx.Client) -> None:
    for path in ("/status", "/experts", "/gates", "/drift/events"):
        answer = open_client.get(path, params={"stream": "../etc/passwd"})
        assert answer.status_code == 404
        assert "?stream=: cars" in answer.json()["message"]


def test_among_several_streams_one_must_be_named(
    open_client: httpx.Client, gateway: ModelGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "streams", lambda: ("cars", "boats"))
    nameless = open_client.get("/status")
    assert nameless.status_code == 400
    assert "cars, boats" in nameless.json()["message"]
    assert open_client.get("/status?stream=cars").status_code == 200


@pytest.mark.parametrize(
    "path", ["/nope", "/status/", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/docs"]
)
def test_no_other_path_leads_anywhere(open_client: httpx.Client, path: str) -> None:
    answer = open_client.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"] == "not_found"


def test_a_wrong_method_is_told_the_right_one(open_client: httpx.Client) -> None:
    answer = open_client.get("/predict")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["error"] == "method_not_allowed"


def test_the_version_is_that_of_the_package(open_client: httpx.Client) -> None:
    assert open_client.get("/version").json() == {"version": version()}


def test_alive_and_ready_say_what_the_service_says(
    open_client: httpx.Client, gateway: ModelGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert open_client.get("/livez").status_code == 200
    assert open_client.get("/readyz").json() == {"ready": True, "reasons": []}
    reasons: Sequence[str] = ("cars: no partition is assigned",)
    monkeypatch.setattr(gateway, "readiness", lambda: reasons)
    monkeypatch.setattr(gateway, "is_alive", lambda: False)
    unready = open_client.get("/readyz")
    assert (unready.status_code, unready.json()["reasons"]) == (503, list(reasons))
    assert open_client.get("/livez").status_code == 503


def test_metrics_come_in_the_wanted_format(open_client: httpx.Client) -> None:
    plain = open_client.get("/metrics")
    assert plain.headers["content-type"].startswith("text/plain")
    assert "hmoe_made_total 3.0" in plain.text and "# EOF" not in plain.text
    wanted = open_client.get("/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})
    assert wanted.headers["content-type"].startswith("application/openmetrics-text")
    assert "# EOF" in wanted.text


def test_a_numeric_prediction_has_a_deviation(
    open_client: httpx.Client, gateway: ModelGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "_predict", lambda features: Prediction(1.5, None, 0.25, 7))
    body = open_client.post("/predict", json={"features": {"x": 1}}).json()
    assert (body["prediction"], body["probability"], body["deviation"]) == (1.5, None, 0.25)
