"""What a client may hand over that no broker here can be made to send."""

from __future__ import annotations

from typing import Any

from confluent_kafka import KafkaError

from monitor.config.schema import KafkaSourceConfig
from monitor.sources.kafka_fetch import KafkaFetch
from monitor.sources.kafka_partitions import KafkaLog, Partition
from monitor.sources.log_merge import LogMerge
from monitor.sources.messages import Channel


class Handed:
    """A message of the client, or the news that offset ``end`` is the end."""

    def __init__(self, offset: int, is_end: bool = False) -> None:
        self._offset = offset
        self._error = KafkaError(KafkaError._PARTITION_EOF) if is_end else None

    def error(self) -> KafkaError | None:
        return self._error

    def offset(self) -> int:
        return self._offset

    def topic(self) -> str:
        return "e"

    def partition(self) -> int:
        return 0

    def key(self) -> None:
        return None

    def value(self) -> bytes:
        return b"%d" % self._offset

    def timestamp(self) -> tuple[int, int]:
        no_time = (0, -1)
        return no_time if self._offset == 0 else (1, self._offset)


class NoClient:
    """Takes orders and does nothing."""

    def incremental_assign(self, places: Any) -> None:
        pass


def opened() -> tuple[KafkaFetch, KafkaLog, LogMerge]:
    merge = LogMerge()
    fetch = KafkaFetch(KafkaSourceConfig(brokers="none", events="e"), merge)
    fetch.consumer = NoClient()  # type: ignore[assignment]  # all that is needed of it
    log = KafkaLog(name="e/0", rank=(0, "e", 0), partition=Partition(Channel.EVENTS, "e", 0), fetch_offset=0)
    fetch.open([log])
    return fetch, log, merge


def test_a_message_that_comes_again_is_taken_once() -> None:
    fetch, _, merge = opened()
    fetch._sort([Handed(0), Handed(1)])
    fetch._sort([Handed(0), Handed(1), Handed(2)])
    assert [message.offset for message in merge.take(9)] == ["0", "1", "2"]


def test_the_end_counts_only_until_something_follows() -> None:
    fetch, log, _ = opened()
    fetch._sort([Handed(0), Handed(1, is_end=True)])
    assert log.is_at_end
    fetch._sort([Handed(1), Handed(2, is_end=True), Handed(2)])
    assert not log.is_at_end


def test_a_message_without_a_time_has_time_zero() -> None:
    fetch, _, merge = opened()
    fetch._sort([Handed(0), Handed(1_500)])
    assert [message.time_seconds for message in merge.take(9)] == [0.0, 1.5]
