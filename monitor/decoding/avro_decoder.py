"""Avro: one record a message, written with a known schema, with or without a schema registry's header."""

from __future__ import annotations

import datetime
import io
import json
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

from monitor.decoding.decoded import BadKind, Unusable, shown_bytes
from monitor.decoding.one_record import MAX_BYTES, OneRecordDecoder
from monitor.decoding.records import RecordReader
from monitor.problems import ConfigurationProblem

__all__ = ["AvroDecoder", "read_schema"]

REGISTRY_MAGIC = 0
REGISTRY_HEADER_BYTES = 5  # the magic byte and the number of the schema
EPOCH_DAY = datetime.date(1970, 1, 1).toordinal()
UTC = datetime.UTC


class AvroDecoder(OneRecordDecoder):
    """Reads Avro records.

    A message that begins with a zero byte is read without its first five bytes (the header of a schema
    registry) if what follows is exactly one record, else as it is.

    Args:
        reader: makes events of records.
        schema: that the records were written with, from ``read_schema``.
        max_bytes: longer messages are refused.
    """

    def __init__(self, reader: RecordReader, schema: Any, max_bytes: int = MAX_BYTES) -> None:
        import fastavro

        super().__init__(reader, max_bytes)
        self._read = fastavro.schemaless_reader
        self._schema = schema

    def _record(self, body: bytes) -> dict[str, Any]:
        if body[:1] == bytes([REGISTRY_MAGIC]) and len(body) > REGISTRY_HEADER_BYTES:
            record = self._exactly(body[REGISTRY_HEADER_BYTES:])
            if isinstance(record, dict):
                return record
        record = self._exactly(body)
        if isinstance(record, dict):
            return record
        remedy = "Write the records with the schema in source.avro_schema."
        raise Unusable(BadKind.UNREADABLE, "", shown_bytes(body), record, remedy)

    def _exactly(self, body: bytes) -> dict[str, Any] | str:
        """The record that takes up all of the bytes, or why there is none."""
        file = io.BytesIO(body)
        try:
            record: Any = self._read(file, self._schema, None)
            plain = {name: _plain(value) for name, value in record.items()}
        except Exception as error:  # damaged bytes make fastavro raise errors of many classes
            return f"not Avro of this schema: {type(error).__name__}"
        if file.tell() < len(body):
            return "not Avro of this schema: bytes are left over"
        return plain


def read_schema(path: Path) -> Any:
    """The schema of records, ready for ``AvroDecoder``.

    Raises:
        ConfigurationProblem: there is none in the file, or Avro support is not installed.
    """
    try:
        import fastavro
    except ImportError as error:
        message = "source.format avro needs fastavro"
        raise ConfigurationProblem(f"{message}: pip install 'stream-hmoe[avro]'") from error
    where = f"source.avro_schema: {path}"
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        schema = fastavro.parse_schema(written)
    except OSError as error:
        raise ConfigurationProblem(f"{where}: cannot read it: {error.strerror}") from error
    except (ValueError, TypeError, AttributeError, KeyError, fastavro.schema.SchemaParseException) as error:
        message = f"{where} is no Avro schema: {error}"
        raise ConfigurationProblem(f"{message}; it must hold the JSON of a record schema") from error
    if not isinstance(schema, dict) or schema.get("type") != "record":
        raise ConfigurationProblem(
            f"{where}: the schema must be of type record, with a field for every value"
        )
    return schema


def _plain(value: Any) -> Any:
    """Times as seconds since 1970, dates as days, decimals as floats, NaN as nothing; the rest as it is."""
    if isinstance(value, float):
        return None if value != value else value
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, datetime.datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, datetime.date):
        return value.toordinal() - EPOCH_DAY
    if isinstance(value, datetime.time):
        return value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, uuid.UUID):
        return str(value)
    return value.decode("utf-8") if isinstance(value, bytes) else value
