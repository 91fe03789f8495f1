"""Small files in every format that hold the same records."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

RECORDS: list[dict[str, Any]] = [
    {"age": n * 0.5, "colour": ["red", "blue", "green"][n % 3], "pay": float(n % 7), "label": n % 2}
    for n in range(57)
]
FORMATS = ["csv", "csv.gz", "jsonl", "jsonl.gz", "parquet", "parquet.gz"]


def as_csv(records: list[dict[str, Any]] = RECORDS) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().encode()


def as_json_lines(records: list[dict[str, Any]] = RECORDS) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def as_parquet(records: list[dict[str, Any]] = RECORDS, row_group_size: int = 10) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(records), sink, row_group_size=row_group_size)
    return sink.getvalue()


def write(folder: Path, kind: str) -> Path:
    """The records as a file of one of FORMATS."""
    data = {"csv": as_csv, "jsonl": as_json_lines, "parquet": as_parquet}[kind.split(".")[0]]()
    path = folder / f"records.{kind}"
    path.write_bytes(gzip.compress(data) if kind.endswith(".gz") else data)
    return path


@contextmanager
def standard_input(data: bytes) -> Iterator[None]:
    """Standard input is a pipe that holds ``data`` and then ends."""
    reading, writing = os.pipe()

    def feed() -> None:
        # A reader that stops early breaks the pipe, as it may.
        with suppress(BrokenPipeError), os.fdopen(writing, "wb") as pipe:
            pipe.write(data)

    thread = threading.Thread(target=feed)
    kept = os.dup(0)
    os.dup2(reading, 0)
    os.close(reading)
    thread.start()
    try:
        yield
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        thread.join()


def as_parquet_without_rows() -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"age": pa.array([], pa.float64()), "label": pa.array([], pa.int64())}), sink)
    return sink.getvalue()
