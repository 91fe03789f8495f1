"""Parts of a configuration that do not go together."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from monitor.config.agreement import http_disagreements, stream_disagreements, streams_disagreements
from monitor.config.schema import HttpConfig, StreamConfig
from tests.monitor.decoding.made_messages import stream

KAFKA_SINK = {"kind": "kafka", "brokers": "b"}


def found(config: StreamConfig) -> list[str]:
    flaws = list(stream_disagreements(config))
    assert all(flaw.reason and flaw.remedy.endswith(".") for flaw in flaws)
    return [".".join(map(str, flaw.path)) for flaw in flaws]


@pytest.mark.parametrize(
    ("arrive", "more", "paths"),
    [
        ("later", {"target": "id"}, ["labels.key"]),
        ("with the record", {"target": "id"}, []),
        ("later", {"labels": {"time": "id"}}, ["labels.time"]),
        ("later", {"labels": {"time": "label"}}, ["labels.time"]),
        ("later", {"features": {"id": {"type": "number"}}}, ["features.id"]),
        ("with the record", {"features": {"label": {"type": "number"}}}, ["features.label"]),
        ("with the record", {"ignored": ["x", "label"]}, ["ignored.1"]),
        ("with the record", {"features": {"x": {"type": "number"}}, "ignored": ["x"]}, ["ignored.0"]),
        ("with the record", {"features": {"x": {"type": "category", "most": 1}}}, ["features.x"]),
        (
            "with the record",
            {"features": {"x": {"type": "number", "least": 2, "most": 1}}},
            ["features.x.least"],
        ),
        ("with the record", {"is_closed": True}, ["is_closed"]),
        ("with the record", {"source": {"labels": "l"}}, ["source.labels"]),
        ("later", {"source": {"labels": "l"}}, []),
        ("with the record", {"source": {"format": "avro"}}, ["source.format"]),
        ("with the record", {"source": {"avro_schema": "s"}}, ["source.avro_schema"]),
        ("with the record", {"source": {"partitions": []}}, ["source.partitions"]),
        ("with the record", {"source": {"partitions": [1, 1]}}, ["source.partitions"]),
        ("with the record", {"source": {"partitions": [0, 4]}}, []),
        ("with the record", {"source": {"options": {"group.id": "x"}}}, ["source.options.group.id"]),
        (
            "with the record",
            {"dead_letters": {"sink": {**KAFKA_SINK, "topic": "orders"}}},
            ["dead_letters.sink.topic"],
        ),
        (
            "with the record",
            {"outputs": {"decisions": {**KAFKA_SINK, "topic": "d", "options": {"bootstrap.servers": "x"}}}},
            ["outputs.decisions.options.bootstrap.servers"],
        ),
    ],
)
def test_what_does_not_go_together_is_named(arrive: str, more: dict[str, Any], paths: list[str]) -> None:
    assert found(stream(arrive, **more)) == paths


def test_a_file_brings_its_labels() -> None:
    plain = {"name": "a", "target": "y", "task": "regression", "source": {"kind": "file", "path": "-"}}
    assert found(StreamConfig.model_validate(plain)) == []
    assert found(StreamConfig.model_validate({**plain, "labels": {"arrive": "later"}})) == ["labels.arrive"]


def test_streams_do_not_share_names_pipes_or_files() -> None:
    plain = {"name": "a", "target": "y", "task": "regression", "source": {"kind": "file", "path": "-"}}
    sink = {"sink": {"kind": "file", "path": "out.jsonl"}}
    one = StreamConfig.model_validate({**plain, "dead_letters": sink})
    two = StreamConfig.model_validate({**plain, "outputs": {"decisions": sink["sink"]}})
    paths = [".".join(map(str, flaw.path)) for flaw in streams_disagreements({0: one, 1: two})]
    assert paths == ["0.name", "1.name", "1.source.path", "1.outputs.decisions.path"]
    assert list(streams_disagreements({0: one})) == []


def test_one_token_and_one_where_others_can_call() -> None:
    token = SecretStr("t")
    assert list(http_disagreements(HttpConfig())) == []
    assert list(http_disagreements(HttpConfig(host="0.0.0.0", token=token))) == []  # noqa: S104
    (flaw,) = http_disagreements(HttpConfig(host="0.0.0.0"))  # noqa: S104
    assert flaw.path == ("host",)
    (flaw,) = http_disagreements(HttpConfig.model_validate({"token": "t", "token_file": "f"}))
    assert flaw.path == ("token",)
