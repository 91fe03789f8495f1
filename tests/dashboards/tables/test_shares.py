from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.tables import shares as tables
from dashboards.theme import OTHERS

SHARE_COLUMNS = ["record", "leaf", "name", "group_name", "weight", "loss_nats", "error"]


def shares(*rows: tuple[int, int, str, float]) -> pd.DataFrame:
    """A table of shares from (record, leaf, group, weight); loss and error are those of the leaf."""
    full = [(r, leaf, f"{group}/{leaf}", group, w, 0.1 * leaf, 0.01 * leaf) for r, leaf, group, w in rows]
    return pd.DataFrame(full, columns=SHARE_COLUMNS)


@st.composite
def share_tables(draw: st.DrawFn) -> pd.DataFrame:
    num_leaves = draw(st.integers(1, 40))
    groups = [draw(st.sampled_from("abc")) for _ in range(num_leaves)]
    rows = [
        (250 * (point + 1), leaf, group, draw(st.floats(0.001, 1.0)))
        for point in range(draw(st.integers(1, 4)))
        for leaf, group in enumerate(groups)
        if leaf == 0 or draw(st.booleans())
    ]
    return shares(*rows)


@given(share_tables())
def test_the_shares_of_all_groups_sum_to_one_at_every_point(table: pd.DataFrame) -> None:
    sums = tables.group_shares(table).rows.groupby("record")["share"].sum()
    assert sums.tolist() == pytest.approx([1.0] * table["record"].nunique())


@given(share_tables())
def test_the_leaves_of_a_group_sum_to_the_share_of_the_group(table: pd.DataFrame) -> None:
    group = table["group_name"].iloc[-1]
    leaves = tables.leaf_shares(table, group)
    whole = tables.group_shares(table).rows
    expected = whole[whole["name"] == group]["share"].tolist()
    assert leaves.rows.groupby("record")["share"].sum().tolist() == pytest.approx(expected)
    assert len(leaves.names) <= tables.MOST_AREAS


@given(share_tables())
def test_every_area_has_a_value_at_every_point(table: pd.DataFrame) -> None:
    stack = tables.group_shares(table)
    assert len(stack.rows) == len(stack.names) * table["record"].nunique()
    assert [stack.names[order] for order in stack.rows["order"]] == stack.rows["name"].tolist()


def test_beyond_fifteen_leaves_the_smallest_are_drawn_as_one() -> None:
    table = shares(*((250, leaf, "a", 0.05 if leaf < 3 else 0.1) for leaf in range(17)))
    stack = tables.leaf_shares(table, "a")
    assert stack.names == (*(str(leaf) for leaf in range(3, 17)), OTHERS)
    assert stack.rows["share"].tolist()[-1] == pytest.approx(0.15 / 1.55)


def test_a_group_of_one_leaf_keeps_its_name() -> None:
    table = shares((250, 1, "memory", 1.0)).assign(name="memory")
    assert tables.leaf_shares(table, "memory").names == ("memory",)


def test_no_shares_give_no_areas() -> None:
    stack = tables.group_shares(shares())
    assert stack.names == ()
    assert stack.rows.empty


TOPOLOGY = pd.DataFrame(
    {"record": 0, "leaf": [1, 2, 3], "name": ["a/1", "a/2", "b/3"], "group_name": ["a", "a", "b"]}
)


def test_experts_are_sorted_by_usage_and_their_loss_is_weighted_by_it() -> None:
    newest = shares((250, 1, "a", 0.2), (250, 2, "a", 0.8), (500, 1, "a", 0.4), (500, 2, "a", 0.6))
    newest.loc[0, ["loss_nats", "error"]] = 0.4, 0.7
    table = tables.expert_table(newest, newest, TOPOLOGY)
    assert table["expert"].tolist() == ["a/2", "a/1", "b/3"]
    assert table["usage"].tolist() == pytest.approx([0.7, 0.3, 0.0])
    assert table["loss_nats"].iloc[1] == pytest.approx((0.2 * 0.4 + 0.4 * 0.1) / 0.6)
    assert table["error"].iloc[1] == pytest.approx((0.2 * 0.7 + 0.4 * 0.01) / 0.6)
    assert math.isnan(table["loss_nats"].iloc[2])


def test_a_leaf_without_loss_in_one_interval_keeps_the_loss_of_the_others() -> None:
    newest = shares((250, 1, "a", 1.0), (500, 1, "a", 1.0))
    newest["loss_nats"] = [None, 0.5]
    assert tables.expert_table(newest, newest, TOPOLOGY)["loss_nats"].iloc[0] == pytest.approx(0.5)


def test_the_group_is_left_out_where_it_is_in_the_name_of_every_leaf() -> None:
    newest = shares((250, 1, "a", 1.0))
    assert "group" not in tables.expert_table(newest, newest, TOPOLOGY)
    renamed = TOPOLOGY.assign(name=["x", "y", "z"])
    assert tables.expert_table(newest, newest, renamed)["group"].tolist() == ["a", "a", "b"]


@given(st.integers(0, 300))
def test_a_trend_has_at_most_forty_values(num_points: int) -> None:
    table = shares(*((250 * (point + 1), 1, "a", 1.0) for point in range(num_points)))
    trend = tables.expert_table(table, table, TOPOLOGY)["trend"].iloc[0]
    assert len(trend) == min(num_points, tables.TREND_POINTS)
    assert set(trend) <= {1.0}


@given(st.integers(1, 900), st.integers(1, 12))
def test_a_stack_never_holds_more_values_than_a_chart_should(num_points: int, num_leaves: int) -> None:
    rows = [(250 * (p + 1), leaf, "a", 1.0) for p in range(num_points) for leaf in range(num_leaves)]
    stack = tables.leaf_shares(shares(*rows), "a")
    assert len(stack.rows) <= tables.MOST_VALUES + num_leaves
    assert stack.rows["record"].max() == 250 * num_points
    totals = stack.rows.groupby("record")["share"].sum()
    assert totals.between(1.0 - 1e-9, 1.0 + 1e-9).all()
