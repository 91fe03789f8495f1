import math

import numpy as np
import pytest

from stream_hmoe.evidence import Calibration, estimate, make_bets
from tests.stream_hmoe.evidence.gates import falling, lazies, one_hots

K, ARL, EFFORT = 4, 2000.0, 400_000
REFERENCE_NK = one_hots(np.random.default_rng(0), falling(K), 2000)


def calibration(seed: int = 0, reference_NK: object = REFERENCE_NK, arl: float = ARL) -> Calibration:
    assert isinstance(reference_NK, np.ndarray)
    return Calibration(
        reference_NK[:, None], lambda g_NSK: make_bets([estimate(g_NSK[:, 0])]), arl, 1, 20, seed, EFFORT
    )


def test_slices_of_any_size_find_the_same_threshold() -> None:
    whole, sliced = calibration(), calibration()
    assert whole.step(whole.remaining)
    budgets = np.random.default_rng(1).integers(1, 40_000, 100)
    spent = 0
    for budget in budgets:
        spent += 1
        if sliced.step(int(budget)):
            break
    assert spent > 5
    assert sliced.log_threshold() == whole.log_threshold()
    assert sliced.run_length(6.0) == whole.run_length(6.0)


def test_a_saved_simulation_goes_on_where_it_was() -> None:
    whole, halted = calibration(3), calibration(3)
    whole.step(whole.remaining)
    halted.step(23_457)
    resumed = calibration(3)
    resumed.load_state_dict(halted.state_dict())
    assert resumed.remaining == halted.remaining
    assert resumed.step(resumed.remaining)
    assert resumed.log_threshold() == whole.log_threshold()


def test_another_seed_resamples_otherwise() -> None:
    first, second = calibration(0), calibration(1)
    first.step(first.remaining)
    second.step(second.remaining)
    assert not np.array_equal(first.state_dict()["time_H"], second.state_dict()["time_H"])


def test_dependence_that_is_ignored_costs_threshold() -> None:
    # Bets that take a lazy chain for independent records need far more evidence for the same run length.
    g_NK = lazies(np.random.default_rng(2), falling(K), 2000, 0.7)
    naive = Calibration(
        g_NK[:, None],
        lambda rows: make_bets([estimate(rows[:, 0])._replace(sticky=0.0, tau=1.0)]),
        ARL,
        1,
        100,
        0,
        EFFORT,
    )
    aware = Calibration(g_NK[:, None], lambda rows: make_bets([estimate(rows[:, 0])]), ARL, 1, 100, 0, EFFORT)
    naive.step(naive.remaining)
    aware.step(aware.remaining)
    assert naive.log_threshold() > aware.log_threshold() + 2.0


def test_run_lengths_rise_with_the_threshold_and_reach_what_is_wanted() -> None:
    run = calibration()
    run.step(run.remaining)
    lengths = [run.run_length(log) for log in np.arange(4.0, 8.0, 0.5)]
    assert lengths == sorted(lengths)
    assert run.run_length(run.log_threshold()) >= ARL


def test_longer_run_lengths_continue_the_slope() -> None:
    short, long = calibration(arl=20_000.0), calibration(arl=200_000.0)
    short.step(short.remaining)
    long.step(long.remaining)
    assert long.log_threshold() - short.log_threshold() == pytest.approx(math.log(10.0), rel=0.35)
