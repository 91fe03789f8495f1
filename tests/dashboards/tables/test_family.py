from __future__ import annotations

import pandas as pd
import pytest

from dashboards.tables.family import course_of, lives, ranges_of, tree
from tests.dashboards import made_tables

COLUMNS = ["record", "leaf", "name", "group_name", "weight", "loss_nats", "error"]


def shares(*rows: tuple[int, int, str, float, float]) -> pd.DataFrame:
    """Shares from (record, leaf, group, weight, loss)."""
    full = [(r, leaf, f"{group}/{leaf}", group, w, loss, loss / 2.0) for r, leaf, group, w, loss in rows]
    return pd.DataFrame(full, columns=COLUMNS)


def test_leaves_lie_beside_their_group_and_both_columns_fill_the_height() -> None:
    boxes = tree(shares((250, 0, "a", 0.2, 0.1), (250, 1, "b", 0.5, 0.3), (250, 2, "a", 0.3, 0.6)))
    groups, leaves = boxes[boxes["level"] == 0], boxes[boxes["level"] == 1]
    assert groups["end"].max() == pytest.approx(1.0)
    assert leaves["end"].max() == pytest.approx(1.0)
    for group in groups.itertuples():
        own = leaves[leaves["name"].str.startswith(group.name)]
        assert own["begin"].min() == pytest.approx(group.begin)
        assert own["end"].max() == pytest.approx(group.end)
    first = groups.set_index("name").loc["a"]
    assert first["usage"] == pytest.approx(0.5)
    assert first["loss_nats"] == pytest.approx((0.2 * 0.1 + 0.3 * 0.6) / 0.5)
    assert "50.0 %" in first["label"]


def test_leaves_too_thin_to_see_are_drawn_as_one_box_of_their_group() -> None:
    rows = [(250, 0, "a", 0.9, 0.1), *((250, leaf, "a", 0.002, 0.1) for leaf in range(1, 11))]
    leaves = tree(shares(*rows, (250, 11, "b", 0.004, 0.1))).query("level == 1")
    assert leaves["name"].tolist() == ["a/0", "10 others of a", "b/11"]


def test_a_life_is_drawn_only_of_leaves_that_came_or_went() -> None:
    found = pd.DataFrame(
        [(0, "a/0", "a", 0, None), (1, "a/1", "a", 0, 500.0), (2, "a/2", "a", 500, None)],
        columns=["leaf", "name", "group_name", "record", "end"],
    ).astype({"end": float})
    table = lives(found, 2_000)
    assert table[["name", "record", "end"]].to_numpy().tolist() == [["a/1", 0, 500.0], ["a/2", 500, 2_000.0]]


def test_the_course_of_a_leaf_is_its_own() -> None:
    table = shares((250, 0, "a", 0.2, 0.1), (250, 1, "a", 0.8, 0.3), (500, 1, "a", 0.7, 0.4))
    assert course_of(table, 1, "loss_nats").to_numpy().tolist() == [[250, 0.3], [500, 0.4]]


def test_what_sets_a_leaf_apart_stands_first() -> None:
    rows = made_tables.profile(2_000, 9_999, 4)
    table = ranges_of(pd.DataFrame(rows.leaf_features), pd.DataFrame(rows.features), 0)
    assert table["feature"].iloc[0] == "age"
    assert table["shift"].iloc[0] == pytest.approx(2.0)
    assert table["low"].iloc[0] == pytest.approx(59.0)
    assert table["all_high"].iloc[0] == pytest.approx(50.0)
    assert ranges_of(pd.DataFrame(rows.leaf_features), pd.DataFrame(rows.features), 99).empty
