"""Looking at whole columns finds what looking at every row finds."""

from __future__ import annotations

import math
from typing import Any
from unittest.mock import patch

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from monitor.decoding import Decoded, arrow_decoder, make_decoder
from monitor.decoding.arrow_check import all_rows_pass
from tests.monitor.decoding.made_messages import arrow, message, stream

floats = st.none() | st.sampled_from([0.0, 1.5, -3.0, 9.0, math.nan, math.inf, 1e308])
texts = st.none() | st.sampled_from(["a", "", "  ", "é"])
wholes = st.none() | st.sampled_from([0, -1, 5, 2**60])
truths = st.none() | st.booleans()
columns = st.sampled_from(
    [(pa.float64(), floats), (pa.string(), texts), (pa.int64(), wholes), (pa.bool_(), truths)]
)
known = st.fixed_dictionaries(
    {"type": st.sampled_from(["number", "category", "boolean"])}, optional={"is_required": st.booleans()}
)
limited = st.fixed_dictionaries(
    {"type": st.just("number"), "least": st.sampled_from([None, -1.0]), "most": st.sampled_from([None, 5.0])}
)


def decoded(body: bytes, config: Any) -> Decoded:
    return make_decoder(config).decode([message(body)])


@given(st.data(), st.dictionaries(st.sampled_from("xyz"), known | limited), st.booleans())
def test_both_ways_give_the_same(data: st.DataObject, features: dict[str, Any], is_closed: bool) -> None:
    names = data.draw(st.lists(st.sampled_from("xyz"), unique=True))
    chosen = {name: data.draw(columns) for name in names}
    rows = data.draw(st.integers(1, 3))
    records = [
        {"label": "a", **{name: data.draw(values) for name, (_, values) in chosen.items()}}
        for _ in range(rows)
    ]
    schema = pa.schema([("label", pa.string()), *((name, kind) for name, (kind, _) in chosen.items())])
    body = arrow(records, schema=schema)
    config = stream(source={"format": "arrow"}, features=features, is_closed=is_closed)
    with patch.object(arrow_decoder, "all_rows_pass", return_value=False):
        row_by_row = decoded(body, config)
    assert decoded(body, config) == row_by_row


def test_good_columns_pass_and_one_bad_value_makes_every_row_looked_at() -> None:
    config = stream(
        features={
            "x": {"type": "number", "least": 0, "most": 2, "is_required": True},
            "c": {"type": "category"},
        }
    )

    def passes(x: list[Any], c: list[Any], is_closed: bool = True, **more: list[Any]) -> bool:
        batch = pa.RecordBatch.from_pydict({"x": x, "c": c, "label": ["a"] * len(x), **more})
        return all_rows_pass(batch, config.features, is_closed, ["label"])

    assert passes([0.0, 2.0], ["a", None])
    assert not passes([0.0, 2.1], ["a", "b"])
    assert not passes([0.0, None], ["a", "b"])
    assert not passes([0.0, math.nan], ["a", "b"])
    assert not passes([0.0, 1.0], ["a", " "])
    assert not passes([0.0, 1.0], ["a", "b"], d=[1, 2])
    assert passes([0.0, 1.0], ["a", "b"], is_closed=False, d=[1, 2])
    assert not passes([0.0, 1.0], ["a", "b"], is_closed=False, d=[[1], [2]])
