from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_hmoe.streams.changes import CHUNK, Change, checked, draw, seed_from, stage_of


def test_stages_follow_the_changes() -> None:
    changes = (Change(3, 3), Change(5, 8), Change(8, 8))
    stage_N, blend_N = stage_of(changes, np.arange(10))
    assert stage_N.tolist() == [0, 0, 0, 1, 1, 1, 1, 1, 3, 3]
    assert blend_N.tolist() == [0, 0, 0, 0, 0, 0.25, 0.5, 0.75, 0, 0]


def test_without_changes_there_is_one_stage() -> None:
    stage_N, blend_N = stage_of((), np.arange(3))
    assert stage_N.tolist() == [0, 0, 0]
    assert blend_N.tolist() == [0, 0, 0]


@pytest.mark.parametrize("changes", [[(5, 4)], [(5, 8), (7, 9)], [(5, 5), (4, 4)], [(-1, 3)]])
def test_changes_must_follow_each_other(changes: Any) -> None:
    with pytest.raises(ValueError, match="overlap"):
        checked(changes)


def test_a_generator_gives_the_seed() -> None:
    assert seed_from(5) == 5
    assert seed_from(np.random.default_rng(1)) == seed_from(np.random.default_rng(1))
    assert seed_from(np.random.default_rng(1)) != seed_from(np.random.default_rng(2))


def columns(rng: np.random.Generator, record_N: Any) -> tuple[Any, ...]:
    return record_N, rng.normal(size=(len(record_N), 2))


@given(st.lists(st.integers(0, 3 * CHUNK), min_size=2, max_size=5).map(sorted))
def test_rows_are_the_same_in_pieces(borders: list[int]) -> None:
    whole = draw(columns, 3, borders[0], borders[-1])
    pieces = [draw(columns, 3, first, last) for first, last in itertools.pairwise(borders)]
    for column, parts in zip(whole, zip(*pieces, strict=True), strict=True):
        np.testing.assert_array_equal(column, np.concatenate(parts))
    assert whole[0].tolist() == list(range(borders[0], borders[-1]))


def test_chunks_and_seeds_differ() -> None:
    values = draw(columns, 3, 0, 2 * CHUNK)[1]
    assert not np.array_equal(values[:CHUNK], values[CHUNK:])
    assert not np.array_equal(values, draw(columns, 4, 0, 2 * CHUNK)[1])


@pytest.mark.parametrize(("first", "last"), [(-1, 3), (3, 2)])
def test_a_span_runs_forward_from_zero(first: int, last: int) -> None:
    with pytest.raises(ValueError, match="first <= last"):
        draw(columns, 3, first, last)
