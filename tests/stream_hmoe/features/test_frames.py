from __future__ import annotations

import datetime
import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from stream_hmoe.errors import BadRecord
from stream_hmoe.features import FeatureEncoder
from tests.stream_hmoe.features.records import consistent_records

FRAMES = {
    "numbers": pd.DataFrame({"a": [1.5, math.nan, 3], "b": [1, 2, 3], "c": [True, False, True]}),
    "small numbers": pd.DataFrame({"a": np.array([0.1, 2], np.float32), "b": np.array([1, 2], np.uint8)}),
    "nullable": pd.DataFrame(
        {"a": pd.array([1, None, 3], "Int64"), "b": pd.array([True, None, False], "boolean")},
    ),
    "arrow": pd.DataFrame(
        {"a": pd.array([1.5, None], "double[pyarrow]"), "b": pd.array(["x", None], "string[pyarrow]")}
    ),
    "text": pd.DataFrame({"colour": ["red", None, "blue", "", "red"], "age": [None, 1.0, 2.0, None, 3.0]}),
    "category": pd.DataFrame(
        {"colour": pd.Categorical(["red", None, "blue", "red"]), "n": pd.Categorical([3, 1, 1, 2])}
    ),
    "dates": pd.DataFrame(
        {
            "naive": pd.to_datetime(["2024-05-01 12:34:56.789123456", None, "1950-01-02"], format="ISO8601"),
            "zoned": pd.to_datetime(["2024-05-01T12:00", "2024-01-01", None], format="ISO8601").tz_localize(
                "Europe/Berlin"
            ),
        }
    ),
    "objects": pd.DataFrame(
        {"mixed": ["a", 1, None, True, 1.0], "numbers": [None, 1, 2.5, "3", True]}, dtype=object
    ),
    "names": pd.DataFrame({0: [1.0, 2.0], ("b", 1): ["x", "y"]}),
    "empty": pd.DataFrame({"a": np.empty(0), "b": np.empty(0, dtype=object)}),
    "no columns": pd.DataFrame(index=[0, 1]),
    "nothing known": pd.DataFrame({"a": [None, None], "b": [math.nan, math.nan]}),
}


def one_by_one(frame: pd.DataFrame, **settings: Any) -> tuple[FeatureEncoder, Any]:
    encoder = FeatureEncoder(**settings)
    rows = frame.to_dict("records")
    for row in rows:
        encoder.learn(row)
    vectors = [encoder.encode(row) for row in rows]
    return encoder, np.array(vectors).reshape(len(rows), encoder.width)


def assert_same_as_one_by_one(frame: pd.DataFrame, **settings: Any) -> None:
    expected, vectors = one_by_one(frame, **settings)
    encoder = FeatureEncoder(**settings)
    encoder.learn_many(frame)
    assert encoder.state_dict() == expected.state_dict()
    np.testing.assert_array_equal(encoder.encode_many(frame), vectors)


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_is_its_rows(name: str) -> None:
    assert_same_as_one_by_one(FRAMES[name])


@given(consistent_records())
def test_any_frame_is_its_rows(records: list[dict[str, Any]]) -> None:
    frame = pd.DataFrame(records)
    assert_same_as_one_by_one(frame, max_categories=3)
    assert_same_as_one_by_one(frame.astype(object), max_categories=3)
    assert_same_as_one_by_one(frame.convert_dtypes(), max_categories=3)


@given(consistent_records(), consistent_records())
def test_a_second_frame_continues_the_first(
    first: list[dict[str, Any]], second: list[dict[str, Any]]
) -> None:
    by_frame, by_row = FeatureEncoder(max_categories=3), FeatureEncoder(max_categories=3)
    for records in (first, second):
        frame = pd.DataFrame(records)
        by_frame.learn_many(frame)
        by_row.learn_many(frame.to_dict("records"))
        assert by_frame.names == by_row.names
        np.testing.assert_array_equal(
            by_frame.encode_many(frame), by_row.encode_many(frame.to_dict("records"))
        )


def test_a_column_that_is_not_there_is_missing() -> None:
    encoder = FeatureEncoder()
    encoder.learn_many(pd.DataFrame({"a": [1.0, 2.0], "colour": ["red", "blue"]}))
    encoder.learn_many(pd.DataFrame({"b": [1.0]}))
    X = encoder.encode_many(pd.DataFrame({"b": [5.0]}))
    assert dict(zip(encoder.names, X[0].tolist(), strict=True)) == pytest.approx(
        {"a": math.nan, "colour=red": 0, "colour=blue": 0, "b": 5, "a missing": 1, "colour missing": 1},
        nan_ok=True,
    )


def test_many_categories_are_bounded() -> None:
    frame = pd.DataFrame({"town": [f"t{number % 700}" for number in range(3000)]})
    assert_same_as_one_by_one(frame)
    encoder = FeatureEncoder()
    encoder.learn_many(frame)
    assert encoder.width == 101


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("age", [1.0, math.inf]),
        ("age", [1, "old"]),
        ("age", ["1", "x"]),
        ("age", [1.0, [2]]),
        ("age", pd.to_datetime(["2024-01-01"])),
        ("age", [1j]),
        ("colour", ["red", b"x"]),
        ("colour", [1.0, -math.inf]),
        ("when", ["2024-01-01", "soon"]),
        ("when", [1.0, 2.0]),
        ("new", [math.inf]),
        ("new", [None, {}]),
        ("new", [pd.Timedelta(1)]),
    ],
)
def test_a_bad_cell_is_named_and_nothing_is_learned(column: str, values: Any) -> None:
    encoder = FeatureEncoder()
    encoder.learn({"age": 3, "colour": "red", "when": datetime.date(2024, 5, 1)})
    state = json.dumps(encoder.state_dict())
    frame = pd.DataFrame({"first": range(len(values)), column: values})
    for use in (encoder.learn_many, encoder.encode_many):
        with pytest.raises(BadRecord) as error:
            use(frame)
        assert error.value.field == column
    assert json.dumps(encoder.state_dict()) == state


def test_two_columns_of_one_name_are_refused() -> None:
    frame = pd.DataFrame([[1.0, 2.0]], columns=["1", 1])
    with pytest.raises(BadRecord, match="two columns"):
        FeatureEncoder().learn_many(frame)
    with pytest.raises(BadRecord, match="two columns"):
        FeatureEncoder().encode_many(frame)


def test_records_are_learned_all_or_none() -> None:
    encoder = FeatureEncoder()
    with pytest.raises(BadRecord, match="age"):
        encoder.learn_many([{"age": 1}, {"age": 2, "colour": "red"}, {"age": math.inf}])
    assert encoder.width == 0


def test_an_array_is_no_sequence_of_records() -> None:
    rows: Any = np.zeros((3, 2))
    with pytest.raises(BadRecord, match="dict"):
        FeatureEncoder().encode_many(rows)
