"""Arrow batches: many records a message, each judged by itself."""

from __future__ import annotations

import datetime
from typing import Any

import pyarrow as pa
import pytest

from monitor.decoding import WHOLE, BadKind, make_decoder
from monitor.decoding.arrow_decoder import ArrowDecoder
from monitor.decoding.records import RecordReader
from stream_hmoe.events import Example
from tests.monitor.decoding.made_messages import arrow, message, messages, stream

CONFIG = stream(source={"format": "arrow"}, features={"x": {"type": "number", "most": 10}})
RECORDS: list[dict[str, Any]] = [
    {"x": 1.0, "label": "a"},
    {"x": 99.0, "label": "a"},
    {"x": None, "label": "b"},
]


@pytest.mark.parametrize("is_file", [False, True])
def test_every_row_is_a_record_with_a_name_of_its_own(is_file: bool) -> None:
    found = make_decoder(CONFIG).decode(messages([arrow(RECORDS, is_file), arrow(RECORDS[:1], is_file)]))
    assert found.events == [Example({"x": 1.0}, "a"), Example({"x": None}, "b"), Example({"x": 1.0}, "a")]
    assert found.keys == ["orders/3@0#0", "orders/3@0#2", "orders/3@1#0"]
    assert (found.origins, found.rows) == ([0, 0, 1], [0, 2, 0])
    (bad,) = found.bad
    assert (bad.message, bad.row, bad.after, bad.field) == (0, 1, 1, "x")


def test_a_row_by_itself_is_a_message_that_can_be_sent_again() -> None:
    decoder = make_decoder(CONFIG)
    whole = message(arrow([*RECORDS, {"x": 3.0, "label": "c"}]))
    again = decoder.decode([message(decoder.part(whole, 3))])
    assert again.events == [Example({"x": 3.0}, "c")]
    assert decoder.part(whole, WHOLE) == whole.body


def test_values_become_plain() -> None:
    schema = pa.schema(
        [
            ("when", pa.timestamp("ms", "UTC")),
            ("day", pa.date32()),
            ("price", pa.decimal128(6, 2)),
            ("shop", pa.dictionary(pa.int8(), pa.string())),
            ("size", pa.float32()),
            ("label", pa.int64()),
        ]
    )
    moment = datetime.datetime(2024, 5, 1, 12, tzinfo=datetime.UTC)
    record = {"when": moment, "day": moment.date(), "price": 5, "shop": "n", "size": float("nan"), "label": 3}
    found = make_decoder(stream(source={"format": "arrow"})).decode([message(arrow([record], schema=schema))])
    assert found.events == [
        Example({"when": 1714564800.0, "day": 19844, "price": 5.0, "shop": "n", "size": None}, "3")
    ]


def test_nested_columns_are_refused_row_by_row() -> None:
    (bad,) = make_decoder(CONFIG).decode([message(arrow([{"x": 1.0, "list": [1], "label": "a"}]))]).bad
    assert (bad.row, bad.kind, bad.field) == (0, BadKind.TYPE, "list")


@pytest.mark.parametrize("body", [b"", b"ARROW1", arrow(RECORDS)[:-40], b"\xff" * 64])
def test_damaged_bytes_are_refused_whole(body: bytes) -> None:
    (bad,) = make_decoder(CONFIG).decode([message(body)]).bad
    assert (bad.row, bad.kind) == (WHOLE, BadKind.UNREADABLE)


def test_too_much_at_once_is_refused() -> None:
    body = arrow(RECORDS)
    for decoder in (
        ArrowDecoder(RecordReader(CONFIG), max_records=2),
        ArrowDecoder(RecordReader(CONFIG), max_bytes=len(body) - 1),
    ):
        found = decoder.decode([message(body)])
        assert [bad.kind for bad in found.bad] == [BadKind.TOO_BIG]
