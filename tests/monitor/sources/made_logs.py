"""Logs in Kafka for tests: what is written, the order in which it must come, and how it is read."""

from __future__ import annotations

import json
import time
from itertools import accumulate
from random import Random
from typing import Any

from monitor.config.schema import KafkaSourceConfig
from monitor.sources.chunk import Position
from monitor.sources.kafka_source import KafkaSource
from monitor.sources.messages import Message, MessageSource

READ_SECONDS = 20.0
Content = dict[int, list[tuple[int, bytes]]]


def made_content(seed: int, partitions: int, messages: int, first_ms: int = 1_000) -> Content:
    """Messages with rising, equal and sometimes late times."""
    random = Random(seed)
    content: Content = {partition: [] for partition in range(partitions)}
    for number in range(messages):
        partition = random.randrange(partitions)
        late = random.choice([0, 0, 0, 7])
        content[partition].append((first_ms + number // 3 - late, b"%d-%d" % (partition, number)))
    return content


def in_order(topics: dict[str, Content]) -> list[tuple[str, str]]:
    """(log, offset) of every message in the order of the merge; topics in order of rank."""
    keyed = []
    for rank, (topic, content) in enumerate(topics.items()):
        for partition, messages in content.items():
            for offset, newest in enumerate(accumulate((when for when, _ in messages), max)):
                keyed.append((newest, rank, partition, offset, topic))
    return [(f"{topic}/{partition}", str(offset)) for _, _, partition, offset, topic in sorted(keyed)]


def places(messages: list[Message]) -> list[tuple[str, str]]:
    return [(message.log, message.offset) for message in messages]


def kafka(bootstrap: str, position: Position | None = None, **settings: Any) -> KafkaSource:
    """A source that reconnects quickly."""
    options = {"reconnect.backoff.ms": 10, "reconnect.backoff.max.ms": 50, **settings.pop("options", {})}
    config = KafkaSourceConfig(brokers=bootstrap, options=options, **{"events": "e", **settings})
    return KafkaSource(config, position)


def read(source: MessageSource, count: int, limit: int = 1_000) -> tuple[list[Message], Position]:
    """Exactly so many messages and the position after them, as a checkpoint would hold it."""
    messages: list[Message] = []
    deadline = time.monotonic() + READ_SECONDS
    position: Position = {}
    while len(messages) < count:
        batch = source.poll(min(limit, count - len(messages)), 0.2)
        messages += batch.messages
        position = batch.position
        assert time.monotonic() < deadline, f"{len(messages)} of {count} came"
    return messages, json.loads(json.dumps(position))
