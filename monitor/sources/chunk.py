"""What every source gives: chunks of records with the position to resume after them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from monitor.problems import ConfigurationProblem

__all__ = ["Chunk", "Malformed", "Position", "Sample", "Source", "require_column", "require_target"]

Position = Mapping[str, Any]
"""Where to resume: JSON-able, meaningful to the source that made it."""

MAX_COLUMNS_NAMED = 20


@dataclass(frozen=True, slots=True)
class Malformed:
    """A line that is no record; it is rejected and the stream goes on.

    Args:
        index: records of the chunk that came before it.
        line: 1-based line number in the input.
        text: the line, shortened.
        reason: what is wrong with it.
        remedy: what can be done.
    """

    index: int
    line: int
    text: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive records; without any when nothing has arrived for a moment.

    Args:
        records: the features of each record.
        targets: the label of each record as it arrived; None when it is missing.
        lines: 1-based line (or row) number of each record.
        malformed: lines between them that are no records.
        position: where to resume after this chunk.
        bytes_read: bytes of the input consumed so far, before decompression.
    """

    records: Sequence[dict[str, Any]]
    targets: Sequence[Any]
    lines: Sequence[int]
    position: Position
    bytes_read: int
    malformed: Sequence[Malformed] = field(default=())


@dataclass(frozen=True, slots=True)
class Sample:
    """A look at the first records, which stay in the stream.

    Args:
        targets: their labels; None when missing.
        columns: the fields seen, in order.
        malformed: lines among them that are no records.
    """

    targets: Sequence[Any]
    columns: Sequence[str]
    malformed: Sequence[Malformed] = field(default=())


class Source(Protocol):
    """A stream of records that can be resumed."""

    @property
    def size_bytes(self) -> int | None:
        """Bytes of the whole input before decompression; None when unknown."""

    @property
    def has_waiting(self) -> bool:
        """Records have been read that a resumed run could not read again."""

    def sample(self, limit: int) -> Sample:
        """Look at up to ``limit`` first records without taking them."""

    def next_chunk(self, limit: int) -> Chunk | None:
        """Up to ``limit`` lines or rows; None at the end.

        Raises:
            Problem: the input is broken from here on; everything before it has been given.
        """

    def stop_reading(self) -> None:
        """Read nothing more: the next chunks give what is waiting."""

    def close(self) -> None:
        """Release the input; may be called twice."""


def require_target(target: str, columns: Sequence[str], name: str) -> None:
    """Make sure that the label's column exists.

    Raises:
        ConfigurationProblem: it does not; the message names the nearest column and lists what there is.
    """
    _require(target, columns, f"{name} has no column {target!r} to learn.", "--target")


def require_column(column: str, columns: Sequence[str], option: str, name: str) -> None:
    """Make sure that a column named by an option exists.

    Raises:
        ConfigurationProblem: it does not; the message names the nearest column and lists what there is.
    """
    _require(column, columns, f"{name} has no column {column!r}.", option)


def _require(column: str, columns: Sequence[str], complaint: str, option: str) -> None:
    if column in columns:
        return
    lowered = {name.lower(): name for name in columns}
    near = difflib.get_close_matches(column.lower(), list(lowered), n=1)
    hint = f" Did you mean {option} {lowered[near[0]]}?" if near else ""
    listed = ", ".join(columns[:MAX_COLUMNS_NAMED]) + (", ..." if len(columns) > MAX_COLUMNS_NAMED else "")
    raise ConfigurationProblem(f"{complaint}{hint} Columns: {listed}")
