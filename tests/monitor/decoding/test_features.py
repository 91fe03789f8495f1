"""Features against what the configuration says of them."""

from __future__ import annotations

import math
from typing import Any

import pytest

from monitor.config.schema import FeatureConfig
from monitor.decoding.decoded import BadKind, Unusable
from monitor.decoding.features import FeatureCheck


def check(record: dict[str, Any], is_closed: bool = False, **features: dict[str, Any]) -> dict[str, Any]:
    known = {name: FeatureConfig.model_validate(feature) for name, feature in features.items()}
    FeatureCheck(known, is_closed)(record)
    return record


def refusal(record: dict[str, Any], is_closed: bool = False, **features: dict[str, Any]) -> Unusable:
    with pytest.raises(Unusable) as caught:
        check(record, is_closed, **features)
    return caught.value


NUMBER = {"type": "number", "least": -1.0, "most": 2.0}


@pytest.mark.parametrize("value", [-1.0, 2, 0, 0.5, None])
def test_numbers_within_their_limits_pass_as_they_are(value: Any) -> None:
    assert check({"x": value}, x=NUMBER) == {"x": value}


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        (2.1, BadKind.RANGE, "above most (2)"),
        (-2, BadKind.RANGE, "below least (-1)"),
        (math.inf, BadKind.RANGE, "not finite"),
        (-(10**400), BadKind.RANGE, "not finite"),
        (True, BadKind.TYPE, "to be a number"),
        ("1", BadKind.TYPE, "to be a number"),
    ],
)
def test_other_numbers_are_refused(value: Any, kind: BadKind, words: str) -> None:
    found = refusal({"x": value}, x=NUMBER)
    assert (found.kind, found.field) == (kind, "x")
    assert words in found.reason


def test_a_number_without_limits_must_still_be_finite() -> None:
    assert check({"x": 1e300}, x={"type": "number"}) == {"x": 1e300}
    assert "finite" in refusal({"x": 10**400}, x={"type": "number"}).reason
    assert "finite" in refusal({"x": math.inf}, x={"type": "number"}).reason


def test_nan_says_that_nothing_is_known() -> None:
    assert check({"x": math.nan}, x=NUMBER) == {"x": None}


@pytest.mark.parametrize("kind", ["number", "category", "boolean"])
@pytest.mark.parametrize("record", [{}, {"x": None}, {"x": math.nan}])
def test_what_is_required_must_be_there(kind: str, record: dict[str, Any]) -> None:
    assert refusal(dict(record), x={"type": kind, "is_required": True}).kind is BadKind.MISSING
    assert check(dict(record), x={"type": kind}) == dict.fromkeys(record)


def test_blank_text_is_no_category() -> None:
    assert refusal({"x": "  "}, x={"type": "category", "is_required": True}).kind is BadKind.MISSING


def test_categories_become_text_so_that_numbers_are_names() -> None:
    category = {"type": "category"}
    record = check(
        {"a": 12345, "b": True, "c": "x", "d": 1.5}, a=category, b=category, c=category, d=category
    )
    assert record == {"a": "12345", "b": "true", "c": "x", "d": "1.5"}


def test_truth_values_are_true_or_false() -> None:
    assert check({"x": False}, x={"type": "boolean"}) == {"x": False}
    assert refusal({"x": 1}, x={"type": "boolean"}).kind is BadKind.TYPE


def test_a_closed_stream_has_no_other_features() -> None:
    assert check({"x": 1, "y": 2}, x=NUMBER) == {"x": 1, "y": 2}
    found = refusal({"x": 1, "z": 3, "y": 2}, is_closed=True, x=NUMBER)
    assert (found.kind, found.field, found.value) == (BadKind.UNKNOWN, "y", "2")
    assert check({}, is_closed=True, x=NUMBER) == {}


@pytest.mark.parametrize("value", [[1], {"a": 1}])
def test_nested_values_are_no_features(value: Any) -> None:
    assert refusal({"x": value}).field == "x"


def test_a_name_is_short_since_it_is_kept() -> None:
    flaw = refusal({"x" * 201: 1.0})
    assert (flaw.kind, flaw.reason) == (BadKind.RANGE, "a feature's name has at most 200 characters")
    assert len(flaw.field) < 100
    assert check({"x" * 200: 1.0}) == {"x" * 200: 1.0}
