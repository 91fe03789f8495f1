"""What a client may hand over that no broker here can be made to send at the right moment."""

from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka import KafkaError, TopicPartition

from monitor.config.schema import KafkaSourceConfig
from monitor.sources.kafka_fetch import KafkaFetch
from monitor.sources.kafka_partitions import KafkaLog, Partition
from monitor.sources.log_merge import LogMerge
from monitor.sources.messages import Channel

END, GONE = KafkaError._PARTITION_EOF, KafkaError._AUTO_OFFSET_RESET


class Handed:
    """A message of the client, or news about the partition."""

    def __init__(self, offset: int, news: int | None = None) -> None:
        self._offset = offset
        self._error = None if news is None else KafkaError(news)

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


class Client:
    """Hands over what it is given, and remembers where it was told to read."""

    def __init__(self, retained: tuple[int, int]) -> None:
        self.handed: list[Handed] = []
        self.read_from: list[int] = []
        self._retained = retained

    def consume(self, count: int, seconds: float) -> list[Handed]:
        handed, self.handed = self.handed, []
        return handed

    def incremental_assign(self, places: list[TopicPartition]) -> None:
        self.read_from += [place.offset for place in places]

    def incremental_unassign(self, places: list[TopicPartition]) -> None:
        pass

    def resume(self, places: list[TopicPartition]) -> None:
        pass

    def get_watermark_offsets(self, place: TopicPartition, **how: Any) -> tuple[int, int]:
        return self._retained


class Opened:
    """One partition that is read from its beginning."""

    def __init__(self, retained: tuple[int, int] = (0, 1_000_000)) -> None:
        self.merge = LogMerge()
        config = KafkaSourceConfig(brokers="none", events="e", gap="skip")
        self.fetch = KafkaFetch(config, self.merge)
        self.client = Client(retained)
        self.fetch.consumer = self.client  # type: ignore[assignment]  # all that is needed of it
        partition = Partition(Channel.EVENTS, "e", 0)
        self.log = KafkaLog(name="e/0", rank=(0, "e", 0), partition=partition, fetch_offset=0)
        self.fetch.open([self.log])

    def take(self, *handed: Handed) -> None:
        self.client.handed = list(handed)
        self.fetch.fetch()

    def given(self) -> list[str]:
        return [message.offset for message in self.merge.take(9)]


def test_a_message_that_comes_again_is_taken_once() -> None:
    opened = Opened()
    opened.take(Handed(0), Handed(1))
    opened.take(Handed(0), Handed(1), Handed(2))
    assert opened.given() == ["0", "1", "2"]


def test_the_end_counts_only_until_something_follows() -> None:
    opened = Opened()
    opened.take(Handed(0), Handed(1, END))
    assert opened.log.is_at_end
    opened.take(Handed(1), Handed(2, END), Handed(2))
    assert not opened.log.is_at_end


def test_a_message_without_a_time_has_time_zero() -> None:
    opened = Opened()
    opened.take(Handed(0), Handed(1_500))
    assert [message.time_seconds for message in opened.merge.take(9)] == [0.0, 1.5]


def test_what_came_before_a_gap_is_given_before_it() -> None:
    opened = Opened(retained=(10, 20))
    opened.take(Handed(0), Handed(1), Handed(2, GONE))
    opened.take()
    assert (opened.fetch.skipped, opened.log.next_offset) == ({}, 0)
    assert opened.given() == ["0", "1"]
    opened.take()
    assert (opened.fetch.skipped, opened.log.next_offset) == ({"e/0": 8}, 10)
    assert opened.client.read_from == [0, 10]


@pytest.mark.parametrize("retained", [(0, 2), (2, 20)])
def test_an_offset_that_is_back_is_read_again(retained: tuple[int, int]) -> None:
    opened = Opened(retained)
    opened.take(Handed(0), Handed(1), Handed(2, GONE))
    opened.given()
    opened.take()
    assert opened.client.read_from == [0, 2]
    assert (opened.fetch.skipped, opened.fetch.failure) == ({}, None)
