"""The outer gate and the pools, against plain NumPy; its centres are held to torch in test_equivalence.

Shapes: M groups, L pools, T = M + L, C classes.
"""

from typing import Any

import numpy as np
import pytest

from stream_hmoe.kernels.pool import (
    ERROR_RATE,
    FLOOR,
    LEAST_LIKELIHOOD,
    LEAST_VARIANCE,
    PRIOR,
    SHARE,
    TEMPER,
    _share_prior,
)
from stream_hmoe.settings import KINDS
from tests.stream_hmoe.kernels.steps import Floats, assert_close, each_step, softmax
from tests.stream_hmoe.learners import GROUPS, learned, stream

SOME: dict[str, Any] = {"kinds": ("linear", "memory", "boosted"), "regions": GROUPS, "stages": 2}


def walk(task: Any, **more: Any) -> Any:
    return each_step(learned(task, records=150, **more), stream(task, 180).rows(150, 180))


def shared(log_prior_T: Floats, takes_part_T: Floats) -> Floats:
    """The normalised prior with a share of it spread evenly."""
    prior_T = softmax(np.where(takes_part_T > 0, log_prior_T, -np.inf))
    return np.asarray((1 - SHARE) * prior_T + SHARE / takes_part_T.sum())


def test_pools_multiply_floored_probabilities() -> None:
    for step in walk("classification", **SOME):
        pool = step.before.pool
        groups = pool.active_M.size
        floored_MC = np.log(pool.probability_TC[:groups] * (1 - FLOOR) + FLOOR / 3)
        score_MC = floored_MC - floored_MC.mean(1, keepdims=True)
        pooled_LC = softmax((pool.weight_LM * pool.active_M) @ score_MC)
        assert_close(pool.probability_TC[groups:], pooled_LC)
        assert_close(step.outcome.predicted[0], pool.gate_T @ pool.probability_TC)
        # d log p_y / d w_m = s_my - sum_c p_c s_mc
        slope_LM = score_MC[:, step.target] - pooled_LC @ score_MC.T
        moved_LM = step.after.pool.weight_LM - pool.weight_LM
        assert_close(moved_LM, pool.rate_L[:, None] * slope_LM * pool.active_M)


def test_the_prior_of_the_outer_gate_is_a_tempered_fixed_share() -> None:
    for step in walk("classification", **SOME):
        pool = step.before.pool
        takes_part_T = np.append(pool.active_M, np.ones(pool.rate_L.size))
        likelihood_T = np.maximum(pool.probability_TC[:, step.target], LEAST_LIKELIHOOD)
        prior_T = shared(pool.log_prior_T + TEMPER * np.log(likelihood_T), takes_part_T)
        assert_close(np.exp(step.after.pool.log_prior_T), prior_T)


def test_groups_that_take_no_part_have_no_weight() -> None:
    for step in walk("classification", **SOME):
        idle_M = step.before.pool.active_M == 0
        assert idle_M.sum() == 5
        assert (step.before.pool.gate_T[: idle_M.size][idle_M] == 0).all()
        assert (step.after.pool.centre_TA[: idle_M.size][idle_M] == 0).all()


def test_pools_of_means_are_recursive_least_squares() -> None:
    for step in walk("regression", kinds=KINDS, regions=GROUPS):
        pool = step.before.pool
        groups = pool.active_M.size
        mean_M = pool.mean_T[:groups]
        for pooled, forgetting in enumerate(pool.rate_L):
            mean = (pool.weight_LM[pooled] * pool.active_M) @ mean_M
            assert_close(pool.mean_T[groups + pooled], np.clip(mean, -10, 10))
            R_MM = pool.curvature_LMM[pooled]
            turned_M, spread = R_MM @ mean_M, mean_M @ R_MM @ mean_M
            moved_M = (step.target - mean) / (1 + spread) * turned_M * pool.active_M
            assert_close(step.after.pool.weight_LM[pooled] - pool.weight_LM[pooled], moved_M)
            new_MM = R_MM - np.outer(turned_M, turned_M) / (forgetting + spread)
            if np.trace(new_MM) < forgetting * PRIOR * groups:
                new_MM = new_MM / forgetting
            assert_close(step.after.pool.curvature_LMM[pooled], new_MM)


def test_the_prior_follows_gaussian_likelihoods_with_running_errors() -> None:
    for step in walk("regression", **SOME):
        pool = step.before.pool
        takes_part_T = np.append(pool.active_M, np.ones(pool.rate_L.size))
        miss_T = (step.target - pool.mean_T) ** 2
        fit_T = -0.5 * (np.log(pool.variance_T) + np.minimum(miss_T / pool.variance_T, 40.0))
        assert_close(
            np.exp(step.after.pool.log_prior_T), shared(pool.log_prior_T + TEMPER * fit_T, takes_part_T)
        )
        variance_T = pool.variance_T + ERROR_RATE * (np.minimum(miss_T, 100.0) - pool.variance_T)
        assert_close(step.after.pool.variance_T, np.maximum(variance_T, LEAST_VARIANCE))


def test_leaf_weights_hand_the_mass_of_pools_to_what_they_pool() -> None:
    model = learned("classification", **SOME)
    pool = model.state.pool
    for weights in (pool.weight_LM.copy(), np.zeros_like(pool.weight_LM)):
        pool.weight_LM[:] = weights
        leaf_weights = model.predict(stream("classification", 1).x_ND, weights=True).leaf_weights[0]
        say_LM = np.abs(weights) * pool.active_M if weights.any() else pool.active_M + weights
        say_LM = say_LM / say_LM.sum(1, keepdims=True)
        weight_M = pool.gate_T[:-3] + pool.gate_T[-3:] @ say_LM
        group_K = np.array(model.topology.group_of)
        assert_close(np.bincount(group_K, leaf_weights), weight_M)
        assert_close(leaf_weights.sum(), 1.0)


@pytest.mark.parametrize("groups", [5, 14, 15, 21])
def test_where_arrays_lie_in_memory_changes_no_bit(groups: int) -> None:
    random = np.random.default_rng(0)
    active_M, log_prior_T = np.ones(groups), -8.0 * random.random(groups + 3)
    found = set()
    for gap in (0, 1, 2, 3, 8, 100):
        memory = np.zeros(2 * groups + 103)
        here_M, here_T = memory[:groups], memory[groups + gap : 2 * groups + gap + 3]
        here_M[:], here_T[:] = active_M, log_prior_T
        for _ in range(20):
            _share_prior(here_T, here_M)
        found.add(here_T.tobytes())
    assert len(found) == 1
