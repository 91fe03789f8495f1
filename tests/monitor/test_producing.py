"""Messages are sent in time, and to the right place."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from monitor.made_deliveries import MadeMessage
from monitor.problems import TemporaryProblem
from monitor.producing import KafkaTopics, produce
from monitor.sources.messages import Channel
from stream_hmoe.streams import DriftStream
from tests.monitor.command import inside


class Kept:
    def __init__(self) -> None:
        self.messages: list[MadeMessage] = []
        self.is_finished = False

    def send(self, message: MadeMessage) -> None:
        self.messages.append(message)

    def finish(self) -> None:
        self.is_finished = True


class Clock:
    def __init__(self) -> None:
        self.seconds = 50.0

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def message(record: int, due_seconds: float, channel: Channel = Channel.EVENTS) -> MadeMessage:
    return MadeMessage(due_seconds, channel, str(record), record, b"{}")


def test_every_message_waits_until_it_is_due() -> None:
    clock, target = Clock(), Kept()
    seen: list[float] = []

    def noted() -> bool:
        seen.append(clock())
        return False

    sent = produce(
        DriftStream(), [message(0, 0.0), message(1, 1.0), message(0, 1.5, Channel.LABELS)],
        target, True, noted, clock, clock.sleep,
    )  # fmt: skip
    assert (sent.records, sent.labels) == (2, 1)
    assert clock() == pytest.approx(51.5)
    assert target.is_finished


def test_a_stop_ends_it_and_what_was_sent_is_made_sure_of() -> None:
    target = Kept()
    stops: Callable[[], bool] = lambda: len(target.messages) >= 2  # noqa: E731  read where it stands
    produce(DriftStream(), [message(n, float(n)) for n in range(9)], target, False, stops)
    assert len(target.messages) == 2
    assert target.is_finished


def test_the_command_writes_lines_and_tells_changes(tmp_path: Path) -> None:
    done = inside(
        ["produce", "--rate", "0", "--records", "120", "--start", "0", "--change-at", "100", "--seed", "3"],
        tmp_path,
    )
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert sum("delivery" in line for line in lines) == 120
    assert "record 100 changes: hills: heat delays parcels now, cold did before (abrupt)" in done.error
    assert "sent 120 records and 120 labels" in done.error


def test_records_and_labels_go_to_their_topics_by_key() -> None:
    cluster = Producer({"test.mock.num.brokers": 1})
    broker = next(iter(cluster.list_topics(timeout=10).brokers.values()))
    target = KafkaTopics(f"{broker.host}:{broker.port}", "things", "thing-labels")
    sent = [message(n, 0.0, channel) for n in range(20) for channel in Channel]
    for one in sent:
        target.send(one)
    target.finish()
    assert read(f"{broker.host}:{broker.port}", "things", 20) == sorted(str(n) for n in range(20))
    assert read(f"{broker.host}:{broker.port}", "thing-labels", 20) == sorted(str(n) for n in range(20))


def read(brokers: str, topic: str, wanted: int) -> list[str]:
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "test"})
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
    keys: list[str] = []
    until = time.monotonic() + 30
    while len(keys) < wanted and time.monotonic() < until:
        found = consumer.poll(1.0)
        if found is not None and found.error() is None:
            keys.append((found.key() or b"").decode())
    consumer.close()
    return sorted(keys)


def test_a_broker_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.producing.REACH_SECONDS", 0.2)
    with pytest.raises(TemporaryProblem, match=r"Kafka at 127\.0\.0\.1:1: .*--brokers"):
        KafkaTopics("127.0.0.1:1", "things", "thing-labels")
