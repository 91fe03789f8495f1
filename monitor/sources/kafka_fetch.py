"""What the brokers send, sorted into the partitions that wait to be merged, in bounded memory.

Nothing is ever skipped in silence: where messages are gone the operator's policy decides, and says how many.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException

from monitor.config.schema import KafkaSourceConfig
from monitor.kafka_client import END_OF_PARTITION, first_error, lasting_problem
from monitor.problems import ConfigurationProblem, MessagesGone, Problem
from monitor.sources.kafka_partitions import KafkaLog, retained_offsets
from monitor.sources.log_merge import LogMerge
from monitor.sources.messages import Message

__all__ = ["KafkaFetch"]

logger = logging.getLogger(__name__)

FETCHED = 1_000
GONE = {"_AUTO_OFFSET_RESET", "_LOG_TRUNCATION", "OFFSET_OUT_OF_RANGE"}
ALL_AWAY = "_ALL_BROKERS_DOWN"
ONLY_FOR_COMMITS = "GROUP_AUTHORIZATION_FAILED"


class KafkaFetch:
    """Takes from the client and gives to the merge.

    Args:
        config: policies.
        merge: where the partitions are joined.

    Attributes:
        consumer: the client, which must be set before the first fetch and tell its errors to ``hear``.
        logs: the partitions that are read, by topic and number.
        problem: what keeps messages from coming just now, in words; empty while all is well.
        failure: why nothing more can come; None while it can.
        skipped: messages that were gone, by partition; the reader clears it.
    """

    consumer: Consumer

    def __init__(self, config: KafkaSourceConfig, merge: LogMerge) -> None:
        self.logs: dict[tuple[str, int], KafkaLog] = {}
        self.problem = ""
        self.failure: Problem | None = None
        self.skipped: dict[str, int] = {}
        self._config = config
        self._merge = merge

    def open(self, logs: Sequence[KafkaLog]) -> None:
        """Begin with more partitions.

        Raises:
            KafkaException: the client does not take them.
        """
        self.consumer.incremental_assign([log.at(log.fetch_offset) for log in logs])
        for log in logs:
            self.logs[log.partition.topic, log.partition.number] = log
            self._merge.open(log)

    def fetch(self) -> None:
        """Move some of what has arrived to the merge, without waiting."""
        self._make_room()
        for log in self.logs.values():
            # What came before the gap is given first, so that a position is before the gap or behind it.
            if log.is_cut and not log.waiting:
                self._close_gap(log)
        arrived = self.consumer.consume(FETCHED, 0)
        self._sort(arrived)
        # Less than was asked for: nothing that arrived is left in the client, so the end it last heard of is
        # known to be reached without waiting for the broker to say so.
        if len(arrived) < FETCHED:
            for log in self.logs.values():
                end = self.end_of(log)
                log.is_at_end = log.is_at_end or (end is not None and log.fetch_offset >= end)

    def wait(self, seconds: float) -> None:
        """Wait for one message or event."""
        self._sort(self.consumer.consume(1, seconds))

    def end_of(self, log: KafkaLog) -> int | None:
        """Offset after the last message of a partition, as last heard; None before it was heard."""
        try:
            _, end = self.consumer.get_watermark_offsets(log.at(log.fetch_offset), cached=True)
        except KafkaException:
            return None
        return end if end >= 0 else None

    def hear(self, error: KafkaError) -> None:
        """What the client reports about itself and its brokers."""
        if error.name() == ONLY_FOR_COMMITS:
            logger.warning("offsets for lag tools cannot be committed: %s", error.str())
            return
        self.failure = self.failure or lasting_problem(error, f"Kafka at {self._config.brokers}")
        if error.name() == ALL_AWAY:
            self.say(error)
        else:
            logger.debug("Kafka: %s", error.str())

    def say(self, error: KafkaError) -> None:
        """Remember that messages cannot come for now."""
        if not self.problem:
            logger.warning("Kafka at %s: %s; trying again", self._config.brokers, error.str())
        self.problem = f"Kafka at {self._config.brokers}: {error.str()}; trying again"

    def all_is_well(self) -> None:
        """The brokers have just answered. A message is no sign of that: it may have waited in the client."""
        if self.problem:
            logger.info("Kafka at %s answers again", self._config.brokers)
        self.problem = ""

    def _make_room(self) -> None:
        """Pause partitions that run ahead of the others when memory is short, until they are given.

        Beyond ``queue_kbytes`` a partition adds at most one fetch: pausing it drops what the client has
        fetched ahead, so that smaller steps would read the same messages over and over.
        """
        budget = self._config.queue_kbytes * 1_024
        share = budget // max(1, len(self.logs))
        is_short = self._merge.waiting_bytes > budget
        for log in self.logs.values():
            if log.is_paused and log.waiting_bytes <= share // 2:
                self.consumer.resume([log.at(log.fetch_offset)])
                log.is_paused = False
            elif is_short and not log.is_paused and log.waiting_bytes > share:
                self.consumer.pause([log.at(log.fetch_offset)])
                log.is_paused = True

    def _sort(self, arrived: Iterable[Any]) -> None:
        """Put what the client gave where it belongs."""
        runs: dict[KafkaLog, list[tuple[int, Message]]] = {}
        ended: dict[KafkaLog, int] = {}
        for item in arrived:
            log = self.logs.get((item.topic(), item.partition()))
            error = item.error()
            if error is not None:
                if error.name() == END_OF_PARTITION and log is not None:
                    ended[log] = item.offset()
                else:
                    self._take_error(error, log)
                continue
            offset = item.offset()
            if log is None or offset < log.fetch_offset:
                continue
            log.fetch_offset = offset + 1
            kind, milliseconds = item.timestamp()
            milliseconds = milliseconds if kind else 0
            message = Message(
                log.partition.channel,
                log.name,
                str(offset),
                item.key(),
                item.value() or b"",
                milliseconds / 1_000,
            )
            runs.setdefault(log, []).append((milliseconds, message))
        for log, run in runs.items():
            self._merge.add(log, run)
        for log, end in ended.items():
            # Beyond the last message there may be marks of transactions, which are never given.
            log.fetch_offset = max(log.fetch_offset, end)
            log.is_at_end = log.fetch_offset == end

    def _take_error(self, error: KafkaError, log: KafkaLog | None) -> None:
        if log is not None and error.name() in GONE:
            log.is_cut, log.is_at_end = True, False
        elif log is None or error.name() == ONLY_FOR_COMMITS:
            self.hear(error)
        else:
            problem = lasting_problem(error, f"{log.name} from offset {log.fetch_offset} on")
            self.failure = self.failure or problem
            if problem is None:
                self.say(error)

    def _close_gap(self, log: KafkaLog) -> None:
        """The broker does not have the offset that comes next."""
        try:
            earliest, end = retained_offsets(self.consumer, log.partition)
        except KafkaException as error:
            self.say(first_error(error))
            self._read_from(log, log.fetch_offset)
            return
        wanted = log.fetch_offset
        if wanted > end:
            message = f"{log.name}: offset {wanted} comes next, but the log ends at {end}"
            self.failure = ConfigurationProblem(
                f"{message}: it was made anew or cut; begin again with a new state folder"
            )
        elif wanted >= earliest:
            self._read_from(log, wanted)
        elif self._config.gap == "skip":
            self.skipped[log.name] = self.skipped.get(log.name, 0) + earliest - wanted
            logger.warning("%s: %d messages from offset %d on are gone", log.name, earliest - wanted, wanted)
            self._read_from(log, earliest)
        else:
            message = f"{log.name}: offset {wanted} comes next, but only {earliest} to {end} are retained"
            remedy = "set gap: skip to go on without them, and retain messages for longer (retention.ms)"
            self.failure = MessagesGone(f"{message}: {earliest - wanted} messages are gone; {remedy}")

    def _read_from(self, log: KafkaLog, offset: int) -> None:
        self.consumer.resume([log.at(offset)])
        self.consumer.incremental_unassign([log.at(offset)])
        self.consumer.incremental_assign([log.at(offset)])
        log.fetch_offset, log.is_paused, log.is_cut, log.is_at_end = offset, False, False, False
