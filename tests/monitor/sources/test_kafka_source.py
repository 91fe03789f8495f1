"""Kafka as a source, on two independent brokers: one order, exact positions, nothing lost or given twice."""

from __future__ import annotations

from contextlib import closing

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from monitor.sources.messages import Channel, Message
from tests.brokers import MockControl, create_topics, produce, unique, wait_until
from tests.monitor.conftest import MakeTopics
from tests.monitor.sources.made_logs import in_order, kafka, made_content, places, read

Broker = tuple[str, MakeTopics]
Mock = tuple[str, MockControl]


@pytest.mark.parametrize("limit", [1, 7, 1_000])
def test_the_order_is_that_of_the_logs_wherever_reading_stops(broker: Broker, limit: int) -> None:
    bootstrap, make = broker
    events, labels = unique("events"), unique("labels")
    make({events: 3, labels: 2})
    content = {events: made_content(1, 3, 120), labels: made_content(2, 2, 60)}
    for topic, messages in content.items():
        produce(bootstrap, topic, messages)
    expected = in_order(content)
    with closing(kafka(bootstrap, events=events, labels=labels)) as source:
        first, position = read(source, 77, limit)
    with closing(kafka(bootstrap, position, events=events, labels=labels)) as source:
        second, _ = read(source, len(expected) - 77, limit)
    assert places(first + second) == expected


def test_a_message_comes_as_it_was_written(broker: Broker) -> None:
    bootstrap, make = broker
    topic = unique("events")
    make({topic: 1})
    producer = Producer({"bootstrap.servers": bootstrap})
    producer.produce(topic, b"\xff{", key=b"k", partition=0, timestamp=1_500)
    producer.produce(topic, None, key=b"gone", partition=0, timestamp=1_501)
    assert producer.flush(10) == 0
    with closing(kafka(bootstrap, events=topic)) as source:
        messages, position = read(source, 2)
    log = f"{topic}/0"
    assert messages == [
        Message(Channel.EVENTS, log, "0", b"k", b"\xff{", 1.5),
        Message(Channel.EVENTS, log, "1", b"gone", b"", 1.501),
    ]
    assert position == {"logs": {log: {"offset": 2, "time_ms": 1_501}}}


def test_what_arrives_later_is_given_when_it_arrives(broker: Broker) -> None:
    bootstrap, make = broker
    events, labels = unique("events"), unique("labels")
    make({events: 2, labels: 1})
    with closing(kafka(bootstrap, events=events, labels=labels, merge_wait_seconds=60)) as source:
        assert not source.poll(10, 0.0).messages
        for number in range(4):
            topic = labels if number % 2 else events
            produce(bootstrap, topic, {0: [(1_000 + number, b"%d" % number)]})
            messages, _ = read(source, 1)
            assert messages[0].body == b"%d" % number
            assert messages[0].channel is (Channel.LABELS if number % 2 else Channel.EVENTS)


def test_a_position_holds_the_greatest_time_so_far(broker: Broker) -> None:
    bootstrap, make = broker
    events, labels = unique("events"), unique("labels")
    make({events: 1, labels: 1})
    produce(bootstrap, events, {0: [(5_000, b"first")]})
    with closing(kafka(bootstrap, events=events, labels=labels)) as source:
        _, position = read(source, 1)
    produce(bootstrap, events, {0: [(1_000, b"late")]})
    produce(bootstrap, labels, {0: [(3_000, b"label")]})
    with closing(kafka(bootstrap, position, events=events, labels=labels)) as source:
        messages, _ = read(source, 2)
    assert [message.body for message in messages] == [b"label", b"late"]


def test_committed_offsets_are_for_others(broker: Broker) -> None:
    bootstrap, make = broker
    topic, group = unique("events"), unique("group")
    make({topic: 2})
    produce(bootstrap, topic, made_content(3, 2, 20))
    with closing(kafka(bootstrap, events=topic, group=group)) as source:
        first, position = read(source, 11)
        source.acknowledge(position)
        offsets = {log: place["offset"] for log, place in position["logs"].items()}
        wait_until(lambda: committed(bootstrap, topic, group) == offsets)
    with closing(kafka(bootstrap, events=topic, group=group)) as source:
        assert read(source, 11)[0] == first


def committed(bootstrap: str, topic: str, group: str) -> dict[str, int]:
    with closing(Consumer({"bootstrap.servers": bootstrap, "group.id": group})) as consumer:
        found = consumer.committed([TopicPartition(topic, 0), TopicPartition(topic, 1)], timeout=10)
    return {f"{topic}/{place.partition}": place.offset for place in found}


def test_marks_of_transactions_hold_up_nobody(tansu: str) -> None:
    events, labels = unique("events"), unique("labels")
    create_topics(tansu, {events: 1, labels: 1})
    producer = Producer({"bootstrap.servers": tansu, "transactional.id": events})
    producer.init_transactions(10)
    producer.begin_transaction()
    producer.produce(events, b"first", partition=0, timestamp=1_000)
    producer.commit_transaction(10)
    produce(tansu, labels, {0: [(1_001, b"1"), (1_002, b"2")]})
    with closing(kafka(tansu, events=events, labels=labels, merge_wait_seconds=60)) as source:
        messages, _ = read(source, 3)
        assert [message.body for message in messages] == [b"first", b"1", b"2"]
        wait_until(lambda: source.poll(1, 0.1).position["logs"][f"{events}/0"]["offset"] == 2)
