"""Writes messages to a topic: acknowledged by all replicas, in order, in bounded memory."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

from monitor.config.schema import KafkaSinkConfig
from monitor.kafka_client import client_settings, first_error, lasting_problem
from monitor.problems import ConfigurationProblem, Problem, SinkProblem

__all__ = ["KafkaWriter"]

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 30.0
SERVE_SECONDS = 0.05
QUEUE_KBYTES = 32_768
ALL_AWAY = "_ALL_BROKERS_DOWN"


class KafkaWriter:
    """A producer that waits where librdkafka would refuse.

    Args:
        config: brokers and topic.
        patience_seconds: how long a full queue, or a flush, is waited for.

    Attributes:
        problem: what keeps messages from being taken just now, in words; empty while all is well.

    Raises:
        ConfigurationProblem: the options are wrong.
    """

    def __init__(self, config: KafkaSinkConfig, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self.problem = ""
        self._config = config
        self._patience_seconds = patience_seconds
        self._failure: Problem | None = None
        self._is_closed = False
        fixed = {
            "enable.idempotence": True,
            "acks": "all",
            "delivery.report.only.error": True,
            "error_cb": self._hear,
            "on_delivery": self._note,
        }
        suggested = {
            "client.id": "stream-hmoe",
            "linger.ms": 20,
            "queue.buffering.max.kbytes": QUEUE_KBYTES,
        }
        try:
            self._producer = Producer(client_settings(config, fixed, suggested))
        except KafkaException as error:
            raise ConfigurationProblem(f"options: {first_error(error).str()}") from error

    def send(self, body: bytes, key: bytes | None, headers: Sequence[tuple[str, bytes]]) -> None:
        """Queue one message; waits while the queue is full.

        Raises:
            Problem: it cannot be queued, or an earlier one was not taken.
        """
        deadline: float | None = None
        while True:
            self._producer.poll(0 if deadline is None else SERVE_SECONDS)
            if self._failure is not None:
                raise self._failure
            try:
                self._producer.produce(self._config.topic, body, key, headers=list(headers))
            except BufferError as full:
                deadline = deadline or time.monotonic() + self._patience_seconds
                if time.monotonic() > deadline:
                    raise self._too_slow("the queue is full") from full
            except KafkaException as error:
                raise self._refused(first_error(error)) from error
            else:
                return

    def flush(self) -> None:
        """Return when all replicas have acknowledged everything.

        Raises:
            SinkProblem: they have not.
            ConfigurationProblem: they will not: no such topic, not allowed, too large.
        """
        deadline = time.monotonic() + self._patience_seconds
        while self._failure is None and (waiting := self._producer.flush(SERVE_SECONDS)):
            if time.monotonic() > deadline:
                raise self._too_slow(f"{waiting} messages are not acknowledged")
        if self._failure is not None:
            raise self._failure
        self.problem = ""

    def state_dict(self) -> dict[str, Any]:
        """Nothing: a topic cannot be cut back."""
        return {}

    def close(self) -> None:
        """Give up what is not acknowledged; may be called twice."""
        if not self._is_closed:
            self._is_closed = True
            self._producer.purge()
            self._producer.poll(0)

    def _hear(self, error: KafkaError) -> None:
        """What the client reports about itself and its brokers."""
        self._failure = self._failure or lasting_problem(error, f"Kafka at {self._config.brokers}")
        if error.name() == ALL_AWAY:
            if not self.problem:
                logger.warning("Kafka at %s: %s; trying again", self._config.brokers, error.str())
            self.problem = f"Kafka at {self._config.brokers}: {error.str()}; trying again"
        else:
            logger.debug("Kafka: %s", error.str())

    def _note(self, error: KafkaError | None, message: Any) -> None:
        """A message was given up."""
        if error is not None and not self._is_closed:
            self._failure = self._failure or self._refused(error)

    def _refused(self, error: KafkaError) -> Problem:
        what = f"topic {self._config.topic}"
        return lasting_problem(error, what) or SinkProblem(
            f"{what} on {self._config.brokers}: {error.str()}; go on from the last checkpoint"
        )

    def _too_slow(self, what: str) -> SinkProblem:
        where = f"topic {self._config.topic} on {self._config.brokers}"
        return SinkProblem(f"{where}: {what} after {self._patience_seconds:g} s; are the brokers up?")
