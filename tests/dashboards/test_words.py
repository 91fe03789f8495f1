from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.words import Metric, age, count, duration, size

ACCURACY = Metric("accuracy", is_share=True)
ERROR = Metric("mae", is_share=False)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-2.0, "0 s"), (0.4, "0 s"), (59.9, "59 s"), (60.0, "1 min"), (7_300.0, "2 h"), (86_400.0, "1 day")],
)
def test_an_age_is_told_in_its_largest_unit(seconds: float, text: str) -> None:
    assert age(seconds) == text


def test_more_than_one_day_is_plural() -> None:
    assert age(3 * 86_400.0) == "3 days"


@pytest.mark.parametrize(
    ("value", "text"), [(1_234_567, "1,234,567"), (None, "-"), (math.nan, "-"), (7.6, "8")]
)
def test_counts_have_commas_and_no_decimals(value: float | None, text: str) -> None:
    assert count(value) == text


def test_a_share_is_written_in_percent_and_an_error_in_four_digits() -> None:
    assert ACCURACY.write(0.8416) == "84.2 %"
    assert ERROR.write(0.123456) == "0.1235"
    assert ACCURACY.write(None) == ERROR.write(math.nan) == "-"


def test_titles_start_a_sentence() -> None:
    assert ACCURACY.title == "Accuracy"
    assert ERROR.title == "MAE"


@given(st.floats(0.0, 1e6), st.floats(0.0, 1e6))
def test_better_is_a_positive_gain_whichever_way_the_metric_points(smaller: float, larger: float) -> None:
    smaller, larger = sorted((smaller, larger))
    assert ACCURACY.gain(larger, smaller) >= 0.0 >= ACCURACY.gain(smaller, larger)
    assert ERROR.gain(smaller, larger) >= 0.0 >= ERROR.gain(larger, smaller)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "-"), (math.nan, "-"), (0.0004, "0.4 ms"), (0.25, "250 ms"), (1.5, "1.5 s"), (720.0, "12 min")],
)
def test_a_duration_is_written_in_the_unit_that_suits_it(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(None, "-"), (900, "900 B"), (1_536, "1.5 KiB"), (2**20, "1.0 MiB"), (3 * 2**30, "3.0 GiB")],
)
def test_a_size_is_written_in_the_unit_that_suits_it(number: float | None, text: str) -> None:
    assert size(number) == text
