"""Whatever the bytes are, a message becomes events or a reason, and never an exception."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.decoding import Decoder, make_decoder
from monitor.sources.messages import Channel, Message
from stream_hmoe.events import Label
from tests.monitor.decoding.made_messages import ORDER, arrow, avro, avro_stream, message, stream

RECORD = {"id": "a", "amount": 1.5, "note": "x:y", "is_new": True, "label": "u"}
FEATURES = {
    "amount": {"type": "number", "least": 0, "is_required": True},
    "note": {"type": "category"},
    "is_new": {"type": "boolean"},
}
ARRIVALS = ["with the record", "later"]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(RECORD)), inner),
    max_leaves=8,
)


def mended(body: bytes) -> st.SearchStrategy[bytes]:
    """A good body with a few bytes changed, left out or put in."""
    cut = st.tuples(st.integers(0, len(body)), st.integers(0, 4), st.binary(max_size=4))
    return st.lists(cut, min_size=1, max_size=4).map(lambda cuts: _cut(body, cuts))


def _cut(body: bytes, cuts: list[tuple[int, int, bytes]]) -> bytes:
    for begin, length, instead in cuts:
        body = body[:begin] + instead + body[begin + length :]
    return body


def require_an_answer(decoder: Decoder, body: bytes) -> None:
    sent = [Message(channel, "t/0", "1", None, body, 0.0) for channel in Channel]
    found = decoder.decode([message(b""), *sent])
    answered = set(found.origins) | {bad.message for bad in found.bad}
    assert 0 in answered
    is_empty_batch = not found.events and len(found.bad) == 1
    assert answered == {0, 1, 2} or is_empty_batch
    assert len(found.events) == len(found.origins) == len(found.rows) == len(found.keys)
    for event in found.events:
        # what waits for a label is kept in checkpoints, which hold plain values alone
        features = {} if isinstance(event, Label) else event.features
        assert all(value is None or type(value) in (str, int, float, bool) for value in features.values())
        assert not any(value != value for value in features.values())
    for bad in found.bad:
        assert bad.reason
        assert bad.remedy
        assert len(bad.value) < 200
    for index, row in zip(found.origins, found.rows, strict=True):
        assert decoder.part([message(b""), *sent][index], row)


@pytest.mark.parametrize("arrive", ARRIVALS)
@given(
    body=st.binary()
    | json_values.map(lambda value: json.dumps(value).encode())
    | mended(json.dumps(RECORD).encode())
)
def test_json(arrive: str, body: bytes) -> None:
    require_an_answer(make_decoder(stream(arrive, features=FEATURES)), body)


@pytest.mark.parametrize("arrive", ARRIVALS)
@given(body=st.binary() | mended(arrow([RECORD, {**RECORD, "amount": None}])))
def test_arrow(arrive: str, body: bytes) -> None:
    require_an_answer(make_decoder(stream(arrive, source={"format": "arrow"}, features=FEATURES)), body)


@pytest.fixture(scope="module")
def avro_decoder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Decoder]:
    folder: Path = tmp_path_factory.mktemp("avro")
    made: dict[str, Any] = {arrive: make_decoder(avro_stream(folder, arrive)) for arrive in ARRIVALS}
    return made.__getitem__


@pytest.mark.parametrize("arrive", ARRIVALS)
@given(body=st.binary() | mended(avro(ORDER)) | mended(avro(ORDER, b"\0\0\0\0\5")))
def test_avro(avro_decoder: Callable[[str], Decoder], arrive: str, body: bytes) -> None:
    require_an_answer(avro_decoder(arrive), body)
