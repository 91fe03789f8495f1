"""The reference says what losses are expected, and by how much it may be wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_hmoe.detectors import LossReference

Floats = npt.NDArray[np.float64]
USAGE_K = np.array([0.6, 0.3, 0.1])
MEAN_K = np.array([0.1, 0.4, 0.2])


def draw(records: int, seed: int, concentration: float = 0.5) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    g_NK = rng.dirichlet(concentration * 3.0 * USAGE_K, records)
    return g_NK, np.where(rng.random(records) < g_NK @ MEAN_K, 1.0, 0.0)


def test_means_of_soft_leaves_are_found_and_their_errors_are_honest() -> None:
    off, doubts = [], []
    for seed in range(60):
        reference = LossReference.estimate(*draw(3000, seed))
        off.append(reference.mean_loss_K - MEAN_K)
        doubts.append(np.sqrt(reference.covariance_KK.diagonal()))
    spread_K, claimed_K = np.std(off, axis=0), np.mean(doubts, axis=0)
    assert (claimed_K > 0.75 * spread_K).all()
    assert (claimed_K < 1.6 * spread_K).all()


@given(st.integers(0, 50))
def test_leaves_residuals_sum_to_nothing_but_the_ridge(seed: int) -> None:
    g_NK, loss_N = draw(400, seed)
    reference = LossReference.estimate(g_NK, loss_N)
    push_K = g_NK.T @ (loss_N - g_NK @ reference.mean_loss_K)
    inside_K = (reference.mean_loss_K > 0.0) & (reference.mean_loss_K < 1.0)
    ridge_K = 4.0 * (reference.mean_loss_K - loss_N.mean())
    np.testing.assert_allclose(push_K[inside_K], ridge_K[inside_K], atol=1e-6)
    # A mean cut at 0 leaves residuals that speak for less loss, never for more.
    assert (push_K[reference.mean_loss_K == 0.0] <= ridge_K[reference.mean_loss_K == 0.0] + 1e-6).all()


def test_a_leaf_that_was_not_used_is_expected_to_lose_what_all_lose() -> None:
    g_NK, loss_N = draw(1000, 1)
    wider_NK = np.concatenate([g_NK, np.zeros((1000, 1))], axis=1)
    reference = LossReference.estimate(wider_NK, loss_N)
    assert reference.mean_loss_K[3] == pytest.approx(loss_N.mean())
    assert reference.error_K[3] >= loss_N.mean() * 0.99
    assert np.sqrt(reference.covariance_KK[3, 3]) >= loss_N.mean() * 0.99


def test_losses_that_cling_together_widen_the_error() -> None:
    rng = np.random.default_rng(2)
    g_NK, _ = draw(4000, 3)
    level_N = rng.random(4000)
    clinging_N = np.repeat(level_N[::20], 20)
    alone = LossReference.estimate(g_NK, np.where(level_N < g_NK @ MEAN_K, 1.0, 0.0))
    clinging = LossReference.estimate(g_NK, np.where(clinging_N < g_NK @ MEAN_K, 1.0, 0.0))
    assert alone.correlation == 0.0
    assert clinging.correlation > 0.5
    assert (clinging.error_K > 1.3 * alone.error_K).all()


def test_losses_are_cut_to_the_bound() -> None:
    g_NK, loss_N = draw(500, 4)
    one = LossReference.estimate(g_NK, 100.0 * loss_N - 3.0, bound=2.0)
    other = LossReference.estimate(g_NK, 2.0 * loss_N, bound=2.0)
    assert one.mean_loss_K.tolist() == other.mean_loss_K.tolist()


def test_the_scale_of_the_loss_does_not_matter() -> None:
    g_NK, loss_N = draw(500, 5)
    one, other = LossReference.estimate(g_NK, loss_N), LossReference.estimate(g_NK, 4.0 * loss_N, bound=4.0)
    np.testing.assert_allclose(other.mean_loss_K, 4.0 * one.mean_loss_K)
    np.testing.assert_allclose(other.error_K, 4.0 * one.error_K)
    np.testing.assert_allclose(other.variance_K, 16.0 * one.variance_K)


def test_a_saved_reference_is_the_same_and_shares_nothing() -> None:
    reference = LossReference.estimate(*draw(500, 6))
    state = reference.state_dict()
    again = LossReference.from_state(state)
    state["mean_loss_K"][:] = 9.0
    assert again.mean_loss_K.tolist() == reference.mean_loss_K.tolist()
    assert again.covariance_KK.tolist() == reference.covariance_KK.tolist()
    assert (again.records, again.bound, again.correlation) == (500, 1.0, reference.correlation)


def test_a_newborn_leaf_is_doubted_by_as_much_as_all_lose() -> None:
    reference = LossReference.known(MEAN_K, USAGE_K)
    grown = reference.restructured(np.concatenate([np.eye(3), np.zeros((1, 3))]))
    assert grown.mean_loss_K[3] == pytest.approx(reference.mean_loss)
    assert grown.error_K.tolist() == [0.0, 0.0, 0.0, grown.mean_loss_K[3]]
    assert grown.covariance_KK[3, 3] == pytest.approx(reference.mean_loss**2)
    assert grown.usage_K.tolist() == [*USAGE_K.tolist(), 0.0]


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: LossReference.estimate(*draw(100, 0)), "128 records"),
        (lambda: LossReference.estimate(*draw(200, 0), bound=0.0), "bound"),
        (lambda: LossReference.known(MEAN_K, USAGE_K[:2]), "usage_K"),
        (lambda: LossReference.known(2.0 + MEAN_K, USAGE_K), "mean_loss_K"),
    ],
)
def test_what_cannot_be_used_is_named(make: Any, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        make()
