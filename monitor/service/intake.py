"""Where the events of a stream come from: logs of messages to decode, or a file of labelled records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec

from monitor.config.schema import FileSourceConfig, StreamConfig
from monitor.decoding import WHOLE, Bad, BadKind, Decoded, Decoder
from monitor.decoding.decoded import shown
from monitor.sources.chunk import Chunk, Malformed, Position, Source
from monitor.sources.messages import Channel, Message, MessageSource
from monitor.sources.opening import InputSettings, open_source, take_sample
from monitor.targets import SAMPLE_RECORDS, to_targets
from stream_hmoe.events import Example

__all__ = ["Arrived", "FileIntake", "Intake", "MessageIntake", "open_file"]


@dataclass(frozen=True, slots=True)
class Arrived:
    """What came in one turn.

    Args:
        decoded: the events, and what holds none.
        message: message number i of the turn; with row number j, that record of it alone.
        position: where to resume after all of it.
        skipped: messages that were gone before they could be read.
        is_end: nothing more will ever come.
    """

    decoded: Decoded
    message: Callable[[int, int], Message]
    position: Position
    skipped: int = 0
    is_end: bool = False

    @property
    def count(self) -> int:
        """Events, and what should have been some."""
        return len(self.decoded.events) + len(self.decoded.bad)


class Intake(Protocol):
    """Gives events, and can be opened again at a position."""

    def next(self, limit: int, wait_seconds: float) -> Arrived:
        """What up to ``limit`` messages hold.

        Raises:
            Problem: the source cannot go on.
        """

    def acknowledge(self, newest: Position, oldest: Position | None) -> None:
        """The newest and the oldest checkpoint that are kept hold these positions; None is not known."""

    def lag(self) -> Mapping[str, int]:
        """Messages that wait in every log, as far as known."""

    def close(self) -> None:
        """Release the source."""


class MessageIntake:
    """Messages of logs, decoded.

    Args:
        source: the logs.
        decoder: bytes to events.
        is_emptied: what a checkpoint holds is deleted from the logs, so that the oldest checkpoint counts.
    """

    def __init__(self, source: MessageSource, decoder: Decoder, *, is_emptied: bool = False) -> None:
        self._source = source
        self._decoder = decoder
        self._is_emptied = is_emptied

    def next(self, limit: int, wait_seconds: float) -> Arrived:
        """What up to ``limit`` messages hold."""
        batch = self._source.poll(limit, wait_seconds)
        messages = batch.messages

        def message(index: int, row: int) -> Message:
            found = messages[index]
            return found if row == WHOLE else found._replace(body=self._decoder.part(found, row))

        skipped = sum(batch.skipped.values())
        return Arrived(self._decoder.decode(messages), message, batch.position, skipped, batch.is_end)

    def acknowledge(self, newest: Position, oldest: Position | None) -> None:
        """The newest and the oldest checkpoint that are kept hold these positions."""
        position = oldest if self._is_emptied else newest
        if position:  # there is none before the first message, and that of an earlier worker is not known
            self._source.acknowledge(position)

    def lag(self) -> Mapping[str, int]:
        """Messages that wait in every log."""
        return self._source.lag()

    def close(self) -> None:
        """Release the logs."""
        self._source.close()


@dataclass(slots=True)
class FileIntake:
    """Labelled records of a file.

    Args:
        source: the file.
        config: the stream that it is for.
        name: what people call it.
        position: where the source stands.
    """

    source: Source
    config: StreamConfig
    name: str
    position: Position

    def next(self, limit: int, wait_seconds: float) -> Arrived:
        """Up to ``limit`` records; a file never keeps anyone waiting, standard input may."""
        chunk = self.source.next_chunk(limit)
        if chunk is None:
            return Arrived(Decoded(), self._nothing, self.position, is_end=True)
        self.position = chunk.position
        targets = to_targets(self.config.task, chunk.targets)
        count = len(chunk.records)
        decoded = Decoded(
            events=[Example(*pair) for pair in zip(chunk.records, targets, strict=True)],
            origins=list(range(count)),
            rows=[WHOLE] * count,
            keys=[f"{self.name}@{line}" for line in chunk.lines],
            bad=[self._bad(number, bad) for number, bad in enumerate(chunk.malformed, start=count)],
        )
        return Arrived(decoded, lambda index, row: self._message(chunk, index), chunk.position)

    def acknowledge(self, newest: Position, oldest: Position | None) -> None:
        """A file keeps everything."""

    def lag(self) -> Mapping[str, int]:
        """Nobody knows how many lines follow."""
        return {}

    def close(self) -> None:
        """Close the file."""
        self.source.close()

    def _message(self, chunk: Chunk, index: int) -> Message:
        if index >= len(chunk.records):
            bad = chunk.malformed[index - len(chunk.records)]
            return Message(Channel.EVENTS, self.name, str(bad.line), None, bad.text.encode(), 0.0)
        record = {**chunk.records[index], self.config.target: chunk.targets[index]}
        body = msgspec.json.encode(record, enc_hook=str)
        return Message(Channel.EVENTS, self.name, str(chunk.lines[index]), None, body, 0.0)

    def _bad(self, index: int, bad: Malformed) -> Bad:
        kind = BadKind.UNREADABLE
        return Bad(index, WHOLE, bad.index, kind, "line", shown(bad.text), bad.reason, bad.remedy)

    @staticmethod
    def _nothing(index: int, row: int) -> Message:
        raise IndexError(index)


def open_file(config: StreamConfig, source: FileSourceConfig, position: Position | None) -> FileIntake:
    """The file of a stream, at a position or at its beginning.

    Raises:
        Problem: it cannot be read, or it does not hold what the stream needs.
    """
    settings = InputSettings(
        path=source.path,
        target=config.target,
        format=None if source.format == "auto" else source.format,
        ignored=tuple(config.ignored),
        categories=tuple(name for name, known in config.features.items() if known.type == "category"),
    )
    opened = open_source(settings, position or None)
    if not position:
        take_sample(opened, settings, SAMPLE_RECORDS)  # nothing was read yet: learn the columns
    return FileIntake(opened, config, source.path, position or {})
