"""Parquet files, read batch by batch within one row group at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from monitor.problems import ConfigurationProblem, TemporaryProblem
from monitor.sources.arrow_values import plain_batch
from monitor.sources.byte_stream import ByteStream
from monitor.sources.chunk import Chunk, Position, Sample, require_column, require_target

__all__ = ["ParquetSource"]

BATCH_ROWS = 1_000
ARROW_ERRORS = (pa.ArrowException, OSError)


class ParquetSource:
    """The rows of a Parquet file; gzip files and pipes are first copied to a temporary file.

    Args:
        stream: the bytes.
        target: the column to learn.
        ignored: columns to leave out.
        position: resume there.

    Raises:
        TemporaryProblem: the file is not complete Parquet.
        ConfigurationProblem: it has no such target.
    """

    has_waiting = False

    def __init__(
        self, stream: ByteStream, target: str, ignored: Sequence[str], position: Position | None
    ) -> None:
        self._name = stream.name
        self.size_bytes = stream.size_bytes
        stream.head()
        self._input: IO[bytes] = open(stream.name, "rb") if stream.is_plain_file else _spooled(stream)  # noqa: SIM115
        stream.close()
        try:
            self._file = pq.ParquetFile(self._input)
            names = self._file.schema_arrow.names
            require_target(target, names, self._name)
            for column in ignored:
                require_column(column, names, "--ignore", self._name)
        except ARROW_ERRORS as error:
            self.close()
            raise self._broken(error) from error
        except ConfigurationProblem:
            self.close()
            raise
        self._target = target
        self._columns = [name for name in names if name not in ignored]
        self._row = int(position["row"]) if position is not None else 0
        self._batches = self._read(self._row)
        self._waiting: pa.RecordBatch | None = None

    def sample(self, limit: int) -> Sample:
        """Look at up to ``limit`` first rows, which stay in the stream."""
        rows = next(self._read(self._row), None)
        targets = [] if rows is None else rows.column(self._target).to_pylist()[:limit]
        return Sample(targets, self._columns)

    def next_chunk(self, limit: int) -> Chunk | None:
        """Up to ``limit`` rows; None at the end.

        Raises:
            TemporaryProblem: the file is damaged from here on.
        """
        batch = self._waiting if self._waiting is not None else next(self._batches, None)
        if batch is None:
            return None
        self._waiting = batch.slice(limit) if batch.num_rows > limit else None
        records = batch.slice(0, limit).to_pylist()
        lines = range(self._row + 1, self._row + len(records) + 1)
        self._row += len(records)
        share = self._row / max(1, self._file.metadata.num_rows)
        return Chunk(
            records=records,
            targets=[record.pop(self._target) for record in records],
            lines=lines,
            position={"row": self._row},
            bytes_read=int(share * (self.size_bytes or 0)),
        )

    def stop_reading(self) -> None:
        """Nothing to do: a file can be read again."""

    def close(self) -> None:
        """Close the file; a temporary copy is gone then."""
        self._input.close()

    def _read(self, row: int) -> Iterator[pa.RecordBatch]:
        """Batches from ``row`` on, telling of damage in our words."""
        try:
            yield from self._read_groups(row)
        except ARROW_ERRORS as error:
            raise self._broken(error) from error

    def _read_groups(self, row: int) -> Iterator[pa.RecordBatch]:
        """Batches from ``row`` on; row groups before it are not opened."""
        for group in range(self._file.num_row_groups):
            rows = self._file.metadata.row_group(group).num_rows
            if row >= rows:
                row -= rows
                continue
            for batch in self._file.iter_batches(BATCH_ROWS, row_groups=[group], columns=self._columns):
                if row >= batch.num_rows:
                    row -= batch.num_rows
                    continue
                yield plain_batch(batch.slice(row))
                row = 0

    def _broken(self, error: Exception) -> TemporaryProblem:
        reason = str(error).splitlines()[0]
        message = f"{self._name} is not a complete Parquet file ({reason})"
        return TemporaryProblem(f"{message}; get a complete copy, or name another --format")


def _spooled(stream: ByteStream) -> IO[bytes]:
    """A temporary file with all bytes of the stream: Parquet is read from its end."""
    copy = tempfile.TemporaryFile()  # noqa: SIM115  the caller closes it
    try:
        while (data := stream.read()) != b"":
            copy.write(data or b"")
    except BaseException:
        copy.close()
        raise
    copy.seek(0)
    return copy
