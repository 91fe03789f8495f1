"""Arrow IPC, as a stream or as a file: one message holds many records; each is judged by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from monitor.decoding.arrow_check import all_rows_pass
from monitor.decoding.decoded import WHOLE, BadKind, Decoded, Unusable, shown_bytes
from monitor.decoding.records import RecordReader
from monitor.sources.arrow_values import plain_batch
from monitor.sources.messages import Message

__all__ = ["ArrowDecoder"]

MAX_BYTES = 64 << 20
MAX_RECORDS = 100_000
FILE_MARK = b"ARROW1"
WRITE_ARROW = "Send one Arrow IPC stream or file a message."


class ArrowDecoder:
    """Reads Arrow record batches.

    Args:
        reader: makes events of records.
        max_bytes: longer messages are refused.
        max_records: so are messages with more records.
    """

    def __init__(
        self, reader: RecordReader, max_bytes: int = MAX_BYTES, max_records: int = MAX_RECORDS
    ) -> None:
        self._reader = reader
        self._max_bytes = max_bytes
        self._max_records = max_records

    def decode(self, batch: Sequence[Message]) -> Decoded:
        """Decode messages in order; whatever the bytes are, this does not raise."""
        decoded = Decoded()
        for index, message in enumerate(batch):
            try:
                batches = self._read(message.body)
            except Unusable as flaw:
                decoded.refuse(index, WHOLE, flaw)
                continue
            row = 0
            for records, is_checked in batches:
                for record in records:
                    self._reader.add(record, message, index, row, decoded, is_checked)
                    row += 1
        return decoded

    def part(self, message: Message, row: int) -> bytes:
        """An Arrow stream of one record."""
        if row == WHOLE:
            return message.body
        for batch in _batches(message.body):
            if row < batch.num_rows:
                sink = pa.BufferOutputStream()
                with pa.ipc.new_stream(sink, batch.schema) as writer:
                    writer.write_batch(batch.slice(row, 1))
                return bytes(sink.getvalue())
            row -= batch.num_rows
        raise IndexError(f"the message has no record {row}")

    def _read(self, body: bytes) -> list[tuple[list[dict[str, Any]], bool]]:
        """The records of every batch, and whether their features are known to be as they should."""
        if len(body) > self._max_bytes:
            reason = f"the message has more than {self._max_bytes} bytes"
            raise Unusable(BadKind.TOO_BIG, "", f"{len(body)} bytes", reason, "Send fewer records at once.")
        try:
            batches = _batches(body)
            count = sum(batch.num_rows for batch in batches)
            if count <= self._max_records:
                return [(_rows(batch), self._passes(batch)) for batch in map(_plain, batches)]
        except Exception as error:  # damaged bytes make pyarrow raise errors of many classes
            reason = f"not Arrow: {type(error).__name__}"
            words = str(error).splitlines()[0] if str(error) else ""
            raise Unusable(BadKind.UNREADABLE, "", words or shown_bytes(body), reason, WRITE_ARROW) from None
        reason = f"the message has more than {self._max_records} records"
        raise Unusable(BadKind.TOO_BIG, "", f"{count} records", reason, "Send fewer records at once.")

    def _passes(self, batch: pa.RecordBatch) -> bool:
        check = self._reader.check
        return all_rows_pass(batch, check.features, check.is_closed, self._reader.others)


def _batches(body: bytes) -> list[pa.RecordBatch]:
    """The batches of a message, validated: a damaged one must not be read beyond its buffers."""
    if body.startswith(FILE_MARK):
        file = pa.ipc.open_file(pa.py_buffer(body))
        batches = [file.get_batch(number) for number in range(file.num_record_batches)]
    else:
        batches = list(pa.ipc.open_stream(pa.py_buffer(body)))
    for batch in batches:
        batch.validate(full=True)
    return batches


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    names = batch.schema.names
    if len(set(names)) < len(names):
        reason = "two columns have the same name"
        raise ValueError(reason)
    return plain_batch(batch)


def _rows(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    names = batch.schema.names
    columns = [_values(column) for column in batch.columns]
    return [dict(zip(names, values)) for values in zip(*columns)]  # noqa: B905  all are as long as the batch


def _values(column: Any) -> list[Any]:
    """A column as Python values; NaN, which Arrow has for floats, says that nothing is known."""
    if not pa.types.is_floating(column.type):
        values: list[Any] = column.to_pylist()
        return values
    floats = column.to_numpy(zero_copy_only=False)  # nulls become NaN
    missing = floats != floats
    if not missing.any():
        values = floats.tolist()
        return values
    return [None if gone else value for value, gone in zip(floats.tolist(), missing.tolist(), strict=True)]
