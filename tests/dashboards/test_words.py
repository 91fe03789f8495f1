from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.words import Metric, age, count

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
