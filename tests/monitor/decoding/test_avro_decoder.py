"""Avro records, with and without the header of a schema registry."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitor.decoding import BadKind, make_decoder
from monitor.decoding.avro_decoder import read_schema
from monitor.problems import ConfigurationProblem
from stream_hmoe.events import Example
from tests.monitor.decoding.made_messages import ORDER, avro, avro_stream, message, messages

READ = Example({"amount": 1.5, "when": 1714564800.0, "price": 9.99, "day": 10}, "u")


def test_values_become_plain_with_and_without_a_header(tmp_path: Path) -> None:
    decoder = make_decoder(avro_stream(tmp_path))
    found = decoder.decode(messages([avro(ORDER), avro(ORDER, b"\0\0\0\0\5")]))
    assert found.bad == []
    assert found.events == [READ, READ]
    assert found.keys == ["a", "a"]


def test_an_empty_key_makes_a_record_begin_with_zero_and_it_is_read_all_the_same(tmp_path: Path) -> None:
    body = avro({**ORDER, "id": ""})
    assert body[0] == 0
    (bad,) = make_decoder(avro_stream(tmp_path)).decode([message(body)]).bad
    assert (bad.kind, bad.field) == (BadKind.MISSING, "id")


def test_missing_numbers_are_nothing(tmp_path: Path) -> None:
    decoder = make_decoder(avro_stream(tmp_path))
    found = decoder.decode(
        messages([avro({**ORDER, "amount": None}), avro({**ORDER, "amount": float("nan")})])
    )
    features = [event.features["amount"] for event in found.events if isinstance(event, Example)]
    assert features == [None, None]


@pytest.mark.parametrize("body", [b"", b"\0", avro(ORDER)[:-1], avro(ORDER) + b"x"])
def test_other_bytes_are_refused(tmp_path: Path, body: bytes) -> None:
    (bad,) = make_decoder(avro_stream(tmp_path)).decode([message(body)]).bad
    assert bad.kind is BadKind.UNREADABLE
    assert bad.reason.startswith("not Avro of this schema")


def test_schemas_that_cannot_be_used_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "s.avsc"
    with pytest.raises(ConfigurationProblem, match="cannot read it"):
        read_schema(path)
    for text, words in (("{", "is no Avro schema"), ('{"type": "wrong"}', "is no Avro schema")):
        path.write_text(text)
        with pytest.raises(ConfigurationProblem, match=words):
            read_schema(path)
    path.write_text(json.dumps("string"))
    with pytest.raises(ConfigurationProblem, match="must be of type record"):
        read_schema(path)
