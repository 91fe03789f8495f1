"""Messages, and streams that read them."""

from __future__ import annotations

import datetime
import io
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from monitor.config.schema import StreamConfig
from monitor.sources.messages import Channel, Message

AVRO = {
    "type": "record",
    "name": "order",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "amount", "type": ["null", "double"]},
        {"name": "when", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "label", "type": ["null", "string"]},
    ],
}
ORDER = {
    "id": "a",
    "amount": 1.5,
    "when": datetime.datetime(2024, 5, 1, 12, tzinfo=datetime.UTC),
    "price": Decimal("9.99"),
    "day": datetime.date(1970, 1, 11),
    "label": "u",
}


def stream(arrive: str = "with the record", **more: Any) -> StreamConfig:
    """A stream whose key is ``id`` and whose target is ``label``; it learns classes unless told otherwise."""
    source = {"kind": "kafka", "brokers": "b", "events": "orders", **more.pop("source", {})}
    labels = {"arrive": arrive, **more.pop("labels", {})}
    plain = {"name": "orders", "target": "label", "task": "classification", **more}
    return StreamConfig.model_validate({**plain, "source": source, "labels": labels})


def message(body: bytes | Mapping[str, Any], channel: Channel = Channel.EVENTS, offset: int = 7) -> Message:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Message(channel, "orders/3", str(offset), None, data, 12.5)


def messages(bodies: Sequence[bytes | Mapping[str, Any]]) -> list[Message]:
    return [message(body, offset=offset) for offset, body in enumerate(bodies)]


def arrow(
    records: Sequence[Mapping[str, Any]], is_file: bool = False, schema: pa.Schema | None = None
) -> bytes:
    batch = pa.RecordBatch.from_pylist(list(records), schema=schema)
    sink = pa.BufferOutputStream()
    make = pa.ipc.new_file if is_file else pa.ipc.new_stream
    with make(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def avro(record: Mapping[str, Any], header: bytes = b"") -> bytes:
    import fastavro

    file = io.BytesIO()
    fastavro.schemaless_writer(file, fastavro.parse_schema(AVRO), dict(record))
    return header + file.getvalue()


def avro_stream(folder: Path, arrive: str = "with the record", **more: Any) -> StreamConfig:
    path = folder / "order.avsc"
    path.write_text(json.dumps(AVRO))
    return stream(arrive, source={"format": "avro", "avro_schema": str(path)}, **more)
