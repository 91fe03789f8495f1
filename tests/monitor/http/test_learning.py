"""Records and labels through the API reach the model, once each, and answers say what became of them."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from monitor.http.gateway import Answer, Intake, Refusal
from monitor.sources.messages import Channel
from stream_hmoe.errors import BadRecord
from stream_hmoe.events import EventOutcome
from tests.monitor.http.made_gateway import ModelGateway

RECORD = {"hour": 3, "kind": "small", "is_wet": False, "wind": None, "weight": 1.5}
EXAMPLES = [
    {
        "key": f"e{hour}",
        "features": {"hour": hour % 24},
        "target": "day" if 6 <= hour % 24 < 20 else "night",
    }
    for hour in range(96)
]


def learn_examples(client: httpx.Client, gateway: ModelGateway) -> None:
    assert client.post("/events", json=EXAMPLES).status_code == 202
    gateway.settle()


def test_what_was_learned_is_predicted(open_client: httpx.Client, gateway: ModelGateway) -> None:
    learn_examples(open_client, gateway)
    night = open_client.post("/predict", json={"features": {"hour": 3}}).json()
    day = open_client.post("/predict", json={"features": {"hour": 12}}).json()
    assert (night["prediction"], day["prediction"]) == ("night", "day")
    assert night["stream"] == "cars" and night["record"] == 96 and night["outcome"] is None
    assert 0.5 <= night["probability"] <= 1.0


def test_before_anything_was_learned_there_is_no_prediction(open_client: httpx.Client) -> None:
    answer = open_client.post("/predict", json={"features": RECORD})
    assert answer.status_code == 200
    assert answer.json()["prediction"] is None


def test_text_may_hold_colons(open_client: httpx.Client) -> None:
    features = {"at": "12:30:05", "a:b": ":", "c": 1}
    assert open_client.post("/predict", json={"features": features}).status_code == 200


def test_a_pure_prediction_changes_nothing(open_client: httpx.Client, gateway: ModelGateway) -> None:
    learn_examples(open_client, gateway)
    before = gateway.inbox.next_offset
    first = open_client.post("/predict", json={"features": {"hour": 3, "new": 1}}).json()
    again = open_client.post("/predict", json={"features": {"hour": 3, "new": 1}}).json()
    assert first == again
    assert gateway.inbox.next_offset == before


def test_an_observation_is_joined_with_its_label(open_client: httpx.Client, gateway: ModelGateway) -> None:
    learn_examples(open_client, gateway)
    predicted = open_client.post("/predict", json={"key": "a17", "features": {"hour": 3}}).json()
    assert predicted["outcome"] == "predicted" and predicted["prediction"] == "night"
    assert gateway.pipeline.records_seen == 96
    learned = open_client.post("/learn", json={"key": "a17", "label": "night"}).json()
    assert learned == {"stream": "cars", "outcome": "joined", "prediction": "night"}
    assert gateway.pipeline.records_seen == 97


def test_an_example_is_predicted_then_learned(open_client: httpx.Client, gateway: ModelGateway) -> None:
    learn_examples(open_client, gateway)
    answer = open_client.post("/learn", json={"key": "b", "features": {"hour": 3}, "target": "day"}).json()
    assert answer == {"stream": "cars", "outcome": "joined", "prediction": "night"}


def test_a_label_without_a_record_is_said(open_client: httpx.Client) -> None:
    answer = open_client.post("/learn", json={"key": "unknown", "label": "day"})
    assert (answer.status_code, answer.json()["outcome"]) == (200, "unmatched")


def test_a_key_that_waits_is_a_conflict(open_client: httpx.Client) -> None:
    observation = {"key": "a17", "features": RECORD}
    assert open_client.post("/predict", json=observation).status_code == 200
    again = open_client.post("/predict", json=observation)
    assert again.status_code == 409
    assert "a17" in again.json()["message"] and "duplicate" in again.json()["message"]


def test_a_record_that_the_stream_refuses_comes_back_with_its_field(
    open_client: httpx.Client, gateway: ModelGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = Refusal("hour", "77", "more than 23", "Send an hour of the day.")
    monkeypatch.setattr(gateway, "_event", lambda message: Answer(EventOutcome.REJECTED, refusal=refusal))
    observation = {"key": "a", "features": {"hour": 77}}
    for path, body in (("/learn", {**observation, "target": "day"}), ("/predict", observation)):
        answer = open_client.post(path, json=body)
        assert answer.status_code == 422
        assert answer.json() == {
            "error": "invalid",
            "message": "field 'hour': got '77': more than 23. Send an hour of the day.",
            "field": "hour",
            "value": "77",
            "reason": "more than 23",
            "remedy": "Send an hour of the day.",
        }


def test_a_pure_prediction_that_cannot_be_made_names_the_field(
    open_client: httpx.Client, gateway: ModelGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(features: object) -> None:
        raise BadRecord("hour", "\ud800" * 500, "no number", "Send a number.")

    monkeypatch.setattr(gateway, "_predict", refuse)
    answer = open_client.post("/predict", json={"features": {"hour": 1}})
    assert answer.status_code == 422
    assert (answer.json()["field"], answer.json()["value"]) == ("hour", "?" * 200)


def test_a_batch_comes_in_order_as_array_or_lines(open_client: httpx.Client, gateway: ModelGateway) -> None:
    array = open_client.post("/events", json=EXAMPLES[:3]).json()
    assert array == {"stream": "cars", "accepted": 3, "first_offset": 0, "last_offset": 2}
    for media_type in ("application/jsonl", "application/x-ndjson; charset=utf-8"):
        text = "\n".join([json.dumps(EXAMPLES[3]), "", json.dumps(EXAMPLES[4]), "\r\n"])
        answer = open_client.post("/events", content=text, headers={"content-type": media_type})
        assert (answer.status_code, answer.json()["accepted"]) == (202, 2)
    gateway.settle()
    assert gateway.pipeline.records_seen == 7
    twice = "\n" + json.dumps(EXAMPLES[5])[:-1] + ', "key": "again"}'
    answer = open_client.post("/events", content=twice, headers={"content-type": "application/jsonl"})
    assert (answer.status_code, answer.json()["message"][:24]) == (422, "line 2: the name 'key' s")
    empty = open_client.post("/events", json=[]).json()
    assert empty == {"stream": "cars", "accepted": 0, "first_offset": None, "last_offset": None}


def test_a_batch_may_mix_all_kinds(open_client: httpx.Client, gateway: ModelGateway) -> None:
    batch = [
        {"key": "a", "features": RECORD, "time_seconds": 5.0},
        {"key": "b", "features": RECORD, "target": 2},
        {"key": "a", "label": True},
    ]
    assert open_client.post("/events", json=batch).status_code == 202
    gateway.settle()
    assert gateway.pipeline.records_seen == 2


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "the body is empty"),
        (b"{", 400, "not JSON"),
        (b'{"features":{"a":NaN}}', 400, "not JSON"),
        (b'{"features":{"\xff":1}}', 400, "not UTF-8"),
        (b'{"features":{"a":"\\ud800"}}', 400, "not JSON"),
        (b"[" * 900_000, 422, "Expected `object`, got `array`"),
        (b'{"features":{"a":' + b"[" * 900_000, 422, "`$.features"),
        (b"[]", 422, "Expected `object`"),
        (b"{}", 422, "`$.features`: is missing"),
        (b'{"features":{"a b":[1]}}', 422, "`$.features.a b`"),
        (b'{"features":{"a":{"b":1}}}', 422, "`$.features.a`"),
        (b'{"features":{"a":1e999}}', 422, "`$.features.a`"),
        (b'{"features":{"a":' + b"9" * 5_000 + b"}}", 422, "`$.features.a`"),
        (b'{"features":{"a":1},"kee":"x"}', 422, "unknown field `kee`"),
        (b'{"features":{"a":1},"key":""}', 422, "`$.key`"),
        (b'{"features":{"a":1},"key":7}', 422, "`$.key`"),
        (b'{"features":{"a":1},"target":7}', 422, "/learn"),
        (b'{"key":"a","label":7}', 422, "/learn"),
        (b'{"features":{"a":1},"time_seconds":7}', 422, "`$.time_seconds`"),
        (b'{"features":{"a":1,"b":2,"a":1}}', 422, "the name 'a' stands twice"),
        (b'{"features":{"a":"x:y"},"features":{"b":":"}}', 422, "the name 'features' stands twice"),
        (b'{"features":{"label":1}}', 422, "`$.features.label`"),
        (b'{"features":{"id":1}}', 422, "`$.features.id`"),
        (b'{"key":"a","features":{"id":1}}', 422, "`$.features.id`"),
    ],
)
def test_what_is_no_record_is_refused_with_its_place(
    open_client: httpx.Client, gateway: ModelGateway, body: bytes, status: int, words: str
) -> None:
    answer = open_client.post("/predict", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, words in answer.json()["message"]) == (status, True), answer.text[:300]
    assert gateway.inbox.next_offset == 0


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"features": RECORD}, "features and target, or key and label"),
        ({"features": RECORD, "key": "a"}, "features and target, or key and label"),
        ({"target": 1}, "`$.key`: is missing"),
        ({"label": 1}, "goes with key"),
        ({"features": RECORD, "target": 1}, "`$.key`: is missing; labels of this stream come later"),
        ({"key": "a", "target": 1}, "`$.features`: is missing"),
        ({"key": "a", "target": 1, "features": {}}, "`$.features`"),
        ({"key": "a", "target": "", "features": RECORD}, "`$.target`"),
        ({"key": "a", "label": "x" * 201}, "`$.label`"),
        ({"key": "a", "label": 1, "features": RECORD}, "goes with key alone"),
        ({"key": "a", "features": RECORD, "target": None}, "`$.target`"),
        ({"key": "a", "features": RECORD, "target": [1]}, "`$.target`"),
        ({"key": "a", "label": {"b": 1}}, "`$.label`"),
        ({"key": "a", "label": 1, "time_seconds": -1}, "`$.time_seconds`"),
        ({"key": "k" * 201, "label": 1}, "`$.key`"),
    ],
)
def test_what_cannot_be_learned_is_refused_with_its_place(
    open_client: httpx.Client, gateway: ModelGateway, body: dict[str, Any], words: str
) -> None:
    answer = open_client.post("/learn", json=body)
    assert (answer.status_code, words in answer.json()["message"]) == (422, True), answer.text
    assert gateway.inbox.next_offset == 0


def test_one_bad_event_leaves_its_batch_outside(open_client: httpx.Client, gateway: ModelGateway) -> None:
    bad = {"key": "x", "features": {"a": 1, "weather": ["wet"]}}
    array = open_client.post("/events", json=[*EXAMPLES[:6], bad])
    assert (array.status_code, "`$[6].features.weather`" in array.json()["message"]) == (422, True)
    combined = open_client.post("/events", json=[*EXAMPLES[:2], {"key": "x"}])
    assert (combined.status_code, "`$[2].features`" in combined.json()["message"]) == (422, True)
    text = f"{json.dumps(EXAMPLES[0])}\n\n{{oops"
    lines = open_client.post("/events", content=text, headers={"content-type": "application/jsonl"})
    assert (lines.status_code, lines.json()["message"][:9]) == (400, "line 3: n")
    assert gateway.inbox.next_offset == 0


def test_a_stream_whose_records_bring_their_labels_takes_nothing_else(
    open_client: httpx.Client, gateway: ModelGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    intake = Intake(True, "label", "id", None, is_later=False)
    monkeypatch.setattr(gateway, "intake", lambda stream: intake)
    for path, body in (
        ("/predict", {"key": "a", "features": RECORD}),
        ("/learn", {"key": "a", "label": 1}),
        ("/events", [{"key": "a", "features": RECORD}]),
    ):
        answer = open_client.post(path, json=body)
        assert (answer.status_code, "bring their labels" in answer.json()["message"]) == (422, True)
    assert gateway.inbox.next_offset == 0
    for body in ({"features": RECORD, "target": 1}, {"key": "a", "features": RECORD, "target": 1}):
        assert open_client.post("/learn", json=body).status_code == 200


def test_the_inbox_holds_records_as_other_sources_carry_them(
    open_client: httpx.Client, gateway: ModelGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    intake = Intake(True, "label", "id", "at", is_later=True)
    monkeypatch.setattr(gateway, "intake", lambda stream: intake)
    gateway.stop_reading()
    batch = [
        {"key": "a", "features": {"hour": 3, "wind": None}, "time_seconds": 5.0},
        {"key": "b", "features": {"at": 6.5}, "target": "day"},
        {"key": "a", "label": True, "time_seconds": 7},
        {"key": "c", "features": {"hour": 4}},
    ]
    assert open_client.post("/events", json=batch).status_code == 202
    *given, timeless = gateway.source.poll(9, 0.0).messages
    assert [(message.channel, message.key, json.loads(message.body)) for message in given] == [
        (Channel.EVENTS, b"a", {"hour": 3, "wind": None, "at": 5.0, "id": "a"}),
        (Channel.EVENTS, b"b", {"at": 6.5, "label": "day", "id": "b"}),
        (Channel.LABELS, b"a", {"label": True, "at": 7.0, "id": "a"}),
    ]
    assert (given[0].time_seconds, given[2].time_seconds) == (5.0, 7.0)
    assert json.loads(timeless.body)["at"] == timeless.time_seconds > 1.7e9
    twice = {"key": "d", "features": {"at": 1}, "time_seconds": 2}
    assert "features.at" in open_client.post("/events", json=[twice]).json()["message"]


def test_a_stream_that_reads_elsewhere_only_predicts(
    open_client: httpx.Client, gateway: ModelGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    intake = Intake(False, "label", "id", None, is_later=True)
    monkeypatch.setattr(gateway, "intake", lambda stream: intake)
    for path, body in (
        ("/predict", {"key": "a", "features": RECORD}),
        ("/learn", EXAMPLES[0]),
        ("/events", EXAMPLES),
    ):
        answer = open_client.post(path, json=body)
        assert (answer.status_code, "another source" in answer.json()["message"]) == (409, True)
    assert open_client.post("/predict", json={"features": RECORD}).status_code == 200
    assert gateway.inbox.next_offset == 0


def test_a_disk_that_is_waited_for_changes_no_answer(
    open_client: httpx.Client, gateway: ModelGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    intake = Intake(True, "label", "id", None, is_later=True, is_synced=True)
    monkeypatch.setattr(gateway, "intake", lambda stream: intake)
    assert open_client.post("/learn", json=EXAMPLES[0]).json()["outcome"] == "joined"
