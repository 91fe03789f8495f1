"""Dead letters in a Kafka topic: read as far as it goes now, and sent to a topic again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicPartition

from monitor.config.schema import KafkaConfig
from monitor.dead_letters.letter import DeadLetter, from_headers
from monitor.dead_letters.replaying import Refused
from monitor.kafka_client import END_OF_PARTITION, client_settings, first_error, lasting_problem
from monitor.problems import ConfigurationProblem, Problem, TemporaryProblem

__all__ = ["TopicTarget", "read_topic"]

ANSWER_SECONDS = 10.0
TOO_LARGE = "MSG_SIZE_TOO_LARGE"
Client = TypeVar("Client")


def read_topic(
    kafka: KafkaConfig, topic: str, answer_seconds: float = ANSWER_SECONDS
) -> Iterator[DeadLetter]:
    """The dead letters of a topic, partition by partition; ends where the topic ended when it was asked.

    Args:
        kafka: how to reach the cluster.
        topic: its name.
        answer_seconds: longest wait for an answer.

    Raises:
        ConfigurationProblem: there is no such topic, it may not be read, or the options are wrong.
        TemporaryProblem: the cluster does not answer.
    """
    fixed = {"group.id": "hmoe-dlq", "enable.auto.commit": False, "enable.partition.eof": True}
    consumer = _client(Consumer, kafka, fixed)
    try:
        partitions = _partitions(consumer, topic, answer_seconds)
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
        # Not what is added meanwhile: what is sent again may be refused again.
        left, begun_ms = set(partitions), time.time() * 1e3
        while left:
            message = consumer.poll(answer_seconds)
            if message is None:
                raise TemporaryProblem(f"{topic} on {kafka.brokers} gives no answer; try again later")
            error = message.error()
            if error is None and message.timestamp()[1] <= begun_ms:
                yield _letter(message)
            elif error is None or error.name() == END_OF_PARTITION:
                left.discard(message.partition())
            else:
                raise _failed(kafka, topic, error)
    except KafkaException as failure:
        raise _failed(kafka, topic, first_error(failure)) from failure
    finally:
        consumer.close()


class TopicTarget:
    """Sends bodies to a topic, each acknowledged by all replicas.

    Args:
        kafka: how to reach the cluster.
        topic: where to.
    """

    def __init__(self, kafka: KafkaConfig, topic: str) -> None:
        self.name = f"topic {topic}"
        self._topic = topic
        self._kafka = kafka
        self._producer = _client(Producer, kafka, {"enable.idempotence": True, "acks": "all"})

    def send(self, letter: DeadLetter) -> None:
        """Send one and wait until it is safe.

        Raises:
            Refused: it is too large for the topic.
            Problem: it was not taken.
        """
        failed: list[KafkaError] = []

        def note(error: KafkaError | None, _: Any) -> None:
            if error is not None:
                failed.append(error)

        try:
            self._producer.produce(self._topic, letter.body, letter.key, on_delivery=note)
            unsent = self._producer.flush(ANSWER_SECONDS)
        except KafkaException as error:
            failed.append(first_error(error))
            unsent = 0
        if failed and failed[0].name() == TOO_LARGE:
            raise Refused(failed[0].str())
        if failed:
            raise _failed(self._kafka, self._topic, failed[0])
        if unsent:
            raise TemporaryProblem(f"{self._topic} on {self._kafka.brokers} did not take it: no answer")

    def close(self) -> None:
        """Nothing waits: every message was acknowledged."""


def _letter(message: Any) -> DeadLetter:
    kind, milliseconds = message.timestamp()
    seconds = milliseconds / 1e3 if kind else 0.0
    return from_headers(message.headers() or [], message.key(), message.value() or b"", seconds)


def _partitions(consumer: Consumer, topic: str, answer_seconds: float) -> list[int]:
    found = consumer.list_topics(topic, timeout=answer_seconds).topics.get(topic)
    if found is None or found.error is not None or not found.partitions:
        raise ConfigurationProblem(
            f"there is no topic {topic}; nothing was refused yet, or the name is another"
        )
    return sorted(found.partitions)


def _failed(kafka: KafkaConfig, topic: str, error: KafkaError) -> Problem:
    what = f"{topic} on {kafka.brokers}"
    passing = TemporaryProblem(f"{what}: {error.str()}; hmoe doctor -c looks closer")
    return lasting_problem(error, what) or passing


def _client(kind: Callable[[dict[str, Any]], Client], kafka: KafkaConfig, fixed: Mapping[str, Any]) -> Client:
    try:
        return kind(client_settings(kafka, fixed, {}))
    except KafkaException as error:
        raise ConfigurationProblem(f"options: {first_error(error).str()}") from error
