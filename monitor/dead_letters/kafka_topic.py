"""Dead letters in a Kafka topic: read as far as it goes now, and sent to a topic again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicPartition
from pydantic import SecretStr

from monitor.config.schema import KafkaConfig
from monitor.dead_letters.letter import DeadLetter, from_headers
from monitor.problems import ConfigurationProblem, TemporaryProblem

__all__ = ["TopicTarget", "read_topic"]

ANSWER_SECONDS = 10.0


def read_topic(
    kafka: KafkaConfig, topic: str, answer_seconds: float = ANSWER_SECONDS
) -> Iterator[DeadLetter]:
    """The dead letters of a topic, partition by partition; ends where the topic ended when it was asked.

    Args:
        kafka: how to reach the cluster.
        topic: its name.
        answer_seconds: longest wait for an answer.

    Raises:
        ConfigurationProblem: there is no such topic.
        TemporaryProblem: the cluster does not answer.
    """
    settings = {"group.id": "hmoe-dlq", "enable.auto.commit": False, "enable.partition.eof": True}
    consumer = Consumer({**_settings(kafka), **settings})
    try:
        partitions = _partitions(consumer, topic, answer_seconds)
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
        left = set(partitions)
        while left:
            message = consumer.poll(answer_seconds)
            if message is None:
                raise TemporaryProblem(f"{topic} on {kafka.brokers} gives no answer; try again later")
            error = message.error()
            if error is None:
                yield _letter(message)
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  its public name
                left.discard(message.partition())
            else:
                raise TemporaryProblem(f"{topic} on {kafka.brokers}: {error.str()}")
    except KafkaException as failure:
        raise _unreachable(kafka, failure) from failure
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
        self._producer = Producer({**_settings(kafka), "enable.idempotence": True})

    def send(self, letter: DeadLetter) -> None:
        """Send one and wait until it is safe.

        Raises:
            TemporaryProblem: it was not taken.
        """
        failed: list[KafkaError] = []

        def note(error: KafkaError | None, _: Any) -> None:
            if error is not None:
                failed.append(error)

        try:
            self._producer.produce(self._topic, letter.body, letter.key, on_delivery=note)
            unsent = self._producer.flush(ANSWER_SECONDS)
        except KafkaException as error:
            raise _unreachable(self._kafka, error) from error
        if failed or unsent:
            why = failed[0].str() if failed else "no answer"
            raise TemporaryProblem(f"{self._topic} on {self._kafka.brokers} did not take it: {why}")

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


def _unreachable(kafka: KafkaConfig, error: KafkaException) -> TemporaryProblem:
    return TemporaryProblem(f"Kafka at {kafka.brokers}: {error.args[0].str()}; hmoe doctor -c looks closer")


def _settings(kafka: KafkaConfig) -> dict[str, Any]:
    options = {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in kafka.options.items()
    }
    return {"log_level": 0, **options, "bootstrap.servers": kafka.brokers}
