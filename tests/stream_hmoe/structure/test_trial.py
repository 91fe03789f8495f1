"""The paired test decides rightly, rarely wrongly, and the same however its input is cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_hmoe.structure import Trial

RECORDS = 4000


def differences(mean: float, seed: int = 0, deviation: float = 0.2) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, deviation, RECORDS)


@pytest.mark.parametrize(
    ("mean", "margin", "verdict"),
    [(0.05, 0.01, "promote"), (-0.05, 0.01, "drop"), (0.0, -0.05, "promote"), (-0.1, -0.05, "drop")],
)
def test_a_clear_difference_is_decided(mean: float, margin: float, verdict: str) -> None:
    trial = Trial(margin)
    assert trial.update(differences(mean)) == verdict
    assert trial.finished
    assert trial.mean == pytest.approx(mean, abs=0.02)


def test_an_equal_challenger_that_is_simpler_is_soon_promoted() -> None:
    trial = Trial(-0.01, warmup=100, longest=RECORDS)
    assert trial.update(np.zeros(200)) == "promote"


def test_a_difference_at_the_margin_is_rarely_decided() -> None:
    wrong = sum(Trial(0.01, alpha=0.05).update(differences(0.01, seed)) != "undecided" for seed in range(200))
    assert wrong <= 20  # either side errs with probability 0.05 at most


def test_nothing_is_decided_during_the_warm_up() -> None:
    trial = Trial(0.0, warmup=300)
    trial.update(np.full(300, 5.0))
    assert trial.verdict == "undecided" and not trial.finished


def test_time_runs_out() -> None:
    trial = Trial(0.01, longest=500)
    trial.update(differences(0.01)[:500])
    assert trial.finished and trial.verdict == "undecided"


@given(cut=st.integers(0, RECORDS))
def test_cuts_and_restarts_change_nothing(cut: int) -> None:
    whole, first, second = Trial(0.01), Trial(0.01), Trial(0.5)
    difference = differences(0.02)
    whole.update(difference)
    first.update(difference[:cut])
    second.load_state_dict(first.state_dict())
    second.update(difference[cut:])
    assert second.verdict == whole.verdict
    np.testing.assert_array_equal(second.state_dict()["sums_7"], whole.state_dict()["sums_7"])
