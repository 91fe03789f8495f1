"""Sends made messages when they are due, and tells the known changes of their stream."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka import Message as SentMessage

from monitor.made_deliveries import MadeMessage
from monitor.problems import TemporaryProblem
from monitor.sources.messages import Channel
from stream_hmoe.streams import DriftStream

__all__ = ["KafkaTopics", "Sent", "StandardOutput", "Target", "produce"]

NAP_SECONDS = 0.2
FLUSH_SECONDS = 30.0
REACH_SECONDS = 10.0
LOOK_AHEAD_RECORDS = 1_000


@dataclass(slots=True)
class Sent:
    """How much was sent."""

    records: int = 0
    labels: int = 0


class Target(Protocol):
    """Where messages go."""

    def send(self, message: MadeMessage) -> None:
        """Hand over a message."""

    def finish(self) -> None:
        """See that all of them arrived."""


class StandardOutput:
    """One JSON line a message.

    Args:
        is_flushed: a reader gets every line at once.
    """

    def __init__(self, is_flushed: bool) -> None:
        self._is_flushed = is_flushed

    def send(self, message: MadeMessage) -> None:
        """Write a line."""
        print(message.body.decode(), flush=self._is_flushed)

    def finish(self) -> None:
        """See that everything is written."""
        sys.stdout.flush()


class KafkaTopics:
    """Two topics, keyed so that a record and its label have the same key.

    Args:
        brokers: host:port, several separated by commas.
        events: topic of the records.
        labels: topic of the labels.

    Raises:
        TemporaryProblem: no broker answers.
    """

    def __init__(self, brokers: str, events: str, labels: str) -> None:
        self._brokers = brokers
        self._topics = {Channel.EVENTS: events, Channel.LABELS: labels}
        self._failure: str | None = None
        self._producer = Producer({
            "bootstrap.servers": brokers,
            "enable.idempotence": True,
            "linger.ms": 20,
            "compression.type": "lz4",
        })  # fmt: skip
        try:
            self._producer.list_topics(timeout=REACH_SECONDS)
        except KafkaException as error:
            raise self._problem(str(error)) from error

    def send(self, message: MadeMessage) -> None:
        """Hand over a message; waits while too many are under way.

        Raises:
            TemporaryProblem: an earlier one could not be delivered.
        """
        topic = self._topics[message.channel]
        while True:
            try:
                self._producer.produce(topic, message.body, message.key, on_delivery=self._delivered)
                break
            except BufferError:
                self._producer.poll(NAP_SECONDS)
        self._producer.poll(0)
        self._require_delivered()

    def finish(self) -> None:
        """Wait until all have arrived.

        Raises:
            TemporaryProblem: some did not.
        """
        left = self._producer.flush(FLUSH_SECONDS)
        self._require_delivered()
        if left:
            raise self._problem(f"{left} messages were not delivered within {FLUSH_SECONDS:.0f} s")

    def _delivered(self, error: KafkaError | None, message: SentMessage) -> None:
        if error is not None:
            self._failure = str(error)

    def _require_delivered(self) -> None:
        if self._failure is not None:
            raise self._problem(self._failure)

    def _problem(self, reason: str) -> TemporaryProblem:
        return TemporaryProblem(f"Kafka at {self._brokers}: {reason}; is --brokers right, and does it run?")


def produce(
    stream: DriftStream,
    messages: Iterable[MadeMessage],
    target: Target,
    is_paced: bool,
    is_stopped: Callable[[], bool],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Sent:
    """Send messages when they are due, until they end or a stop is asked for.

    Args:
        stream: what they were made from: it knows the changes.
        messages: in the order in which they are due.
        target: where they go.
        is_paced: wait for every message to be due.
        is_stopped: a stop was asked for.
        clock: monotonic seconds.
        sleep: waits for seconds.
    """
    sent = Sent()
    begun_seconds = clock()
    for message in messages:
        while is_paced and (left := begun_seconds + message.due_seconds - clock()) > 0 and not is_stopped():
            sleep(min(left, NAP_SECONDS))
        if is_stopped():
            break
        target.send(message)
        if message.channel is Channel.LABELS:
            sent.labels += 1
            continue
        sent.records += 1
        _tell_changes(stream, message.record)
    target.finish()
    return sent


def _tell_changes(stream: DriftStream, record: int) -> None:
    for change in stream.change_points_between(record, record + 1):
        print(f"record {record:,} changes: {change.description} ({change.kind})", file=sys.stderr)
