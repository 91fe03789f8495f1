"""The newest records, and an even sample of all: bounded, the same however the stream is cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_hmoe.replay import EvenSample, Kept, RecentRecords, _hashes, widened
from tests.stream_hmoe.drifting import assert_same_state, through_disk

CUTS = st.lists(st.integers(0, 60), max_size=30)


def records(begin: int, end: int, num_features: int = 2) -> Kept:
    number_N = np.arange(begin, end)
    value_N = number_N.astype(np.float64)
    return Kept(number_N, value_N[:, None] + np.arange(num_features) / 10.0, value_N * 2.0, value_N / 1e6)


def blocks(cuts: list[int]) -> Iterator[Kept]:
    begin = 0
    for cut in cuts:
        yield records(begin, begin + cut)
        begin += cut


@given(CUTS, st.integers(1, 50))
def test_the_newest_records_are_kept(cuts: list[int], capacity: int) -> None:
    recent = RecentRecords(capacity)
    total = 0
    for block in blocks(cuts):
        recent.add(block)
        total += len(block.y_N)
        assert sum(len(part.y_N) for part in recent._parts) < capacity + 60
    expected = records(max(total - capacity, 0), total)
    for mine, theirs in zip(
        recent.kept()[0:1] + recent.kept()[2:], expected[0:1] + expected[2:], strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)


@given(CUTS, st.integers(1, 50), st.integers(0, 3), st.lists(st.booleans(), min_size=30, max_size=30))
def test_the_sample_is_the_smallest_hashes(
    cuts: list[int], capacity: int, seed: int, looks: list[bool]
) -> None:
    sample = EvenSample(capacity, seed)
    total = 0
    for block, look in zip(blocks(cuts), looks, strict=False):
        sample.add(block)
        total += len(block.y_N)
        assert sum(len(part.y_N) for part in sample._parts) <= 2 * capacity
        if look:
            sample.kept()
    hash_N = _hashes(np.arange(total), seed)
    expected = np.sort(np.argsort(hash_N)[:capacity])
    kept = sample.kept()
    np.testing.assert_array_equal(kept.record_N, expected)
    np.testing.assert_array_equal(kept.y_N, expected * 2.0)


def test_hashes_are_all_different() -> None:
    assert len(np.unique(_hashes(np.arange(100_000), 7))) == 100_000


@pytest.mark.parametrize("seed", [0, 1, 12345])
def test_the_sample_is_even(seed: int) -> None:
    sample = EvenSample(2_000, seed)
    for begin in range(0, 40_000, 1_000):
        sample.add(records(begin, begin + 1_000))
    drawn_20 = np.histogram(sample.kept().record_N, bins=20, range=(0, 40_000))[0]
    chi_square = float(((drawn_20 - 100.0) ** 2 / 100.0).sum())
    assert 5.0 < chi_square < 43.8  # 99.9% of chi-square with 19 degrees of freedom lie below, 0.1% below 5.4


def test_no_record_is_in_every_sample() -> None:
    """Each of ten records is in a sample of five of them for about half of all seeds."""
    counts_N = np.zeros(10)
    for seed in range(400):
        sample = EvenSample(5, seed)
        sample.add(records(0, 10))
        counts_N[sample.kept().record_N] += 1
    assert counts_N.sum() == 2_000
    assert (np.abs(counts_N - 200.0) < 4.0 * 10.0).all()


def test_the_first_record_is_drawn_like_any_other() -> None:
    sample = EvenSample(10)
    sample.add(records(0, 10_000))
    assert sample.kept().record_N.min() > 0


def test_another_seed_gives_another_sample() -> None:
    one, other = EvenSample(50, 1), EvenSample(50, 2)
    for sample in (one, other):
        sample.add(records(0, 1_000))
    assert set(one.kept().record_N.tolist()) != set(other.kept().record_N.tolist())


@pytest.mark.parametrize("make", [lambda: RecentRecords(40), lambda: EvenSample(40)])
def test_a_feature_that_came_later_is_missing_before(make: Callable[[], RecentRecords | EvenSample]) -> None:
    kept = make()
    kept.add(records(0, 30, 2))
    kept.add(records(30, 35, 3))
    together = kept.kept()
    assert together.x_ND.shape == (35, 3)
    assert np.isnan(together.x_ND[:30, 2]).all() and not np.isnan(together.x_ND[30:]).any()
    np.testing.assert_array_equal(together.x_ND[:30, :2], records(0, 30, 2).x_ND)


@pytest.mark.parametrize("make", [lambda: RecentRecords(70), lambda: EvenSample(70)])
@pytest.mark.parametrize("cut", [0, 20, 333])
def test_a_restart_changes_nothing(
    make: Callable[[], RecentRecords | EvenSample], cut: int, tmp_path: Path
) -> None:
    unbroken, first, second = make(), make(), make()
    unbroken.add(records(0, cut))
    first.add(records(0, cut))
    second.load_state_dict(through_disk({"kept": first.state_dict()}, tmp_path)["kept"])
    for begin in range(cut, 1_000, 50):
        unbroken.add(records(begin, begin + 50))
        second.add(records(begin, begin + 50))
    assert_same_state(unbroken.state_dict(), second.state_dict())


def test_nothing_is_kept_of_nothing() -> None:
    assert [len(column) for column in RecentRecords(5).kept()] == [0, 0, 0, 0]
    assert [len(column) for column in EvenSample(5).kept()] == [0, 0, 0, 0]


def test_records_are_found_by_number() -> None:
    kept = records(0, 100).chosen(np.arange(100) % 3 == 0)
    assert kept.from_record(50).record_N.tolist() == list(range(51, 100, 3))
    assert kept.before_record(51).record_N.tolist() == list(range(0, 51, 3))
    assert kept.from_record(-1).record_N.tolist() == kept.record_N.tolist()


def test_widened_leaves_what_fits_alone() -> None:
    x_ND = np.zeros((3, 2))
    assert widened(x_ND, 2) is x_ND
