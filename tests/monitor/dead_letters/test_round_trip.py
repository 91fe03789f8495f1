"""What the service keeps, ``hmoe dlq`` shows and sends again: in a file, and with two kinds of broker."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from monitor.config.schema import FileSinkConfig, KafkaConfig, KafkaSinkConfig
from monitor.dead_letters import DeadLetter
from monitor.dead_letters.kafka_topic import TopicTarget, read_topic
from monitor.dead_letters.replaying import Refused
from monitor.service.paths import StreamPaths
from monitor.sinks import open_dead_letters
from monitor.sources.messages import Channel
from tests.brokers import unique
from tests.monitor.command import inside
from tests.monitor.conftest import MakeTopics

Sink = FileSinkConfig | KafkaSinkConfig
GOOD = DeadLetter("orders/0", "3", Channel.EVENTS, b"k", b'{"x": 9}', "above most", "x", "9", "Mend it.", 2.0)
BYTES = DeadLetter("orders/1", "4#2", Channel.LABELS, b"\xff", b"\xfe{", "not UTF-8 text", "", "", "Mend it.")
LETTERS = [GOOD, BYTES]


@pytest.fixture
def configured(tmp_path: Path) -> Callable[[Sink], Path]:
    """Writes dead letters as the service does -> the configuration that says where."""

    def write(sink: Sink) -> Path:
        usual = StreamPaths.inside(tmp_path / "state", "orders").dead_letters
        with closing(open_dead_letters(sink, usual, None)) as kept:
            for letter in LETTERS:
                kept.add(letter)
            kept.flush()
        stream = {"name": "orders", "target": "y", "task": "regression", "source": {"kind": "http"}}
        stream["dead_letters"] = {"sink": sink.model_dump(mode="json")}
        path = tmp_path / "hmoe.yaml"
        path.write_text(json.dumps({"state": str(tmp_path / "state"), "streams": [stream]}))
        return path

    return write


def reasons(shown: dict[str, Any]) -> dict[str, str]:
    return {entry["reason"]: entry["samples"][0]["origin"] for entry in shown["reasons"]}


ORIGINS = {"above most": "orders/0@3", "not UTF-8 text": "orders/1@4#2"}


def test_through_a_file(configured: Callable[[Sink], Path], tmp_path: Path) -> None:
    config = configured(FileSinkConfig())
    assert reasons(inside(["dlq", "show", "-c", config, "--json"], tmp_path).json) == ORIGINS
    again = tmp_path / "again.jsonl"
    done = inside(["dlq", "replay", "-c", config, "--to-file", again, "--json"], tmp_path)
    assert done.json["sent"] == 1
    assert done.json["refused"][0]["origin"] == "orders/1@4#2"
    assert again.read_bytes() == b'{"x": 9}\n'


def test_through_a_topic(
    configured: Callable[[Sink], Path], tmp_path: Path, broker: tuple[str, MakeTopics]
) -> None:
    bootstrap, make = broker
    dead, orders = unique("dead"), unique("orders")
    make({dead: 1, orders: 1})
    config = configured(KafkaSinkConfig(brokers=bootstrap, topic=dead))
    assert reasons(inside(["dlq", "show", "-c", config, "--json"], tmp_path).json) == ORIGINS
    done = inside(["dlq", "replay", "-c", config, "--to-topic", orders, "--json"], tmp_path)
    assert done.json == {"target": f"topic {orders}", "sent": 2, "refused": [], "failure": ""}
    sent = list(read_topic(KafkaConfig(brokers=bootstrap), orders))
    assert [(letter.key, letter.body) for letter in sent] == [(b"k", GOOD.body), (b"\xff", BYTES.body)]


def test_a_letter_that_is_too_large_does_not_hold_up_the_others(broker: tuple[str, MakeTopics]) -> None:
    bootstrap, make = broker
    topic = unique("orders")
    make({topic: 1})
    target = TopicTarget(KafkaConfig(brokers=bootstrap), topic)
    with pytest.raises(Refused, match="too large"):
        target.send(DeadLetter("t/0", "1", Channel.EVENTS, None, b"x" * 2_000_000, "bad"))
    target.send(GOOD)
    assert [letter.body for letter in read_topic(KafkaConfig(brokers=bootstrap), topic)] == [GOOD.body]
