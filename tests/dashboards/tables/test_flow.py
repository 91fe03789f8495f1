from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.tables.flow import (
    MOST_VALUES,
    RECORD_PARTS,
    Balance,
    balance_rows,
    balances,
    feature_health,
    over_time,
)
from tests.dashboards import made_tables


def flow(*records: int, labels: int = 0) -> pd.DataFrame:
    return pd.DataFrame([made_tables.flow(record, 1_000.0 + record, labels=labels) for record in records])


def test_what_was_received_is_the_sum_of_where_it_went() -> None:
    (records,) = balances(flow(1_000, 2_000))
    assert records.what == "records"
    assert records.missing == 0
    assert records.sentence.startswith("2,220 records received = 1,990 learned + 200 waiting for a label")
    assert set(records.parts) == set(RECORD_PARTS.values())


def test_labels_have_a_balance_of_their_own_once_any_came() -> None:
    assert [balance.what for balance in balances(flow(2_000, labels=1_700))] == ["records", "labels"]


def test_what_is_missing_is_said() -> None:
    lost = pd.DataFrame([replace(made_tables.flow(2_000, 1.0), received=2_250)])
    (records,) = balances(lost)
    assert records.missing == 30
    assert records.sentence.endswith("; +30 unaccounted for")


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=6))
def test_the_shares_of_a_balance_sum_to_one(numbers: list[int]) -> None:
    parts = {str(n): number for n, number in enumerate(numbers)}
    rows = balance_rows([Balance("records", sum(numbers), parts)])
    assert rows["share"].sum() == pytest.approx(1.0 if sum(numbers) else 0.0)
    assert (rows["count"] > 0).all()


def test_a_feature_is_judged_against_the_periods_before() -> None:
    features = pd.DataFrame(made_tables.profile(8_000, 6_000, 2).features)
    table = feature_health(features)
    assert table["feature"].iloc[0] == "load"
    assert table["shift"].iloc[0] == pytest.approx(2.0)
    assert table.set_index("feature")["missing"].to_dict()["age"] == pytest.approx(0.1)
    assert table["course"].iloc[0] == [0.0, 0.0, 0.0, 2.0]


def test_a_feature_of_one_period_or_never_present_has_no_shift() -> None:
    features = pd.DataFrame(made_tables.profile(2_000, 9_999, 2).features)
    features.loc[features["feature"] == "speed", ["mean", "deviation", "least", "most"]] = None
    table = feature_health(features)
    assert table["shift"].isna().all()
    assert table.set_index("feature")["course"].to_dict()["speed"] == []


@given(st.integers(1, 3_000))
def test_a_chart_over_the_clock_is_bounded_and_in_its_unit(num_rows: int) -> None:
    table = pd.DataFrame({"time_seconds": range(num_rows), "a": 0.002, "b": 0.004})
    rows = over_time(table, {"a": "median", "b": "99 of 100"}, 1_000.0)
    assert len(rows) <= MOST_VALUES
    assert set(rows["name"]) == {"median", "99 of 100"}
    assert set(rows["value"]) == {2.0, 4.0}
