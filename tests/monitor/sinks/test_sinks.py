"""Results in files and topics: complete after a flush, cut back after a resume, in bounded memory."""

from __future__ import annotations

import json
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from confluent_kafka import Consumer, TopicPartition

from monitor.config.schema import FileSinkConfig, KafkaSinkConfig
from monitor.dead_letters import DeadLetter
from monitor.problems import ConfigurationProblem, TemporaryProblem
from monitor.sinks import open_dead_letters, open_sink
from monitor.sinks.kafka_writer import KafkaWriter
from monitor.sources.messages import Channel, Message
from stream_hmoe.events import Rejected
from tests.brokers import START_SECONDS, MockControl, unique, wait_until
from tests.monitor.conftest import MakeTopics

Broker = tuple[str, MakeTopics]
Mock = tuple[str, MockControl]
FORBIDDEN = 29
RECONNECT = {"reconnect.backoff.ms": 10, "reconnect.backoff.max.ms": 50}
UNREADABLE = Message(Channel.LABELS, "labels/3", "17", b"\xff", b"\xfe{", 1.5)
READABLE = Message(Channel.EVENTS, "inbox", "18", None, b'{"a": 1}', 2.5)
NO_JSON = Rejected(7, "x", "\ud800", "no JSON", "send JSON")
TOO_OLD = Rejected(8, "", "", "too old", "")


def topic_config(bootstrap: str, topic: str, **options: Any) -> KafkaSinkConfig:
    return KafkaSinkConfig(brokers=bootstrap, topic=topic, options={"linger.ms": 0, **RECONNECT, **options})


def contents(bootstrap: str, topic: str, count: int) -> list[Any]:
    settings = {"bootstrap.servers": bootstrap, "group.id": "reader", "fetch.wait.max.ms": 10}
    with closing(Consumer(settings)) as consumer:
        consumer.assign([TopicPartition(topic, 0, 0)])
        found: list[Any] = []
        deadline = time.monotonic() + START_SECONDS
        while len(found) < count:
            found += consumer.consume(count, 0.05)
            assert time.monotonic() < deadline, f"{len(found)} of {count} came"
    return found


@pytest.fixture
def mock_topic(mock: Mock) -> Mock:
    mock[1].create("out", 1)
    return mock


def test_results_are_in_the_topic_after_a_flush(broker: Broker) -> None:
    bootstrap, make = broker
    topic = unique("out")
    make({topic: 1})
    sink = open_sink(topic_config(bootstrap, topic), Path("unused"), None)
    with closing(sink):
        sink.write("s/e/0@1", {"p": np.float64(0.5), "classes": ("a", "b"), "loss": float("nan")}, "k")
        sink.write("s/e/0@2", {"p": 1}, None)
        sink.flush()
        first, second = contents(bootstrap, topic, 2)
        assert sink.state_dict() == {}
    assert first.value() == b'{"id":"s/e/0@1","p":0.5,"classes":["a","b"],"loss":null}'
    assert (first.key(), first.headers()) == (b"k", [("id", b"s/e/0@1")])
    assert (second.key(), json.loads(second.value())) == (None, {"id": "s/e/0@2", "p": 1})


def test_a_full_queue_waits_instead_of_failing(mock_topic: Mock) -> None:
    bootstrap, _ = mock_topic
    config = topic_config(bootstrap, "out", **{"queue.buffering.max.messages": 10})
    with closing(open_sink(config, Path("unused"), None)) as sink:
        for number in range(500):
            sink.write(str(number), {}, None)
        sink.flush()
        found = contents(bootstrap, "out", 500)
    assert [json.loads(message.value())["id"] for message in found] == [str(number) for number in range(500)]


def test_a_flush_tells_when_brokers_are_away_and_succeeds_when_they_are_back(mock_topic: Mock) -> None:
    bootstrap, control = mock_topic
    with closing(KafkaWriter(topic_config(bootstrap, "out"), patience_seconds=0.1)) as writer:
        writer.send(b"before", None, [])
        wait_until(lambda: flushed(writer))
        control.down()
        writer.send(b"during", None, [])
        with pytest.raises(TemporaryProblem, match=r"topic out on .*: 1 messages are not acknowledged"):
            writer.flush()
        wait_until(lambda: not flushed(writer) and "brokers are down" in writer.problem)
        control.up()
        wait_until(lambda: flushed(writer))
        assert writer.problem == ""
        assert [message.value() for message in contents(bootstrap, "out", 2)] == [b"before", b"during"]


def flushed(writer: KafkaWriter) -> bool:
    try:
        writer.flush()
    except TemporaryProblem:
        return False
    return True


def test_a_queue_that_stays_full_is_a_problem(mock_topic: Mock) -> None:
    bootstrap, control = mock_topic
    control.down()
    config = topic_config(bootstrap, "out", **{"queue.buffering.max.messages": 2})
    with closing(KafkaWriter(config, patience_seconds=0.1)) as writer:
        for _ in range(2):
            writer.send(b"x", None, [])
        with pytest.raises(TemporaryProblem, match=r"the queue is full after 0\.1 s; are the brokers up"):
            writer.send(b"x", None, [])
        writer.close()


