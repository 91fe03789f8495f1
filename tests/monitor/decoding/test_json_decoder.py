"""JSON, more strictly than most read it."""

from __future__ import annotations

import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.decoding import Bad, BadKind, make_decoder
from monitor.decoding.json_decoder import JsonDecoder
from monitor.decoding.records import RecordReader
from stream_hmoe.events import Example
from tests.monitor.decoding.made_messages import message, stream


def refused(body: bytes) -> Bad:
    found = make_decoder(stream(ignored=["nested"])).decode([message(body)])
    assert not found.events
    (bad,) = found.bad
    return bad


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        (b"", "", "the message is empty"),
        (b" \n", "", "the message is empty"),
        (b'\xef\xbb\xbf{"x": 1}', "", "a byte order mark stands before the JSON"),
        (b'{"x": "\xff"}', "", "not UTF-8 text"),
        (b'{"x": ' * 100_000, "", "nested too deeply"),
        (b"[" * 100_000, "", "nested too deeply"),
        (b'{"y": 1, "x": NaN}', "x", "NaN is no number of JSON"),
        (b'{"x": -Infinity}', "x", "it is not finite as a 64-bit float"),
        (b'{"x": 1e999, "label": "a"}', "x", "it is not finite as a 64-bit float"),
        (b'{"x": ' + b"7" * 9_000 + b"}", "", "not JSON: integer value out of range"),
        (b'{"x": 1} 2', "", "not JSON: trailing characters"),
        (b'{"x": 1', "", "not JSON: input data was truncated"),
        (b"{'x': 1}", "", "not JSON: object keys must be strings"),
        (b'{"x": "\\ud800"}', "", "not JSON: "),
    ],
)
def test_what_is_no_json_is_refused_with_the_reason(body: bytes, field: str, reason: str) -> None:
    bad = refused(body)
    assert (bad.field, bad.after) == (field, 0)
    assert bad.reason.startswith(reason)
    assert len(bad.value) < 100


def test_the_place_of_a_fault_is_shown() -> None:
    assert "ouch" in refused(b'{"first": "' + b"a" * 500 + b'", "second": ouch}').value


@pytest.mark.parametrize("body", [b"[1]", b'"x"', b"1", b"null", b"true"])
def test_a_record_is_an_object(body: bytes) -> None:
    assert refused(body).kind is BadKind.NO_RECORD


@pytest.mark.parametrize(
    "body",
    [
        b'{"x": 1, "x": 2, "label": "a"}',
        b'{"x": "a:b", "y": "12:30:00", "label": "a", "x": "a:b"}',
        b'{"x": "::", "label": "a", "x": 1}',
        b'{"x": 1, "y": "\\u003a", "\\u0078": 2, "label": "a"}',
        b'{"x": 1, "label": "a", "nested": {"x": 1, "x": 2}}',
    ],
)
def test_a_field_that_stands_twice_is_refused(body: bytes) -> None:
    bad = refused(body)
    assert (bad.field, bad.reason) == ("x", "the field stands twice")


def test_too_big_a_message_is_refused_unread() -> None:
    decoder = JsonDecoder(RecordReader(stream()), max_bytes=20)
    found = decoder.decode([message(b'{"x": 1, "label":2}'), message(b'{"x": 1, "label": 2 }')])
    assert len(found.events) == 1
    assert found.bad[0].kind is BadKind.TOO_BIG


texts = st.text(st.sampled_from(':\\"\u003a{}, é😀' + string.ascii_letters), max_size=8)
values = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
)


@given(st.dictionaries(texts, values | texts, min_size=1), st.booleans(), st.data())
def test_every_record_of_single_values_is_read_as_it_was_written(
    record: dict[str, Any], is_ascii: bool, data: st.DataObject
) -> None:
    record = {name: value for name, value in record.items() if name not in ("id", "label")} | {"x": 0}
    separators = data.draw(st.sampled_from([(",", ":"), (" , ", " : ")]))
    body = json.dumps({**record, "label": "a"}, ensure_ascii=is_ascii, separators=separators).encode()
    found = make_decoder(stream()).decode([message(body)])
    assert found.events == [Example(record, "a")]


@given(st.dictionaries(texts, values | texts, min_size=1), st.data())
def test_whatever_a_record_holds_twice_is_noticed(record: dict[str, Any], data: st.DataObject) -> None:
    pairs = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in record.items()]
    name = data.draw(st.sampled_from(sorted(record)))
    pairs.insert(data.draw(st.integers(0, len(pairs))), f"{json.dumps(name)}: {json.dumps(data.draw(texts))}")
    bad = refused(("{" + ",".join(pairs) + "}").encode())
    assert (bad.field, bad.reason) == (name, "the field stands twice")
