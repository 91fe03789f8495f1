from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.tiles import Figure, figure_tiles


def corners(course: list[float]) -> list[list[tuple[float, float]]]:
    """The corners of the line and of the area below it, in percent of the tile."""
    shapes = re.findall(r"polygon\((.*?)\)", figure_tiles([Figure("records", "7", course)]))
    return [
        [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+)% (-?[\d.]+)%", shape)] for shape in shapes
    ]


@given(st.lists(st.floats(-1e9, 1e9) | st.just(math.nan), max_size=80))
def test_a_course_stays_in_its_tile_whatever_its_values(course: list[float]) -> None:
    for shape in corners(course):
        assert all(0.0 <= x <= 100.0 and 0.0 <= y <= 100.0 for x, y in shape)


def test_larger_values_are_drawn_higher() -> None:
    line, _ = corners([1.0, 3.0, 2.0])
    (_, first), (_, second), (_, third) = line[:3]
    assert second < third < first
    assert [x for x, _ in line[:3]] == pytest.approx([0.0, 50.0, 100.0])


def test_a_constant_is_a_line_in_the_middle() -> None:
    line, _ = corners([5.0, 5.0])
    assert [y for _, y in line[:2]] == [50.0, 50.0]


def test_without_values_there_is_no_course() -> None:
    assert corners([]) == corners([math.nan, math.nan]) == []


def test_labels_and_values_are_text_and_never_markup() -> None:
    tile = figure_tiles([Figure("<b>records", "<i>7", [])])
    assert "<b>" not in tile
    assert "<i>" not in tile
