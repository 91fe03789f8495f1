"""Both tests find what is there, and the bootstrap is not fooled by runs of equal losses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.significance import mcnemar, paired_bootstrap


def test_mcnemar_counts_only_records_that_one_alone_got_wrong() -> None:
    first = np.array([True] * 8 + [False] * 2 + [True] * 50)
    second = np.array([False] * 8 + [True] * 2 + [True] * 50)
    assert mcnemar(first, second) == pytest.approx(2 * (1 + 10 + 45) / 1024)
    assert mcnemar(first, first) == 1.0


def test_a_clear_difference_is_found_with_its_sign() -> None:
    random = np.random.default_rng(1)
    good, bad = (random.random(4000) < 0.1).astype(float), (random.random(4000) < 0.2).astype(float)
    found = paired_bootstrap(good, bad)
    assert found.difference == pytest.approx((bad - good).mean())
    assert 0 < found.low < found.difference < found.high
    assert found.p_value < 0.01


def test_equal_losses_are_no_difference() -> None:
    loss = np.random.default_rng(2).random(500)
    found = paired_bootstrap(loss, loss)
    assert (found.difference, found.low, found.high, found.p_value) == (0.0, 0.0, 0.0, 1.0)


def test_runs_of_losses_widen_the_interval() -> None:
    random = np.random.default_rng(3)
    independent = random.integers(0, 2, 10_000).astype(float)
    in_runs = np.repeat(random.integers(0, 2, 200), 50).astype(float)
    widths = [
        found.high - found.low
        for found in (paired_bootstrap(np.zeros(10_000), loss) for loss in (independent, in_runs))
    ]
    assert widths[1] > 3 * widths[0]


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=50), st.integers(0, 5))
def test_the_same_seed_gives_the_same_interval(loss: list[float], seed: int) -> None:
    first, second = np.array(loss), np.zeros(len(loss))
    found = paired_bootstrap(first, second, resamples=50, seed=seed)
    assert found == paired_bootstrap(first, second, resamples=50, seed=seed)
    assert 0 < found.p_value <= 1
