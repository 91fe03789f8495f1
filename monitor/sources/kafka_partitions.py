"""The partitions of the topics of a source, and the offset at which each is begun."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaException, TopicPartition

from monitor.config.schema import KafkaSourceConfig
from monitor.kafka_client import QUERY_SECONDS, lasting_problem
from monitor.problems import ConfigurationProblem
from monitor.sources.log_merge import Log
from monitor.sources.messages import Channel

__all__ = ["KafkaLog", "Partition", "find_partitions", "retained_offsets", "topics_of"]


class Partition(NamedTuple):
    """One partition of a topic of the source."""

    channel: Channel
    topic: str
    number: int

    @property
    def log(self) -> str:
        """Its name as a log."""
        return f"{self.topic}/{self.number}"


@dataclass(slots=True, eq=False, kw_only=True)
class KafkaLog(Log):
    """A partition that is read.

    Args:
        partition: which.
        fetch_offset: every message before it is waiting here or was given.
        is_paused: nothing is fetched until enough was given.
        is_cut: the broker no longer has ``fetch_offset``.
    """

    partition: Partition
    fetch_offset: int
    is_paused: bool = False
    is_cut: bool = False

    @property
    def next_offset(self) -> int:
        """Where to resume after the last message that was given."""
        return int(self.waiting[0][1].offset) if self.waiting else self.fetch_offset

    def at(self, offset: int) -> TopicPartition:
        """The partition, at an offset, as the client wants it."""
        return TopicPartition(self.partition.topic, self.partition.number, offset)


def topics_of(config: KafkaSourceConfig) -> dict[str, Channel]:
    """The topics of a source.

    Raises:
        ConfigurationProblem: records and labels are to come from the same topic.
    """
    if config.labels == config.events:
        message = f"labels: {config.labels} is the topic of the records too"
        raise ConfigurationProblem(f"{message}; name the topic of the labels, or leave labels out")
    topics = {config.events: Channel.EVENTS}
    if config.labels is not None:
        topics[config.labels] = Channel.LABELS
    return topics


def find_partitions(consumer: Consumer, config: KafkaSourceConfig, seconds: float) -> list[Partition]:
    """All partitions that are to be read now.

    Args:
        consumer: asks the brokers.
        config: topics, and partitions if not all.
        seconds: longest wait for each topic.

    Raises:
        KafkaException: the brokers do not answer, or not for the moment.
        ConfigurationProblem: a topic or partition does not exist or may not be seen.
    """
    found = []
    for topic, channel in topics_of(config).items():
        metadata = consumer.list_topics(topic, timeout=seconds).topics[topic]
        if metadata.error is not None:
            problem = lasting_problem(metadata.error, f"topic {topic}")
            raise problem or KafkaException(metadata.error)
        there = sorted(metadata.partitions)
        for number in sorted(set(config.partitions or there)):
            if number not in there:
                message = f"partitions: {topic} has no partition {number}, it has {len(there)}"
                raise ConfigurationProblem(f"{message} (from 0); list others, or leave partitions out")
            found.append(Partition(channel, topic, number))
    return found


def retained_offsets(consumer: Consumer, partition: Partition) -> tuple[int, int]:
    """Offset of the earliest message that is retained, and the one after the last.

    Raises:
        KafkaException: the brokers do not answer.
    """
    place = TopicPartition(partition.topic, partition.number)
    offsets: tuple[int, int] = consumer.get_watermark_offsets(place, timeout=QUERY_SECONDS)
    return offsets
