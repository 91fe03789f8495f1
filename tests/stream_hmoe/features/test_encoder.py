from __future__ import annotations

import datetime
import doctest
import json
import math
from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from stream_hmoe.errors import BadCheckpoint, BadRecord
from stream_hmoe.features import FeatureEncoder
from stream_hmoe.features import encoder as encoder_module
from tests.stream_hmoe.features.records import consistent_records, naive, records


def learned(*taught: Any, **settings: Any) -> FeatureEncoder:
    encoder = FeatureEncoder(**settings)
    for record in taught:
        encoder.learn(record)
    return encoder


def columns(encoder: FeatureEncoder, record: Any) -> dict[str, float]:
    return dict(zip(encoder.names, encoder.encode(record).tolist(), strict=True))


def test_columns_appear_in_order_of_what_is_learned() -> None:
    encoder = learned(
        {"age": 3, "colour": "red"}, {"age": 4, "colour": "blue"}, {"age": None, "is_new": True}
    )
    assert encoder.names == ("age", "colour=red", "colour=blue", "age missing", "is_new", "colour missing")
    assert encoder.width == 6


def test_a_value_goes_to_its_own_column() -> None:
    encoder = learned({"age": 3, "colour": "red"}, {"age": 4, "colour": "blue", "is_new": False})
    assert columns(encoder, {"age": 7, "colour": "blue", "is_new": True}) == {
        "age": 7,
        "colour=red": 0,
        "colour=blue": 1,
        "is_new": 1,
    }


@pytest.mark.parametrize("gap", [{}, {"age": None}, {"age": math.nan}, {"age": ""}])
def test_every_gap_is_the_same_gap(gap: dict[str, Any]) -> None:
    encoder = learned({"age": 3, "colour": "red"}, {"colour": "red"})
    x = columns(encoder, {"colour": "red", **gap})
    assert math.isnan(x["age"])
    assert x["age missing"] == 1
    assert columns(encoder, {"colour": "red", "age": 2}) == {"age": 2, "colour=red": 1, "age missing": 0}


def test_a_missing_category_is_all_zeros_with_a_mark() -> None:
    encoder = learned({"colour": "red"}, {"colour": None})
    assert columns(encoder, {}) == {"colour=red": 0, "colour missing": 1}


def test_an_empty_record_is_allowed() -> None:
    encoder = learned({})
    assert encoder.encode({}).shape == (0,)
    encoder.learn({"age": 1})
    encoder.learn({})
    assert np.isnan(encoder.encode({})[0])


def test_prediction_ignores_what_was_never_learned() -> None:
    encoder = learned({"age": 3, "colour": "red"})
    state = encoder.state_dict()
    assert columns(encoder, {"age": 3, "colour": "mauve", "height": 2}) == {"age": 3, "colour=red": 0}
    assert encoder.state_dict() == state


def test_too_many_categories_share_one_column() -> None:
    encoder = learned(*({"town": f"t{number}"} for number in range(9)), max_categories=3)
    assert encoder.names == ("town=t0", "town=t1", "town=t2", "town other")
    assert encoder.encode({"town": "t1"}).tolist() == [0, 1, 0, 0]
    assert encoder.encode({"town": "never seen"}).tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize(
    "town", ["t1", "never seen", "", " ", None, 7, True, "x" * 200, "x" * 300, "y" * 300]
)
def test_with_many_categories_the_quick_way_finds_the_same_column(town: Any) -> None:
    taught: list[dict[str, Any]] = [{"town": name, "age": 1.0} for name in ("t1", "x" * 300, "t2", None)]
    practised, fresh = learned(*taught, max_categories=2), FeatureEncoder()
    for _ in range(3):
        practised.encode(taught[0])
    fresh.load_state_dict(practised.state_dict())
    record = {"town": town, "age": 2.0}
    assert practised.encode(record).tolist() == fresh.encode(record).tolist()
    names = practised.names
    practised.learn(record)
    assert practised.names == names


def test_a_number_in_a_category_is_its_text_and_text_in_a_number_is_its_number() -> None:
    encoder = learned({"code": "7", "age": 3})
    assert encoder.encode({"code": 7, "age": " 4.5"}).tolist() == [4.5, 1]


