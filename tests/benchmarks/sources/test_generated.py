"""Generated streams are what their names say: right size, same again, drifting where they should."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.sources.bundled import BUNDLED, read
from benchmarks.sources.endless import endless
from benchmarks.sources.generated import INDEXED, ROWS, UNSEEN, make


def test_no_name_is_used_twice() -> None:
    assert not INDEXED.keys() & UNSEEN.keys()
    assert not BUNDLED.keys() & (INDEXED.keys() | UNSEEN.keys())


@pytest.mark.parametrize("name", ["stagger", "friedman_abrupt"])
def test_the_same_name_gives_the_same_records(name: str) -> None:
    first, second = make(name), make(name)
    assert len(first.y_N) == ROWS
    assert np.array_equal(first.x_ND, second.x_ND)
    assert np.array_equal(first.y_N, second.y_N)


def test_the_concept_changes_where_it_should() -> None:
    stream = make("stagger")
    quarter = ROWS // 4
    tables = []
    for begin in range(0, ROWS, quarter):
        rows = slice(begin, begin + quarter)
        cells = (stream.x_ND[rows] @ [9, 3, 1]).astype(int)
        tables.append([set(stream.y_N[rows][cells == cell]) for cell in np.unique(cells)])
    assert all(len(labels) == 1 for table in tables for labels in table)
    assert tables[0] != tables[1] != tables[2]
    assert tables[1] == tables[3]


@pytest.mark.parametrize("name", ["phishing", "airline_passengers"])
def test_bundled_sets_are_there_and_whole(name: str) -> None:
    stream = read(name)
    assert np.isfinite(stream.x_ND).all()
    assert len(stream.x_ND) == len(stream.y_N) > 100


def test_the_endless_stream_is_repeatable_and_drifts() -> None:
    blocks, again = endless(1_000), endless(1_000)
    x_ND, y_N = next(blocks)
    same_x_ND, same_y_N = next(again)
    assert np.array_equal(x_ND, same_x_ND)
    assert np.array_equal(y_N, same_y_N)
    assert not np.array_equal(x_ND, next(blocks)[0])
    assert set(y_N) == {0, 1, 2, 3}
