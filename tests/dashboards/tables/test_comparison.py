from __future__ import annotations

import pandas as pd
import pytest

from dashboards.tables.comparison import Windows, moves, shifts
from tests.dashboards import made_tables

FEATURES = pd.DataFrame(made_tables.profile(8_000, 4_000, 2).features)


def shares(*rows: tuple[int, str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["record", "name", "group_name", "weight"])


def test_windows_around_a_record_end_and_begin_there() -> None:
    assert Windows.around(4_000, 1_000) == Windows(3_000, 4_000, 1_000)
    assert Windows.around(300, 1_000).before == 0
    assert Windows.around(4_000, 1_000).sentence == "records 3,000 to 4,000 against 4,000 to 5,000"


def test_the_feature_that_moved_stands_first_with_its_standardised_difference() -> None:
    table = shifts(FEATURES, Windows(0, 4_000, 4_000))
    assert table["feature"].iloc[0] == "load"
    assert table["shift"].iloc[0] == pytest.approx(2.0)
    assert table["before"].iloc[0] == pytest.approx(0.0)
    assert table["after"].iloc[0] == pytest.approx(2.0)
    assert table["shift"].iloc[1:].abs().max() == pytest.approx(0.0)


def test_periods_of_one_window_are_pooled_with_their_spread() -> None:
    (load,) = shifts(FEATURES, Windows(0, 2_000, 4_000)).query("feature == 'load'").to_dict("records")
    assert load["after"] == pytest.approx(1.0)
    spread = ((1.0 + (1.0 + 1.0)) / 2.0) ** 0.5
    assert load["shift"] == pytest.approx(1.0 / spread)


def test_a_feature_that_never_varied_does_not_divide_by_nothing() -> None:
    flat = FEATURES.assign(deviation=0.0)
    assert "load" not in set(shifts(flat, Windows(0, 4_000, 4_000))["feature"])
    assert set(shifts(flat, Windows(0, 4_000, 4_000))["shift"]) == {0.0}


def test_nothing_in_a_window_gives_nothing() -> None:
    assert shifts(FEATURES, Windows(0, 90_000, 4_000)).empty
    assert moves(shares((250, "a/0", "a", 1.0)), Windows(0, 1_000, 500), "name").empty


def test_who_moved_most_stands_first_and_who_came_or_went_counts_from_nothing() -> None:
    table = shares(
        (250, "a/0", "a", 0.6), (250, "b/0", "b", 0.4), (500, "a/0", "a", 0.5), (500, "b/1", "b", 0.5)
    )
    windows = Windows(0, 250, 250)
    assert moves(table, windows, "name").to_dict("records") == [
        {"name": "b/1", "before": 0.0, "after": 0.5},
        {"name": "b/0", "before": 0.4, "after": 0.0},
        {"name": "a/0", "before": 0.6, "after": 0.5},
    ]
    assert moves(table, windows, "group_name")["after"].sum() == pytest.approx(1.0)
