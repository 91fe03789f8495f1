import numpy as np
import pytest

from stream_hmoe.evidence import estimate, known, one_hot, run_length, run_means
from stream_hmoe.evidence.reference import chi_square_per_record
from tests.stream_hmoe.evidence.gates import falling, lazies, one_hots, softs, wanderers

K = 8


def test_a_known_mean_is_certain() -> None:
    reference = known(np.array([2.0, 1.0, 1.0, 0.0]))
    assert reference.error == 0.0
    assert reference.pace == 1.0
    np.testing.assert_allclose(reference.mean_K, [0.5, 0.25, 0.25, 0.0], atol=1e-6)
    assert (reference.mean_K > 0.0).all()


def test_independent_records_are_neither_sticky_nor_averaged() -> None:
    for seed in range(20):
        reference = estimate(one_hots(np.random.default_rng(seed), falling(K), 4000))
        assert (reference.sticky, reference.tau, run_length(reference)) == (0.0, 1.0, 1)


def test_one_hot_weights_err_by_k_minus_one_over_n() -> None:
    reference = estimate(one_hots(np.random.default_rng(0), falling(K), 4000))
    assert reference.error**2 == pytest.approx((K - 1) / 4000, rel=0.02)


def test_soft_weights_err_less() -> None:
    reference = estimate(softs(np.random.default_rng(0), falling(K), 4000, sharpness=3.0))
    assert chi_square_per_record(reference) == pytest.approx((K - 1) / 4, rel=0.1)


@pytest.mark.parametrize("rho", [0.5, 0.8])
def test_a_lazy_chain_is_recognised(rho: float) -> None:
    reference = estimate(lazies(np.random.default_rng(1), falling(K), 10_000, rho))
    assert reference.sticky == pytest.approx(rho, abs=0.03)
    assert reference.tau == pytest.approx((1 + rho) / (1 - rho), rel=0.5)
    assert run_length(reference) == 1


def test_a_gate_that_moves_smoothly_is_averaged_instead() -> None:
    g_NK = wanderers(np.random.default_rng(2), K, 10_000, 0.9)
    reference = estimate(g_NK)
    assert reference.sticky == 0.0
    assert 5 <= run_length(reference) <= 30
    assert estimate(run_means(g_NK, run_length(reference))).tau < 4.0


def test_the_largest_weight_is_chosen_once() -> None:
    choice = one_hot(np.array([[0.2, 0.5, 0.3], [0.4, 0.4, 0.2]]))
    np.testing.assert_array_equal(choice, [[0, 1, 0], [1, 0, 0]])


def test_a_leaf_that_was_never_used_is_possible() -> None:
    g_NK = np.zeros((100, 3))
    g_NK[:, :2] = one_hots(np.random.default_rng(0), np.array([0.5, 0.5]), 100)
    reference = estimate(g_NK)
    assert 0.0 < reference.mean_K[2] < 0.01
    assert reference.deviation_K()[2] > 0.0
