"""Opens a message log by its kind; the client of each kind is imported only when it is used."""

from __future__ import annotations

from monitor.config.schema import KafkaSourceConfig, RedisSourceConfig
from monitor.sources.chunk import Position
from monitor.sources.messages import MessageSource

__all__ = ["open_messages"]


def open_messages(config: KafkaSourceConfig | RedisSourceConfig, position: Position | None) -> MessageSource:
    """The source, at ``position`` or where the configuration begins.

    Raises:
        ConfigurationProblem: a setting is wrong, or a package is missing; the message names it.
    """
    match config:
        case KafkaSourceConfig():
            from monitor.sources.kafka_source import KafkaSource

            return KafkaSource(config, position)
        case RedisSourceConfig():
            from monitor.sources.redis_source import RedisSource

            return RedisSource(config, position)
