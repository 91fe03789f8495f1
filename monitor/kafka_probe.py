"""Looks at a Kafka cluster the way a source or sink will use it, and says what is wrong before it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from monitor.config.schema import KafkaSinkConfig, KafkaSourceConfig
from monitor.kafka_client import END_OF_PARTITION, QUERY_SECONDS, client_settings, first_error, remedy_for
from monitor.problems import ConfigurationProblem

__all__ = ["Finding", "probe_kafka"]

SHORT_WAIT_MS = 50
WATCH_IT = "is Kafka running, and are brokers and options: security.protocol right?"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Args:
        is_good: it is as it should be.
        text: what was found.
        remedy: what can be done; empty when it is good.
    """

    is_good: bool
    text: str
    remedy: str = ""


def probe_kafka(config: KafkaSourceConfig | KafkaSinkConfig, seconds: float = QUERY_SECONDS) -> list[Finding]:
    """Are the brokers there, do the topics exist, and may they be used? Nothing is written.

    Args:
        config: a source, whose messages are tried as well, or a sink.
        seconds: longest wait for each answer.
    """
    errors: list[KafkaError] = []
    group = config.group if isinstance(config, KafkaSourceConfig) else "hmoe"
    fixed = {
        "group.id": group,
        "enable.auto.commit": False,
        "auto.offset.reset": "error",
        "enable.partition.eof": True,
        "error_cb": errors.append,
    }
    try:
        consumer = Consumer(client_settings(config, fixed, {"fetch.wait.max.ms": SHORT_WAIT_MS}))
    except ConfigurationProblem as problem:
        return [Finding(False, str(problem), "correct the options")]
    except KafkaException as error:
        return [Finding(False, f"options: {first_error(error).str()}", "correct the options")]
    with closing(consumer):
        return list(_examine(consumer, config, seconds, errors))


def _examine(
    consumer: Consumer,
    config: KafkaSourceConfig | KafkaSinkConfig,
    seconds: float,
    errors: list[KafkaError],
) -> Iterator[Finding]:
    try:
        brokers = consumer.list_topics(timeout=seconds).brokers
    except KafkaException as error:
        consumer.poll(0.0)  # the client tells here why, such as a refused password
        told = [heard for heard in errors if remedy_for(heard) is not None]
        cause = (told or [first_error(error)])[0]
        text = f"no answer from Kafka at {config.brokers}: {cause.str()}"
        yield Finding(False, text, remedy_for(cause) or WATCH_IT)
        return
    yield Finding(True, f"Kafka at {config.brokers}: {len(brokers)} brokers")
    if isinstance(config, KafkaSinkConfig):
        yield from _topic(consumer, config.topic, None, seconds)
        return
    for topic in filter(None, (config.events, config.labels)):
        findings = list(_topic(consumer, topic, config.partitions, seconds))
        yield from findings
        if all(finding.is_good for finding in findings):
            yield _reading(consumer, topic, (config.partitions or [0])[0], seconds)
    yield _committing(consumer, config, seconds)


def _topic(consumer: Consumer, topic: str, wanted: list[int] | None, seconds: float) -> Iterator[Finding]:
    try:
        metadata = consumer.list_topics(topic, timeout=seconds).topics[topic]
    except KafkaException as error:
        yield _bad(f"topic {topic}", first_error(error))
        return
    if metadata.error is not None:
        yield _bad(f"topic {topic}", metadata.error)
        return
    there = sorted(metadata.partitions)
    missing = sorted(set(wanted or ()) - set(there))
    if missing:
        text = f"topic {topic} has no partition {', '.join(map(str, missing))}, it has {len(there)} (from 0)"
        yield Finding(False, text, "correct partitions, or leave it out to read all")
        return
    yield Finding(True, f"topic {topic}: {len(there)} partitions")


def _reading(consumer: Consumer, topic: str, partition: int, seconds: float) -> Finding:
    """Read one message, or come to the end."""
    what = f"reading {topic}/{partition}"
    deadline = time.monotonic() + seconds
    place = TopicPartition(topic, partition)
    try:
        place.offset, _ = consumer.get_watermark_offsets(place, timeout=seconds)
        consumer.assign([place])
        while time.monotonic() < deadline:
            for message in consumer.consume(1, max(0.0, deadline - time.monotonic())):
                error = message.error()
                if error is None or error.name() == END_OF_PARTITION:
                    return Finding(True, f"{what}: allowed")
                return _bad(what, error)
    except KafkaException as error:
        return _bad(what, first_error(error))
    finally:
        consumer.unassign()
    return Finding(
        False, f"{what}: nothing within {seconds:g} s", "are all brokers up, and reachable from here?"
    )


def _committing(consumer: Consumer, config: KafkaSourceConfig, seconds: float) -> Finding:
    what = f"group {config.group}"
    place = TopicPartition(config.events, (config.partitions or [0])[0])
    try:
        answer = consumer.committed([place], timeout=seconds)[0]
    except KafkaException as error:
        return _bad(what, first_error(error))
    if answer.error is not None:
        return _bad(what, answer.error)
    return Finding(True, f"{what}: offsets can be looked up")


def _bad(what: str, error: KafkaError) -> Finding:
    return Finding(False, f"{what}: {error.str()}", remedy_for(error) or WATCH_IT)
