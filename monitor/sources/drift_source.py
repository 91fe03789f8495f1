"""The records of an endless made-up stream, numbered from its start."""

from __future__ import annotations

from itertools import islice

from monitor.sources.chunk import Chunk, Position, Sample
from stream_hmoe.streams import DriftStream

__all__ = ["DriftSource"]


class DriftSource:
    """A ``DriftStream`` as a source; it never ends.

    Args:
        stream: the stream, which this source moves.
        target: what its label is called.
        position: resume there.
    """

    has_waiting = False
    size_bytes = None

    def __init__(self, stream: DriftStream, target: str, position: Position | None) -> None:
        self._stream = stream
        self._target = target
        stream.seek(0 if position is None else int(position["record"]))

    def sample(self, limit: int) -> Sample:
        """Look at the next ``limit`` records, which stay in the stream."""
        first = self._stream.position
        chunk = self.next_chunk(limit)
        self._stream.seek(first)
        return Sample(chunk.targets, [*chunk.records[0], self._target])

    def next_chunk(self, limit: int) -> Chunk:
        """The next ``limit`` records."""
        first = self._stream.position
        items = list(islice(self._stream, limit))
        return Chunk(
            records=[record for record, _, _ in items],
            targets=[label for _, label, _ in items],
            lines=range(first + 1, first + limit + 1),
            position={"record": first + limit},
            bytes_read=0,
        )

    def stop_reading(self) -> None:
        """Nothing to do: nothing is read ahead that could be lost."""

    def close(self) -> None:
        """Nothing to do: nothing is open."""
