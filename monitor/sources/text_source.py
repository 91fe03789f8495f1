"""Records from lines: what CSV and JSON Lines have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from monitor.sources.chunk import Chunk, Malformed, Sample
from monitor.sources.lines import LineQueue, LineReader

__all__ = ["BadLine", "LineFormat", "Record", "TextSource"]

MAX_TEXT = 2_000


@dataclass(frozen=True, slots=True)
class Record:
    """One record as read.

    Args:
        features: its fields without the target.
        target: its label; None when missing.
    """

    features: dict[str, Any]
    target: Any


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no record, why, and what can be done."""

    raw: bytes
    reason: str
    remedy: str


class LineFormat(Protocol):
    """How lines become records."""

    def read(self, queue: LineQueue) -> Record | BadLine | None:
        """Take the next record, passing over blank lines; None when no complete one is here."""

    def learn_columns(self, lines: Sequence[bytes]) -> Sequence[str]:
        """Look at the first lines of the data -> the fields they have, in order."""

    def position(self) -> dict[str, Any]:
        """What the format itself needs to resume in the middle."""


class TextSource:
    """A stream of records in lines.

    Args:
        lines: where the lines come from.
        line_format: how they become records.
        is_repeatable: a resumed run can read the same bytes again.
    """

    def __init__(self, lines: LineReader, line_format: LineFormat, is_repeatable: bool) -> None:
        self._lines = lines
        self._format = line_format
        self._is_repeatable = is_repeatable
        self._is_reading = True

    @property
    def size_bytes(self) -> int | None:
        """Bytes of the whole input before decompression; None when unknown."""
        return self._lines.stream.size_bytes

    @property
    def has_waiting(self) -> bool:
        """Complete lines have been read that a resumed run could not read again."""
        return not self._is_repeatable and len(self._lines.queue) > 0

    def sample(self, limit: int) -> Sample:
        """Look at up to ``limit`` first lines, which stay in the stream."""
        raw = self._lines.peek(limit)
        columns = self._format.learn_columns(raw)
        queue = LineQueue(raw, is_complete=True)
        chunk = self._collect(queue, limit)
        if not chunk.targets and not chunk.malformed:
            self._lines.raise_problem()
        return Sample(chunk.targets, columns, chunk.malformed)

    def next_chunk(self, limit: int) -> Chunk | None:
        """Records of up to ``limit`` lines; without any when a pipe has nothing for now; None at the end.

        Raises:
            Problem: the input is broken from here on; everything before it has been given.
        """
        if self._is_reading:
            self._lines.gather(limit)
        if not self._lines.queue and self._lines.queue.is_complete:
            self._lines.raise_problem()
            return None
        return self._collect(self._lines.queue, limit)

    def stop_reading(self) -> None:
        """Read nothing more: the next chunks give the lines that are waiting."""
        self._is_reading = False
        self._lines.queue.is_complete = True

    def close(self) -> None:
        """Close the input."""
        self._lines.stream.close()

    def _collect(self, queue: LineQueue, limit: int) -> Chunk:
        records: list[dict[str, Any]] = []
        targets: list[Any] = []
        numbers: list[int] = []
        malformed: list[Malformed] = []
        last = queue.line + limit
        while queue.line < last:
            line = queue.line + 1
            item = self._format.read(queue)
            if item is None:
                break
            if isinstance(item, Record):
                records.append(item.features)
                targets.append(item.target)
                numbers.append(line)
            else:
                text = item.raw[:MAX_TEXT].decode("utf-8", "replace").rstrip("\r\n")
                malformed.append(Malformed(len(records), line, text, item.reason, item.remedy))
        return Chunk(
            records,
            targets,
            numbers,
            {"offset": queue.offset, "line": queue.line, **self._format.position()},
            self._lines.stream.bytes_read,
            malformed,
        )
