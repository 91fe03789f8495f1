"""Parquet's own types, and files that are broken."""

from __future__ import annotations

import datetime
import decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.problems import TemporaryProblem
from monitor.sources.opening import InputSettings, open_source
from tests.monitor.sources import made_files


def test_times_decimals_and_dictionaries_become_plain_values(tmp_path: Path) -> None:
    path = tmp_path / "types.parquet"
    moment = datetime.datetime(2024, 1, 1, 0, 0, 1, 500_000, tzinfo=datetime.UTC)
    table = pa.table(
        {
            "moment": pa.array([moment, None], pa.timestamp("ns", "UTC")),
            "day": pa.array([datetime.date(1970, 1, 11), None]),
            "price": pa.array([decimal.Decimal("1.25"), None]),
            "colour": pa.array(["red", None]).dictionary_encode(),
            "raw": pa.array([b"abc", None]),
            "label": pa.array([1, 2]),
        }
    )
    pq.write_table(table, path)
    source = open_source(InputSettings(str(path), "label"))
    chunk = source.next_chunk(10)
    source.close()
    assert chunk is not None
    assert list(chunk.records) == [
        {"moment": moment.timestamp(), "day": 10, "price": 1.25, "colour": "red", "raw": "abc"},
        dict.fromkeys(("moment", "day", "price", "colour", "raw")),
    ]


@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_an_incomplete_file_is_told(keep: float, tmp_path: Path) -> None:
    data = made_files.as_parquet()
    path = tmp_path / "cut.parquet"
    path.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(TemporaryProblem, match="not a complete Parquet file"):
        open_source(InputSettings(str(path), "label"))


def test_a_row_group_that_is_damaged_ends_the_stream_after_the_rows_before(tmp_path: Path) -> None:
    data = bytearray(made_files.as_parquet())
    metadata = pq.ParquetFile(pa.BufferReader(bytes(data))).metadata
    start = (
        metadata.row_group(2).column(0).dictionary_page_offset
        or metadata.row_group(2).column(0).data_page_offset
    )
    data[start : start + 8] = b"\xff" * 8
    path = tmp_path / "damaged.parquet"
    path.write_bytes(data)
    source = open_source(InputSettings(str(path), "label"))
    chunks = [source.next_chunk(10), source.next_chunk(10)]
    with pytest.raises(TemporaryProblem, match="not a complete Parquet file"):
        source.next_chunk(10)
    source.close()
    assert [len(chunk.records) for chunk in chunks if chunk is not None] == [10, 10]
