"""Results as JSON objects with ids, written at least once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec

from monitor.config.schema import FileSinkConfig, KafkaSinkConfig
from monitor.plain_values import plain
from monitor.sinks.kafka_writer import KafkaWriter
from monitor.sinks.line_file import LineFile

__all__ = ["FileSink", "KafkaSink", "Sink", "Store", "open_sink"]


class Store(Protocol):
    """Something that holds what was written."""

    def flush(self) -> None:
        """Return when everything written is safe: acknowledged by all replicas, or on disk.

        Raises:
            Problem: it is not; after a ``TemporaryProblem`` go on from the last checkpoint.
        """

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint must hold to go on writing behind it."""

    def close(self) -> None:
        """Release it; what was not flushed may be lost. May be called twice."""


class Sink(Store, Protocol):
    """Takes results."""

    def write(self, id: str, record: Mapping[str, Any], key: str | None) -> None:
        """Take one result; it is safe after the next ``flush``.

        Args:
            id: names the result for ever, so that readers can drop repeats.
            record: its other fields, in values of JSON or NumPy; NaN becomes null.
            key: what results are to be kept in order by; None for none.

        Raises:
            Problem: it cannot be taken.
        """


class KafkaSink(KafkaWriter):
    """Writes results to a topic; the id is also a header."""

    def write(self, id: str, record: Mapping[str, Any], key: str | None) -> None:
        """Take one result; waits while the queue is full."""
        self.send(json_object(id, record), None if key is None else key.encode(), [("id", id.encode())])


class FileSink(LineFile):
    """Writes results to a JSON Lines file; the key is left out."""

    def write(self, id: str, record: Mapping[str, Any], key: str | None) -> None:
        """Take one result."""
        self.append(json_object(id, record))


def open_sink(config: KafkaSinkConfig | FileSinkConfig, usual: Path, state: Mapping[str, Any] | None) -> Sink:
    """The sink that the configuration names.

    Args:
        config: topic or file.
        usual: the file when the configuration names none.
        state: what ``state_dict`` of this sink gave to the checkpoint that is resumed; None for a new stream.
    """
    if isinstance(config, KafkaSinkConfig):
        return KafkaSink(config)
    return FileSink(config.path or usual, state)


def json_object(id: str, record: Mapping[str, Any]) -> bytes:
    """A result as JSON, its id first."""
    return msgspec.json.encode({"id": id, **record}, enc_hook=plain)