def test_a_moment_has_five_columns() -> None:
    when = naive(2024, 5, 1, 12)
    encoder = learned({"when": when})
    assert encoder.names[0] == "when seconds"
    assert encoder.encode({"when": when}).tolist() == encoder.encode({"when": "2024-05-01T12:00"}).tolist()
    assert np.isnan(encoder.encode({"when": None})).all()


def test_names_that_are_not_text_become_text() -> None:
    encoder = learned({0: 1.5, 1: 2.5})
    assert encoder.names == ("0", "1")
    assert encoder.encode({"1": 4.0, 0: 3.0}).tolist() == [3, 4]


BAD: list[tuple[dict[Any, Any], str]] = [
    ({"age": math.inf, "new": 1}, "age"),
    ({"new": 1, "age": "old"}, "age"),
    ({"new": 1, "age": 10**400}, "age"),
    ({"new": 1, "age": 1j}, "age"),
    ({"new": 1, "age": np.complex128(1)}, "age"),
    ({"new": 1, "colour": ["red"]}, "colour"),
    ({"new": 1, "colour": b"red"}, "colour"),
    ({"new": 1, "colour": math.inf}, "colour"),
    ({"new": 1, "when": "soon"}, "when"),
    ({"new": {}, "age": 1}, "new"),
    ({"new": 1, 5: 2, "5": 3}, "5"),
]


@pytest.mark.parametrize(("record", "field"), BAD)
def test_a_bad_record_names_its_field_and_changes_nothing(record: dict[Any, Any], field: str) -> None:
    good = {"age": 3, "colour": "red", "when": datetime.date(2024, 5, 1)}
    encoder = learned(good, good)
    state = encoder.state_dict()
    for use in (encoder.learn, encoder.encode):
        with pytest.raises(BadRecord) as error:
            use(record)
        assert error.value.field == field
        assert error.value.remedy
    assert encoder.state_dict() == state


@pytest.mark.parametrize(
    "value", [math.inf, 10**400, 1j, np.complex128(1), b"1", [1.0], np.array([2.0]), "old"]
)
def test_a_bad_value_is_found_on_the_quick_way_too(value: Any) -> None:
    encoder = learned({"age": 3.0, "height": 1.0})
    for _ in range(3):
        encoder.encode({"age": 3.0, "height": 1.0})
    for use in (encoder.learn, encoder.encode):
        with pytest.raises(BadRecord, match="age"):
            use({"age": value, "height": 1.0})


def test_too_many_columns_name_the_setting() -> None:
    encoder = learned({"a": 1, "b": 2}, max_features=3)
    with pytest.raises(BadRecord, match="max_features is 3") as error:
        encoder.learn({"a": 1, "b": 2, "c": 3, "d": 4})
    assert error.value.field == "d"
    assert encoder.names == ("a", "b")
    encoder.learn({"a": 1, "b": 2, "c": 3})
    assert encoder.width == 3


def test_who_fills_the_columns_keeps_no_known_feature_out() -> None:
    full = learned({"age": 1, "colour": "red"}, {"a": 1, "b": 2}, max_features=5)
    assert full.names == ("age", "colour=red", "a", "b", "age missing")
    for _ in range(3):
        full.learn({"age": 2, "colour": "blue"})
    assert full.width == 5
    assert columns(full, {"age": 7, "colour": "blue"})["colour=red"] == 0.0
    with pytest.raises(BadRecord, match="max_features is 5"):
        full.learn({"age": 2, "colour": "red", "c": 3})
    again = FeatureEncoder(max_features=5)
    again.load_state_dict(full.state_dict())
    record = {"age": 4, "colour": "red"}
    for encoder in (full, again):
        encoder.learn(record)
    np.testing.assert_array_equal(full.encode(record), again.encode(record))


def test_the_same_dict_with_other_values_is_another_record() -> None:
    record: dict[str, Any] = {"age": 3.0, "colour": "red"}
    encoder = learned(record)
    for _ in range(3):
        encoder.encode(record)
    record.update(age=5.0, colour="blue")
    assert encoder.encode(record).tolist() == [5, 0]
    encoder.learn(record)
    assert encoder.names == ("age", "colour=red", "colour=blue")


