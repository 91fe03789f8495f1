"""Messages of Kafka topics, all partitions merged into one order that the logs alone decide.

Positions are kept by whoever reads, with the state that they belong to: partitions are assigned, not
subscribed to, and the broker's committed offsets are written for lag tools but never read.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from monitor.config.schema import KafkaSourceConfig
from monitor.kafka_client import client_settings, first_error
from monitor.problems import ConfigurationProblem, Problem
from monitor.sources.chunk import Position
from monitor.sources.kafka_fetch import KafkaFetch
from monitor.sources.kafka_partitions import (
    KafkaLog,
    Partition,
    find_partitions,
    retained_offsets,
    topics_of,
)
from monitor.sources.log_merge import LogMerge
from monitor.sources.messages import Batch, Channel, Message

__all__ = ["KafkaSource"]

logger = logging.getLogger(__name__)

PARTITION_CHECK_SECONDS = 60.0
TROUBLE_CHECK_SECONDS = 1.0
LEAST_WAIT_SECONDS = 0.1
MAX_FETCH_WAIT_MS = 100
FULL_QUEUE_WAIT_MS = 10
MAX_CHUNK_BYTES = 1_048_576
CHUNKS_IN_MEMORY = 16
RANKS = {Channel.EVENTS: 0, Channel.LABELS: 1}


class KafkaSource:
    """Reads topics of records and of labels; brokers that are away are waited for.

    Nothing is asked of a broker before the first ``poll``. A source that has raised a problem raises it
    again; go on with a new one at the last position.

    Args:
        config: brokers, topics and policies.
        position: resume there; None, or the position of a source that never reached its brokers, begins as
            ``config.start`` says. A partition that is missing from a position was added later and is
            read from its beginning.
        check_seconds: how often to look for new partitions.

    Attributes:
        passed_over: how often a partition was waited for in vain.

    Raises:
        ConfigurationProblem: the options are wrong, or the position is of other topics.
    """

    def __init__(
        self,
        config: KafkaSourceConfig,
        position: Position | None,
        check_seconds: float = PARTITION_CHECK_SECONDS,
    ) -> None:
        self.passed_over = 0
        self._config = config
        self._start: dict[str, Mapping[str, int]] = dict(position["logs"]) if position else {}
        _require_same_topics(config, self._start)
        self._merge = LogMerge()
        self._fetch = KafkaFetch(config, self._merge)
        self._check_seconds = check_seconds
        self._checked_at: float | None = None
        self._stalled_seconds = 0.0
        self._is_closed = False
        try:
            self._consumer = Consumer(_settings(config, self._fetch))
        except KafkaException as error:
            raise ConfigurationProblem(f"options: {first_error(error).str()}") from error
        self._fetch.consumer = self._consumer

    @property
    def problem(self) -> str:
        """What keeps messages from coming just now, in words; empty while all is well."""
        return self._fetch.problem

    def poll(self, limit: int, wait_seconds: float) -> Batch:
        """Up to ``limit`` messages; waits at most so long for the first.

        While the brokers are away it gives nothing, and ``problem`` says so.

        Raises:
            Problem: a topic is missing or forbidden, or messages are gone that had not been read; it is
                raised when all that could still be given has been given.
        """
        deadline = time.monotonic() + wait_seconds
        try:
            self._look_for_partitions(wait_seconds)
        except Problem as problem:
            self._fetch.failure = self._fetch.failure or problem
        taken = self._take(limit, deadline)
        if not taken and self._fetch.failure is not None:
            raise self._fetch.failure
        skipped, self._fetch.skipped = self._fetch.skipped, {}
        return Batch(taken, self._position(), skipped)

    def acknowledge(self, position: Position) -> None:
        """Commit the offsets in the background, for tools that show lag; what goes wrong is only logged."""
        held = position["logs"]
        logs = [log for log in self._fetch.logs.values() if log.name in held]
        places = [log.at(int(held[log.name]["offset"])) for log in logs]
        if places and not self._is_closed:
            try:
                self._consumer.commit(offsets=places, asynchronous=True)
            except KafkaException as error:
                _log_commit(first_error(error), places)

    def lag(self) -> Mapping[str, int]:
        """Messages between what was given and the end of every partition, as last heard."""
        lags = {}
        for log in [] if self._is_closed else self._fetch.logs.values():
            end = self._fetch.end_of(log)
            if end is not None:
                lags[log.name] = len(log.waiting) + max(0, end - log.fetch_offset)
        return lags

    def close(self) -> None:
        """Leave the brokers; may be called twice."""
        if not self._is_closed:
            self._is_closed = True
            self._consumer.close()

    def _take(self, limit: int, deadline: float) -> list[Message]:
        taken = self._merge.take(limit)
        while len(taken) < limit and self._fetch.failure is None:
            began = time.monotonic()
            self._fetch.fetch()
            more = self._merge.take(limit - len(taken))
            taken += more
            if more:
                self._stalled_seconds = 0.0
                continue
            if taken or began >= deadline or self._fetch.failure is not None:
                break
            self._fetch.wait(self._longest_wait(deadline - began))
            self._pass_over(time.monotonic() - began)
        return taken

    def _longest_wait(self, seconds: float) -> float:
        if not self._merge.awaited:
            return seconds
        return max(0.0, min(seconds, self._config.merge_wait_seconds - self._stalled_seconds))

    def _pass_over(self, seconds: float) -> None:
        """Give up waiting for partitions that say nothing while others have messages."""
        awaited = self._merge.awaited
        if not awaited:
            return
        self._stalled_seconds += seconds
        if self._stalled_seconds < self._config.merge_wait_seconds:
            return
        for log in awaited:
            log.is_passed_over = True
        self.passed_over += len(awaited)
        self._stalled_seconds = 0.0
        names = ", ".join(log.name for log in awaited)
        logger.warning("nothing heard from %s: going on without, in the order of arrival", names)

    def _look_for_partitions(self, wait_seconds: float) -> None:
        """Open the partitions that are not open yet, at the first call and then now and again.

        In trouble the brokers are asked more often: their answer is the end of it.
        """
        now = time.monotonic()
        is_first = self._checked_at is None
        interval = TROUBLE_CHECK_SECONDS if self.problem else self._check_seconds
        if self._checked_at is not None and now - self._checked_at < interval:
            return
        logs = self._fetch.logs
        try:
            found = find_partitions(self._consumer, self._config, max(LEAST_WAIT_SECONDS, wait_seconds))
            self._require_all(found)
            new = [self._log(item) for item in found if (item.topic, item.number) not in logs]
            if new:
                self._fetch.open(new)
        except KafkaException as error:
            self._fetch.say(first_error(error))
            if is_first:
                self._fetch.wait(0.0)  # hear what the client has to say, such as a refused password
                return
        else:
            self._fetch.all_is_well()
        self._checked_at = now

    def _log(self, partition: Partition) -> KafkaLog:
        start = self._start.get(partition.log)
        if start is None:
            earliest, end = retained_offsets(self._consumer, partition)
            is_latest = self._config.start == "latest" and not self._start and not self._fetch.logs
            start = {"offset": end if is_latest else earliest, "time_ms": 0}
        return KafkaLog(
            name=partition.log,
            rank=(RANKS[partition.channel], partition.topic, partition.number),
            given_time=int(start["time_ms"]),
            partition=partition,
            fetch_offset=int(start["offset"]),
        )

    def _require_all(self, found: Sequence[Partition]) -> None:
        """A topic can gain partitions but not lose them."""
        there = {partition.log for partition in found}
        known = {log.name for log in self._fetch.logs.values()}
        gone = sorted(known - there if self._config.partitions else (known | set(self._start)) - there)
        if gone:
            message = f"{', '.join(gone)} of the position is no partition any more: the topic was made anew"
            raise ConfigurationProblem(f"{message}; begin again with a new state folder")

    def _position(self) -> Position:
        read = {
            log.name: {"offset": log.next_offset, "time_ms": log.given_time}
            for log in self._fetch.logs.values()
        }
        return {"logs": {**self._start, **read}}


def _settings(config: KafkaSourceConfig, fetch: KafkaFetch) -> dict[str, Any]:
    fixed = {
        "group.id": config.group,
        "enable.auto.commit": False,
        "auto.offset.reset": "error",
        "enable.partition.eof": True,
        "queued.max.messages.kbytes": config.queue_kbytes,
        "error_cb": fetch.hear,
        "on_commit": _log_commit,
    }
    suggested = {
        "client.id": "stream-hmoe",
        "isolation.level": "read_committed",
        "fetch.wait.max.ms": MAX_FETCH_WAIT_MS,
        "fetch.queue.backoff.ms": FULL_QUEUE_WAIT_MS,
        # Smaller than what may wait here: pausing a partition throws away what was fetched ahead.
        "max.partition.fetch.bytes": min(MAX_CHUNK_BYTES, config.queue_kbytes * 1_024 // CHUNKS_IN_MEMORY),
    }
    return client_settings(config, fixed, suggested)


def _log_commit(error: KafkaError | None, places: Sequence[TopicPartition]) -> None:
    if error is not None:
        logger.warning("offsets for lag tools were not committed: %s", error.str())


def _require_same_topics(config: KafkaSourceConfig, logs: Mapping[str, Any]) -> None:
    topics = topics_of(config)
    others = sorted({name.rpartition("/")[0] for name in logs} - set(topics))
    if others:
        message = f"the position is of topic {', '.join(others)}, the configuration names {', '.join(topics)}"
        raise ConfigurationProblem(f"{message}; name the same topics, or begin with a new state folder")
