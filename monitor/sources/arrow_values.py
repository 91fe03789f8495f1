"""Arrow columns as plain columns: times as seconds, dates as days, decimals as floats, names as text."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["plain_batch"]


def plain_batch(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with times as seconds, decimals as floats and dictionaries as their values.

    Raises:
        pa.ArrowException: a value does not fit, for example bytes that are no UTF-8.
    """
    arrays = [_plain_column(column) for column in batch.columns]
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def _plain_column(column: Any) -> Any:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain_column(column.dictionary_decode())
    if pa.types.is_decimal(kind):
        return pc.cast(column, pa.float64())
    if pa.types.is_timestamp(kind):
        return pc.divide(pc.cast(pc.cast(column, pa.timestamp("us", kind.tz)), pa.int64()), 1e6)
    if pa.types.is_date(kind):
        return pc.cast(pc.cast(column, pa.date32()), pa.int32())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return pc.cast(column, pa.string())
    return column
