from __future__ import annotations

import datetime
import enum
import math
from collections import UserDict
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from stream_hmoe.errors import BadRecord
from stream_hmoe.features.values import Kind, as_named, kind_of, moment_of, number_of, text_of
from tests.stream_hmoe.features.records import naive

MISSING: list[Any] = [
    None,
    math.nan,
    np.float32("nan"),
    Decimal("NaN"),
    Decimal("sNaN"),
    pd.NA,
    pd.NaT,
    np.datetime64("NaT"),
    "",
    " ",
]
USELESS: list[Any] = [
    b"1.5",
    [1.0],
    (1.0,),
    {"a": 1},
    {1.0},
    1j,
    np.complex128(1),
    np.array([1.0]),
    np.array(1.0),
    object(),
    print,
    datetime.timedelta(1),
    datetime.time(1),
    np.timedelta64(1, "s"),
]
INFINITE: list[Any] = [math.inf, -math.inf, np.float32("inf"), Decimal("Infinity"), Decimal("1e400"), 10**400]


class Colour(str, enum.Enum):  # noqa: UP042 its str() differs from its text, unlike StrEnum's
    RED = "red"


@pytest.mark.parametrize("value", MISSING, ids=repr)
def test_a_missing_value_is_missing_whatever_the_feature_holds(value: Any) -> None:
    assert kind_of("a", value) is None
    assert math.isnan(number_of("a", value))
    assert text_of("a", value) == ""
    assert moment_of("a", value) is None


@pytest.mark.parametrize("value", USELESS, ids=repr)
@pytest.mark.parametrize("read", [kind_of, number_of, text_of, moment_of])
def test_what_no_feature_can_hold_is_refused_by_all(read: Any, value: Any) -> None:
    with pytest.raises(BadRecord) as error:
        read("speed", value)
    assert error.value.field == "speed"
    assert error.value.value is value
    assert error.value.remedy


@pytest.mark.parametrize("value", INFINITE, ids=lambda value: f"{value}"[:9])
def test_a_number_must_be_finite_as_a_float(value: Any) -> None:
    with pytest.raises(BadRecord, match="not finite"):
        number_of("a", value)
    with pytest.raises(BadRecord, match="not finite"):
        kind_of("a", value)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (3, 3.0),
        (True, 1.0),
        (np.bool_(False), 0.0),
        (np.int8(-3), -3.0),
        (np.float16(0.5), 0.5),
        (1e308, 1e308),
        (Decimal("2.5"), 2.5),
        (Fraction(1, 4), 0.25),
        (" 2.5 ", 2.5),
        ("-1e3", -1000.0),
        (np.str_("7"), 7.0),
    ],
)
def test_every_real_number_is_a_number(value: Any, number: float) -> None:
    assert number_of("a", value) == number


@pytest.mark.parametrize(
    ("text", "meant"),
    [("12 kg", "12"), ("1,5", "1.5"), ("1,234.5", "1234.5"), ("$1,200", "1200"), ("about -3e2", "-3e2")],
)
def test_text_that_is_nearly_a_number_names_the_number(text: str, meant: str) -> None:
    with pytest.raises(BadRecord) as error:
        number_of("weight", text)
    assert f"did you mean {meant}?" in error.value.remedy


def test_text_without_a_number_proposes_none() -> None:
    with pytest.raises(BadRecord) as error:
        number_of("weight", "heavy")
    assert "did you mean" not in error.value.remedy


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("red", "red"),
        (" red", " red"),
        (Colour.RED, "red"),
        (3, "3"),
        (True, "True"),
        (2.5, "2.5"),
        (-0.0, "0.0"),
        (np.float32(0.5), "0.5"),
        (np.int64(4), "4"),
        (datetime.date(2024, 5, 1), "2024-05-01"),
        ("x" * 300, "x" * 200),
    ],
)
def test_a_category_has_a_text(value: Any, text: str) -> None:
    assert text_of("colour", value) == text
    assert type(text_of("colour", value)) is str


def test_a_moment_knows_its_place_in_day_and_week() -> None:
    monday_six = naive(2024, 1, 1, 6)
    moment = moment_of("when", monday_six)
    assert moment is not None
    seconds, day_sine, day_cosine, week_sine, week_cosine = moment
    assert seconds == 1_704_088_800
    assert (day_sine, day_cosine) == pytest.approx((1, 0))
    assert (week_sine, week_cosine) == pytest.approx((math.sin(math.pi / 14), math.cos(math.pi / 14)))


def test_a_zone_moves_the_instant_and_keeps_the_local_time_of_day() -> None:
    plain = moment_of("when", naive(2024, 1, 1, 6))
    zoned = moment_of("when", naive(2024, 1, 1, 6).replace(tzinfo=ZoneInfo("Asia/Kolkata")))
    assert plain is not None
    assert zoned is not None
    assert zoned[0] == plain[0] - 5.5 * 3600
    assert zoned[1:] == plain[1:]


@pytest.mark.parametrize(
    "value",
    [
        naive(2024, 1, 1),
        datetime.date(2024, 1, 1),
        pd.Timestamp("2024-01-01"),
        np.datetime64("2024-01-01"),
        np.datetime64("2024-01-01T00:00:00.000000000"),
        "2024-01-01",
        "2024-01-01 00:00",
        "2024-01-01T00:00Z",
    ],
    ids=repr,
)
def test_the_same_moment_in_any_dress_is_the_same(value: Any) -> None:
    assert moment_of("when", value) == moment_of("when", naive(2024, 1, 1))


@pytest.mark.parametrize("value", ["soon", 17, True])
def test_what_is_no_moment_is_refused(value: Any) -> None:
    with pytest.raises(BadRecord, match="dates"):
        moment_of("when", value)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (1, Kind.NUMBER),
        (True, Kind.NUMBER),
        (Decimal(1), Kind.NUMBER),
        ("1", Kind.CATEGORY),
        (datetime.date(2024, 1, 1), Kind.MOMENT),
        (pd.Timestamp("2024-01-01"), Kind.MOMENT),
    ],
)
def test_the_first_value_says_what_a_feature_holds(value: Any, kind: Kind) -> None:
    assert kind_of("a", value) is kind


def test_names_become_text_and_must_stay_different() -> None:
    assert as_named({1: "a", ("b", 2): 3}) == {"1": "a", "('b', 2)": 3}
    with pytest.raises(BadRecord, match="'1'"):
        as_named({1: "a", "1": "b"})


@pytest.mark.parametrize("record", [UserDict(a=1), pd.Series({"a": 1})])
def test_any_mapping_of_names_to_values_is_a_record(record: Any) -> None:
    assert dict(as_named(record)) == {"a": 1}


@pytest.mark.parametrize("record", [None, 3, "a", [1.0, 2.0], np.zeros(2), np.zeros((2, 2)), [("a", 1)]])
def test_anything_else_is_not(record: Any) -> None:
    with pytest.raises(BadRecord, match="dict"):
        as_named(record)