def test_what_the_brokers_refuse_is_never_taken_for_written(mock_topic: Mock) -> None:
    bootstrap, control = mock_topic
    control.fail("Produce", *[FORBIDDEN] * 5)
    with closing(KafkaWriter(topic_config(bootstrap, "out"))) as writer:
        writer.send(b"x", None, [])
        for _ in range(2):
            with pytest.raises(ConfigurationProblem, match=r"topic out: .*authorization.* allow this user"):
                writer.flush()
        with pytest.raises(ConfigurationProblem):
            writer.send(b"y", None, [])


def test_a_message_that_is_given_up_is_a_problem(mock_topic: Mock) -> None:
    bootstrap, control = mock_topic
    control.down()
    config = topic_config(bootstrap, "out", **{"message.timeout.ms": 100})
    with closing(KafkaWriter(config)) as writer:
        writer.send(b"x", None, [])
        with pytest.raises(TemporaryProblem, match="timed out; go on from the last checkpoint"):
            writer.flush()


def test_a_message_that_is_too_large_is_refused_at_once(mock_topic: Mock) -> None:
    words = r"too large; raise max\.message\.bytes"
    writer = KafkaWriter(topic_config(mock_topic[0], "out"))
    with closing(writer), pytest.raises(ConfigurationProblem, match=words):
        writer.send(b"x" * 2_000_000, None, [])


def test_options_of_a_sink_are_checked() -> None:
    with pytest.raises(ConfigurationProblem, match="options: acks is set by the program"):
        KafkaWriter(topic_config("localhost:1", "out", acks=1))
    with pytest.raises(ConfigurationProblem, match=r'options: .*"nope"'):
        KafkaWriter(topic_config("localhost:1", "out", nope=1))


def test_a_file_goes_on_where_the_checkpoint_left_it(tmp_path: Path) -> None:
    usual = tmp_path / "usual.jsonl"
    with closing(open_sink(FileSinkConfig(), usual, None)) as sink:
        sink.write("a", {"x": 1}, "k")
        sink.flush()
        state = json.loads(json.dumps(sink.state_dict()))
        sink.write("b", {"x": 2}, None)
    with closing(open_sink(FileSinkConfig(), usual, state)) as sink:
        sink.write("c", {"x": 3}, None)
        sink.flush()
        assert usual.read_text() == '{"id":"a","x":1}\n{"id":"c","x":3}\n'
        sink.close()
    with closing(open_sink(FileSinkConfig(path=tmp_path / "own.jsonl"), usual, {})) as sink:
        assert sink.state_dict() == {"bytes": 0}
    usual.unlink()
    with pytest.raises(ConfigurationProblem, match="has 0 bytes, the checkpoint says 17"):
        open_sink(FileSinkConfig(), usual, state)


def test_dead_letters_in_a_topic_are_as_they_came(broker: Broker) -> None:
    bootstrap, make = broker
    topic = unique("dlq")
    make({topic: 1})
    with closing(open_dead_letters(topic_config(bootstrap, topic), Path("unused"), None)) as letters:
        letters.add(DeadLetter.of(UNREADABLE, NO_JSON))
        letters.add(DeadLetter.of(READABLE, TOO_OLD))
        letters.flush()
        first, second = contents(bootstrap, topic, 2)
    assert (first.key(), first.value()) == (b"\xff", b"\xfe{")
    assert dict(first.headers()) == {
        "__streams.errors.exception": b"stream_hmoe.events.Rejected",
        "__streams.errors.message": b"no JSON",
        "__streams.errors.topic": b"labels",
        "__streams.errors.partition": b"3",
        "__streams.errors.offset": b"17",
        "__streams.errors.channel": b"labels",
        "__streams.errors.field": b"x",
        "__streams.errors.value": b"?",
        "__streams.errors.remedy": b"send JSON",
    }
    headers = dict(second.headers())
    assert (headers["__streams.errors.topic"], headers["__streams.errors.partition"]) == (b"inbox", b"-1")


def test_dead_letters_in_a_file_are_complete(tmp_path: Path) -> None:
    path = tmp_path / "dead-letters.jsonl"
    with closing(open_dead_letters(FileSinkConfig(), path, None)) as letters:
        letters.add(DeadLetter.of(UNREADABLE, NO_JSON))
        letters.add(DeadLetter.of(READABLE, TOO_OLD))
        letters.flush()
        assert letters.state_dict() == {"bytes": path.stat().st_size}
    first, second = map(json.loads, path.read_text().splitlines())
    assert first == {
        "log": "labels/3",
        "offset": "17",
        "channel": "labels",
        "key_base64": "/w==",
        "body_base64": "/ns=",
        "reason": "no JSON",
        "field": "x",
        "value": "?",
        "remedy": "send JSON",
        "time_seconds": 1.5,
    }
    assert (second["key"], second["body"], second["log"]) == (None, '{"a": 1}', "inbox")
