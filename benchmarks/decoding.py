"""Messages decoded and checked per second, on one core: ``python -m benchmarks.decoding --help``."""

from __future__ import annotations

import argparse
import io
import json
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa

from monitor.config.schema import StreamConfig
from monitor.decoding import make_decoder
from monitor.sources.messages import Channel, Message

__all__ = ["main", "measure"]

BATCH_MESSAGES = 500
ARROW_ROWS = 500
FORMATS = ("json", "avro", "arrow")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=20_000, help="records of each format")
    parser.add_argument("--features", type=int, default=10, help="numbers in each record")
    parser.add_argument("--repeats", type=int, default=5, help="the fastest of so many counts")
    options = parser.parse_args(arguments)
    print(f"{options.features} features; records/s, decoded and made into events")
    for name, is_checked, speed in measure(options.records, options.features, options.repeats):
        what = "types and limits of every feature checked" if is_checked else "features as they come"
        print(f"{name:<6} {speed:>10,.0f}  {what}")
    return 0


def measure(records: int, features: int, repeats: int) -> Iterator[tuple[str, bool, float]]:
    """Format, whether features are checked, records a second of processor time."""
    rows = _rows(records, features)
    with tempfile.TemporaryDirectory() as folder:
        schema = Path(folder) / "record.avsc"
        schema.write_text(json.dumps(_schema(features)), encoding="utf-8")
        for name in FORMATS:
            messages = _messages(name, rows, features)
            for is_checked in (False, True):
                decoder = make_decoder(_stream(name, features if is_checked else 0, schema))
                seconds = []
                for _ in range(repeats):
                    begin, events = time.process_time(), 0
                    for first in range(0, len(messages), BATCH_MESSAGES):
                        events += len(decoder.decode(messages[first : first + BATCH_MESSAGES]).events)
                    seconds.append(time.process_time() - begin)
                    if events != records:
                        raise RuntimeError(f"{name}: {events} events of {records} records")
                yield name, is_checked, records / min(seconds)


def _rows(records: int, features: int) -> list[dict[str, Any]]:
    source = random.Random(0)
    return [
        {
            "id": str(number),
            **{f"feature_{column}": source.uniform(0.0, 100.0) for column in range(features)},
            "label": source.choice("ab"),
        }
        for number in range(records)
    ]


def _schema(features: int) -> dict[str, Any]:
    numbers = [{"name": f"feature_{column}", "type": ["null", "double"]} for column in range(features)]
    texts = [{"name": name, "type": "string"} for name in ("id", "label")]
    return {"type": "record", "name": "record", "fields": [*numbers, *texts]}


def _stream(name: str, features: int, schema: Path) -> StreamConfig:
    avro = {"avro_schema": str(schema)} if name == "avro" else {}
    known = {"type": "number", "least": 0.0, "most": 100.0, "is_required": True}
    return StreamConfig.model_validate(
        {
            "name": "measured",
            "target": "label",
            "task": "classification",
            "features": {f"feature_{column}": known for column in range(features)},
            "is_closed": features > 0,
            "source": {"kind": "kafka", "brokers": "none", "events": "none", "format": name, **avro},
        }
    )


def _messages(name: str, rows: Sequence[dict[str, Any]], features: int) -> list[Message]:
    bodies = [json.dumps(row).encode() for row in rows] if name == "json" else []
    if name == "avro":
        schema = fastavro.parse_schema(_schema(features))
        for row in rows:
            file = io.BytesIO()
            fastavro.schemaless_writer(file, schema, row)
            bodies.append(file.getvalue())
    if name == "arrow":
        for first in range(0, len(rows), ARROW_ROWS):
            batch = pa.RecordBatch.from_pylist(list(rows[first : first + ARROW_ROWS]))
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, batch.schema) as writer:
                writer.write_batch(batch)
            bodies.append(bytes(sink.getvalue()))
    return [
        Message(Channel.EVENTS, "none/0", str(place), None, body, 0.0) for place, body in enumerate(bodies)
    ]


if __name__ == "__main__":
    raise SystemExit(main())
