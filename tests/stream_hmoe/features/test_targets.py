from __future__ import annotations

import doctest
import json
import math
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_hmoe.errors import BadCheckpoint, BadRecord
from stream_hmoe.features import ClassIndex, finite_target, targets

labels = st.one_of(st.booleans(), st.integers(-3, 3), st.floats(-2, 2), st.text(max_size=2))


@given(st.lists(labels))
def test_classes_are_numbered_in_order_of_appearance(stream: list[Any]) -> None:
    classes = ClassIndex()
    indices = [classes.learn(label) for label in stream]
    assert indices == [list(dict.fromkeys(stream)).index(label) for label in stream]
    assert all(classes.labels[index] == label for index, label in zip(indices, stream, strict=True))
    assert len(classes) == len(set(stream))
    assert ClassIndex().learn_many(stream).tolist() == indices


@given(st.lists(labels))
def test_state_survives_json(stream: list[Any]) -> None:
    classes, copy = ClassIndex(), ClassIndex()
    classes.learn_many(stream)
    copy.load_state_dict(json.loads(json.dumps(classes.state_dict())))
    assert copy.labels == classes.labels
    assert [type(label) for label in copy.labels] == [type(label) for label in classes.labels]


@pytest.mark.parametrize("label", [np.int64(3), np.float32(0.5), np.bool_(True), np.str_("a")])
def test_numpy_labels_become_plain(label: Any) -> None:
    classes = ClassIndex()
    classes.learn(label)
    assert classes.labels == (label.item(),)
    assert type(classes.labels[0]) is type(label.item())
    assert classes.index_of(label.item()) == 0


def test_looking_up_a_label_does_not_learn_it() -> None:
    classes = ClassIndex()
    assert classes.index_of("a") is None
    assert classes.labels == ()


@pytest.mark.parametrize(
    "label",
    [None, math.nan, math.inf, [1], (1,), {}, b"a", 1j, Decimal(1), pd.NA, np.datetime64("2024-01-01")],
    ids=repr,
)
def test_what_cannot_be_a_label_is_refused(label: Any) -> None:
    classes = ClassIndex(field="outcome")
    classes.learn("a")
    for use in (classes.learn, classes.index_of):
        with pytest.raises(BadRecord, match="outcome"):
            use(label)
    with pytest.raises(BadRecord, match="outcome"):
        classes.learn_many(["b", label])
    assert classes.labels == ("a",)


def test_the_number_of_classes_is_bounded() -> None:
    classes = ClassIndex(max_classes=2)
    with pytest.raises(BadRecord, match="max_classes is 2"):
        classes.learn_many(np.array([1, 2, 3]))
    assert classes.labels == ()
    classes.learn_many([1, 2, 1])
    with pytest.raises(BadRecord, match="max_classes is 2"):
        classes.learn(3)
    assert classes.learn(2) == 1


@pytest.mark.parametrize(
    "state", [{}, {"schema": 2, "labels": []}, {"schema": 1}, {"schema": 1, "labels": ["a", "a"]}]
)
def test_a_damaged_state_is_refused(state: dict[str, Any]) -> None:
    with pytest.raises(BadCheckpoint):
        ClassIndex().load_state_dict(state)


@pytest.mark.parametrize(
    ("value", "number"),
    [(1.5, 1.5), (3, 3.0), (np.float32(0.5), 0.5), (Decimal("2.5"), 2.5), (" 4 ", 4.0), (True, 1.0)],
)
def test_a_finite_number_is_a_target(value: Any, number: float) -> None:
    assert finite_target(value) == number
    assert type(finite_target(value)) is float


@pytest.mark.parametrize(
    "value", [None, math.nan, math.inf, -math.inf, "", "much", [1.0], 1j, 10**400, pd.NaT], ids=str
)
def test_anything_else_is_not(value: Any) -> None:
    with pytest.raises(BadRecord, match="price"):
        finite_target(value, field="price")


def test_the_example_of_the_docstring_holds() -> None:
    assert doctest.testmod(targets) == (0, 3)