def test_vectors_do_not_share_memory() -> None:
    encoder = learned({"age": 3.0})
    vectors = [encoder.encode({"age": float(number)}) for number in range(5)]
    vectors[0][0] = 99
    assert [vector[0] for vector in vectors] == [99, 1, 2, 3, 4]
    assert all(vector.flags.writeable and vector.flags.c_contiguous for vector in vectors)


@pytest.mark.parametrize("inventive", [Counter({"b": 2}), defaultdict(int, b=2)])
def test_a_dict_that_invents_values_is_neither_believed_nor_changed(inventive: dict[str, int]) -> None:
    encoder = learned({"a": 1.0})
    for _ in range(3):
        encoder.encode({"a": 1.0})
    assert np.isnan(encoder.encode(inventive)).all()
    encoder.learn(inventive)
    assert encoder.names == ("a", "b", "a missing")
    assert dict(inventive) == {"b": 2}


@given(records, consistent_records())
def test_the_quick_way_and_the_general_way_agree(odd: dict[str, Any], taught: list[dict[str, Any]]) -> None:
    """An encoder that has met the same names often uses plans; a fresh copy of it has none."""
    practised = learned(*taught)
    for record in taught * 3:
        practised.encode(record)
    for record in [*taught, odd]:
        fresh = FeatureEncoder()
        fresh.load_state_dict(practised.state_dict())
        assert outcome(practised, record) == outcome(fresh, record)


def outcome(encoder: FeatureEncoder, record: dict[str, Any]) -> tuple[str, str]:
    try:
        encoded = repr(encoder.encode(record).tolist())
        encoder.learn(record)
    except BadRecord as error:
        return "refused", str(error)
    return encoded, repr(encoder.names)


@given(consistent_records())
def test_older_vectors_are_prefixes_of_newer_ones(taught: list[dict[str, Any]]) -> None:
    encoder = FeatureEncoder()
    for record in taught:
        encoder.learn(record)
        older, names = [encoder.encode(record) for _ in range(3)][-1], encoder.names
        encoder.learn({**record, "a new one": 1})
        newer = encoder.encode(record)
        assert encoder.names[: len(names)] == names
        np.testing.assert_array_equal(newer[: len(older)], older)


@given(consistent_records())
def test_learning_a_record_again_teaches_nothing(taught: list[dict[str, Any]]) -> None:
    encoder = FeatureEncoder()
    for record in taught:
        encoder.learn(record)
        names = encoder.names
        encoder.learn(record)
        assert encoder.names == names


@given(consistent_records())
def test_state_survives_json(taught: list[dict[str, Any]]) -> None:
    encoder = learned(*taught)
    copy = FeatureEncoder()
    copy.load_state_dict(json.loads(json.dumps(encoder.state_dict())))
    assert copy.names == encoder.names
    for record in taught:
        np.testing.assert_array_equal(copy.encode(record), encoder.encode(record))


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"schema": 2, "columns": []},
        {"schema": 1},
        {"schema": 1, "columns": [["a"]]},
        {"schema": 1, "columns": [3]},
        {"schema": 1, "columns": [["a", "missing", ""]]},
        {"schema": 1, "columns": [["a", "what", ""]]},
        {"schema": 1, "columns": [["a", "number", ""], ["a", "number", ""]]},
        {"schema": 1, "columns": [["a", "number", ""], ["a", "missing", ""], ["a", "missing", ""]]},
    ],
)
def test_a_damaged_state_is_refused_and_changes_nothing(state: dict[str, Any]) -> None:
    encoder = learned({"age": 3})
    with pytest.raises(BadCheckpoint):
        encoder.load_state_dict(state)
    assert encoder.names == ("age",)


def test_ever_new_sets_of_names_keep_no_memory() -> None:
    names = [f"f{number}" for number in range(12)]
    encoder = learned(dict.fromkeys(names, 1.0), {})
    for pattern in range(1, 2000):
        present = {name: 1.0 for bit, name in enumerate(names) if pattern >> bit & 1}
        assert np.isnan(encoder.encode(present)).sum() == len(names) - len(present)
        encoder.encode(present)
    assert len(encoder._plans) + len(encoder._seen_once) <= 40


def test_the_example_of_the_docstring_holds() -> None:
    assert doctest.testmod(encoder_module) == (0, 4)
