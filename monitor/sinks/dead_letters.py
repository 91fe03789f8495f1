"""Messages that could not be used, with the reason: as they came to Kafka, or as lines of a file.

Header names follow KIP-1034 where it has a name.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec

from monitor.config.schema import FileSinkConfig, KafkaSinkConfig
from monitor.sinks.kafka_writer import KafkaWriter
from monitor.sinks.line_file import LineFile
from monitor.sinks.sink import Store
from monitor.sources.messages import Message

__all__ = ["DeadLetters", "FileDeadLetters", "KafkaDeadLetters", "open_dead_letters"]

HEADER_PREFIX = "__streams.errors."
EXCEPTION = "stream_hmoe.events.Rejected"
NO_PARTITION = "-1"


class DeadLetters(Store, Protocol):
    """Keeps messages that could not be used."""

    def add(self, message: Message, reason: str, field: str, value: str, remedy: str) -> None:
        """Keep one; it is safe after the next ``flush``.

        Args:
            message: as it came.
            reason: what is wrong.
            field: the field at fault; empty when the whole is.
            value: its value, as text.
            remedy: what can be done.

        Raises:
            Problem: it cannot be kept.
        """


class KafkaDeadLetters(KafkaWriter):
    """Sends the original key and body to a topic, with the reason in headers."""

    def add(self, message: Message, reason: str, field: str, value: str, remedy: str) -> None:
        """Keep one; waits while the queue is full."""
        topic, slash, partition = message.log.rpartition("/")
        named = {
            "exception": EXCEPTION,
            "message": reason,
            "topic": topic if slash else message.log,
            "partition": partition if slash else NO_PARTITION,
            "offset": message.offset,
            "channel": message.channel.value,
            "field": field,
            "value": value,
            "remedy": remedy,
        }
        headers = [(HEADER_PREFIX + name, _encodable(text).encode()) for name, text in named.items()]
        self.send(message.body, message.key, headers)


class FileDeadLetters(LineFile):
    """Writes JSON lines; a body or key that is no UTF-8 text becomes ``body_base64``, ``key_base64``."""

    def add(self, message: Message, reason: str, field: str, value: str, remedy: str) -> None:
        """Keep one."""
        texts = {"reason": reason, "field": field, "value": value, "remedy": remedy}
        entry = {
            "log": message.log,
            "offset": message.offset,
            "channel": message.channel.value,
            **({"key": None} if message.key is None else _text("key", message.key)),
            **_text("body", message.body),
            **{name: _encodable(text) for name, text in texts.items()},
            "time_seconds": message.time_seconds,
        }
        self.append(msgspec.json.encode(entry))


def open_dead_letters(
    config: KafkaSinkConfig | FileSinkConfig, usual: Path, state: Mapping[str, Any] | None
) -> DeadLetters:
    """Dead letters where the configuration says.

    Args:
        config: topic or file.
        usual: the file when the configuration names none.
        state: what ``state_dict`` gave to the checkpoint that is resumed; None for a new stream.
    """
    if isinstance(config, KafkaSinkConfig):
        return KafkaDeadLetters(config)
    return FileDeadLetters(config.path or usual, state)


def _text(name: str, data: bytes) -> dict[str, str]:
    try:
        return {name: data.decode("utf-8")}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(data).decode("ascii")}


def _encodable(text: str) -> str:
    """Half a surrogate pair, which JSON may bring, cannot be written as UTF-8."""
    return text.encode("utf-8", "replace").decode()
