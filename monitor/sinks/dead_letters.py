"""Where messages go that could not be used: as they came to Kafka, or as lines of a file, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from monitor.config.schema import FileSinkConfig, KafkaSinkConfig
from monitor.dead_letters import DeadLetter, to_headers, to_line
from monitor.sinks.kafka_writer import KafkaWriter
from monitor.sinks.line_file import LineFile
from monitor.sinks.sink import Store

__all__ = ["DeadLetters", "FileDeadLetters", "KafkaDeadLetters", "open_dead_letters"]


class DeadLetters(Store, Protocol):
    """Keeps messages that could not be used."""

    def add(self, letter: DeadLetter) -> None:
        """Keep one; it is safe after the next ``flush``.

        Raises:
            Problem: it cannot be kept.
        """


class KafkaDeadLetters(KafkaWriter):
    """Sends the original key and body to a topic, with the reason in headers."""

    def add(self, letter: DeadLetter) -> None:
        """Keep one; waits while the queue is full."""
        self.send(letter.body, letter.key, to_headers(letter))


class FileDeadLetters(LineFile):
    """Writes JSON lines."""

    def add(self, letter: DeadLetter) -> None:
        """Keep one."""
        self.append(to_line(letter))


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
