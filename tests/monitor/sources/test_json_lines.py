"""JSON Lines: objects are records, everything else says what it is."""

from __future__ import annotations

import pytest

from monitor.sources.json_lines import JsonLinesFormat
from monitor.sources.lines import LineQueue
from monitor.sources.text_source import BadLine, Record


def read(raw: bytes) -> Record | BadLine | None:
    return JsonLinesFormat("label", ["secret"]).read(LineQueue([raw], is_complete=True))


def test_members_are_fields_and_keep_their_types() -> None:
    item = read(b'{"age": 3, "old": true, "name": null, "label": "a", "secret": 1, "x": NaN}\n')
    assert isinstance(item, Record)
    assert item.target == "a"
    assert {name: item.features[name] for name in ("age", "old", "name")} == {
        "age": 3,
        "old": True,
        "name": None,
    }
    assert set(item.features) == {"age", "old", "name", "x"}


def test_a_record_without_the_target_has_none() -> None:
    item = read(b'{"age": 3}\n')
    assert isinstance(item, Record)
    assert item.target is None


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"{not json}\n", "not JSON"),
        (b"[1, 2]\n", "a JSON array, not an object"),
        (b'"text"\n', "a JSON string"),
        (b"null\n", "a JSON null"),
        (b'{"age": \xff}\n', "not UTF-8"),
        (b"[" * 100_000 + b"\n", "nested too deeply"),
        (b'{"age": ' + b"9" * 5_000 + b"}\n", "not readable"),
    ],
)
def test_lines_that_are_no_object_say_what_they_are(raw: bytes, reason: str) -> None:
    item = read(raw)
    assert isinstance(item, BadLine)
    assert reason in item.reason


def test_columns_are_all_members_in_order_of_appearance() -> None:
    lines = [b'{"b": 1, "a": 2}\n', b"spoiled\n", b'{"a": 1, "c": 3}\n']
    assert JsonLinesFormat("a", []).learn_columns(lines) == ("b", "a", "c")
