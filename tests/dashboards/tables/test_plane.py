from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.tables.plane import MOST_LEAVES, plane_of, voronoi_regions
from dashboards.theme import OTHERS
from tests.dashboards import made_tables

BOX = (-1.0, 2.0, -1.0, 2.0)
place = st.floats(-0.9, 1.9).map(lambda value: round(value, 3))


def area(corners: list[tuple[float, float]]) -> float:
    pairs = zip(corners, [*corners[1:], *corners[:1]], strict=True)
    return abs(sum(x * v - u * y for (x, y), (u, v) in pairs)) / 2.0


@given(st.lists(st.tuples(place, place), min_size=1, max_size=12))
def test_the_regions_cover_the_box_and_hold_their_centres(centres: list[tuple[float, float]]) -> None:
    regions = voronoi_regions(centres, BOX)
    assert sum(map(area, regions)) == pytest.approx(9.0, abs=1e-6)
    for own, corners in zip(centres, regions, strict=True):
        for corner in corners:
            nearest = min(math.dist(corner, other) for other in centres)
            assert math.dist(corner, own) <= nearest + 1e-6


def test_a_centre_that_comes_twice_has_one_region() -> None:
    first, second = voronoi_regions([(0.0, 0.0), (0.0, 0.0)], BOX)
    assert area(first) == pytest.approx(9.0)
    assert second == []


def made(leaves: int) -> tuple[pd.DataFrame, pd.DataFrame, dict[int, str]]:
    rows = made_tables.profile(2_000, 9_999, leaves)
    names = {leaf: f"trees/{leaf}" for leaf in range(leaves)}
    return pd.DataFrame(rows.samples), pd.DataFrame(rows.leaf_features), names


def test_records_lie_near_the_centre_of_the_leaf_that_leads_them() -> None:
    plane = plane_of(*made(4))
    assert plane is not None
    assert set(plane.names) == {"trees/0", "trees/1", "trees/2", "trees/3"}
    centres = plane.centres.set_index("name")
    near = 0
    for name, x, y in plane.points[["name", "x", "y"]].itertuples(index=False):
        distances = np.hypot(centres["x"] - x, centres["y"] - y)
        near += distances.idxmin() == name
    assert near >= 0.9 * len(plane.points)
    assert set(plane.regions["name"]) == set(plane.names)
    assert plane.first.startswith("mostly ")


def test_the_map_keeps_still_while_records_are_added() -> None:
    samples, centres, names = made(4)
    all_of_them, fewer = plane_of(samples, centres, names), plane_of(samples.iloc[2:], centres, names)
    assert all_of_them is not None
    assert fewer is not None
    assert np.corrcoef(all_of_them.points["x"].to_numpy()[2:], fewer.points["x"])[0, 1] > 0.9


def test_beyond_a_few_leaves_the_others_are_drawn_as_one() -> None:
    plane = plane_of(*made(MOST_LEAVES + 3))
    assert plane is not None
    assert plane.names[-1] == OTHERS
    assert len(plane.names) == MOST_LEAVES + 1
    assert len(plane.centres) == MOST_LEAVES


def test_without_two_features_that_vary_there_is_no_map() -> None:
    samples, centres, names = made(4)
    assert plane_of(samples.iloc[:2], centres, names) is None
    flat = samples.assign(values='{"a": 1.0, "b": 2.0}')
    assert plane_of(flat, centres, names) is None
