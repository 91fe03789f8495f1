"""Boosted trees, against plain NumPy.

Shapes: K ensembles, I trees in all, L leaves, D features, B bins, C outputs.
"""

from typing import Any

import numpy as np
import pytest

from stream_hmoe.kernels.boosted import GRACE, LARGEST_SCORE, LEAST_BEND, Boosted
from stream_hmoe.layout import ALLOWED_SHARE, Task
from stream_hmoe.learner import Learner
from tests.stream_hmoe.kernels.steps import Floats, assert_close, softmax, steps, surprise
from tests.stream_hmoe.learners import GROUPS, TASKS, learner

ROW = 6 + len(GROUPS)
SMALL: dict[str, Any] = {"regions": GROUPS, "stages": 3, "leaves": 4, "bins": 6, "learned": 700}


def leaf_of(trees: Boosted, i: int, z_A: Floats) -> int:
    node = 0
    while trees.feature_IN[i, node] >= 0:
        is_right = z_A[1 + trees.feature_IN[i, node]] > trees.threshold_IN[i, node]
        node = trees.child_IN[i, node] + int(is_right)
    return int(trees.slot_IN[i, node])


def test_an_ensemble_predicts_the_shrunken_sum_of_its_leaves() -> None:
    for task in TASKS:
        for step in steps(task, "boosted", **SMALL):
            trees = step.before.boosted
            for k, stages in enumerate((range(3), range(3, 6))):
                values = [trees.value_ILC[i, leaf_of(trees, i, step.z_A)] for i in stages]
                score_C = trees.shrink_K[k] * np.sum(values, axis=0)
                if task == "classification":
                    assert_close(step.before.pool.probability_TC[ROW + k], softmax(score_C))
                else:
                    assert_close(step.before.pool.mean_T[ROW + k], np.clip(score_C[0], -10, 10))
        assert trees.leaves_I.max() > 2


@pytest.mark.parametrize("task", TASKS)
def test_every_stage_takes_a_newton_step_on_what_the_stages_before_it_leave_over(task: Task) -> None:
    checked = 0
    for step in steps(task, "boosted", **SMALL):
        trees, after = step.before.boosted, step.after.boosted
        for k, stages in enumerate((range(3), range(3, 6))):
            score_C = np.zeros(trees.value_ILC.shape[2])
            for i in stages:
                leaf = leaf_of(trees, i, step.z_A)
                value_C, bend_C = trees.value_ILC[i, leaf], trees.bend_ILC[i, leaf]
                rate = max(1 / (trees.weight_IL[i, leaf] + 2), trees.rate_K[k])
                if task == "classification":
                    p_C = softmax(score_C + value_C)
                    residual_C = surprise(step.target, p_C)
                    bend_C = bend_C + rate * (p_C * (1 - p_C) - bend_C)
                    moved_C = value_C + rate * residual_C / np.maximum(bend_C, LEAST_BEND)
                    moved_C = np.clip(moved_C, -LARGEST_SCORE, LARGEST_SCORE)
                else:
                    residual_C = step.target - score_C - value_C
                    moved_C, bend_C = value_C + rate * residual_C, np.ones(1)
                score_C = score_C + trees.shrink_K[k] * value_C
                if after.leaves_I[i] > trees.leaves_I[i]:
                    continue
                checked += 1
                spread = trees.spread_IL[i, leaf]
                assert_close(after.value_ILC[i, leaf], moved_C)
                assert_close(after.bend_ILC[i, leaf], bend_C)
                assert_close(after.spread_IL[i, leaf], spread + rate * (residual_C @ residual_C - spread))
                added = after.histogram_ILDBW[i, leaf] - trees.histogram_ILDBW[i, leaf]
                expected = np.zeros_like(added)
                bin_D = (step.z_A[1:, None] > step.before.additive.edge_DH).sum(1)
                expected[np.arange(3), bin_D] = [*residual_C, 1.0]
                np.testing.assert_allclose(added, expected, atol=1e-4)
    assert checked > 200


def ruled(task: Task, records: int, **more: Any) -> Learner:
    """A learner of one rule: the second of three features is above its middle, or not."""
    model = learner(task, ("boosted",), regions=GROUPS, bins=8, **more)
    x_ND = np.random.default_rng(1).uniform(size=(records, 3))
    is_above_N = x_ND[:, 1] > 0.5
    model.step(x_ND, is_above_N.astype(np.int64) if task == "classification" else 3.0 + 2.0 * is_above_N)
    return model


@pytest.mark.parametrize("task", TASKS)
def test_an_obvious_rule_is_found(task: Task) -> None:
    model = ruled(task, 900, stages=4, leaves=8)
    trees = model.state.boosted
    may_split_I = trees.allowed_ID[:, 1] == 1
    first_of_each_ensemble = may_split_I & (np.arange(8) % 4 == 0)
    assert first_of_each_ensemble.any()
    for i in np.flatnonzero(first_of_each_ensemble):
        assert trees.feature_IN[i, 0] == 1
        assert abs(trees.threshold_IN[i, 0]) < 0.4  # a bin is 0.43 deviations wide
    above = model.predict(np.array([[0.1, 0.9, 0.1], [0.9, 0.1, 0.9]])).predicted
    if task == "classification":
        assert above[0, 1] > 0.9 and above[1, 0] > 0.9
    else:
        np.testing.assert_allclose(above[:, 0], [5.0, 3.0], atol=0.3)


def test_children_of_a_split_start_from_the_records_on_their_side() -> None:
    model = learner("regression", ("boosted",), regions=GROUPS, bins=8, stages=1, leaves=2)
    trees = model.state.boosted
    trees.allowed_ID[:] = 1
    x_ND = np.random.default_rng(1).uniform(size=(4000, 3))
    for x_D in x_ND:
        before = trees.value_ILC[0, 0, 0]
        histogram_BW = trees.histogram_ILDBW[0, 0, 1].copy()
        model.step(x_D[None], np.array([2.0 * (x_D[1] > 0.5)]))
        if trees.leaves_I[0] == 2:
            break
    assert trees.leaves_I[0] == 2 and model.records % GRACE == 0
    left, right = trees.weight_IL[0] * 2
    assert left + right == model.records == histogram_BW[:, -1].sum() + 1
    cut = int(np.flatnonzero(np.isclose(trees.threshold_IN[0, 0], model.state.additive.edge_DH[1]))[0]) + 1
    low, high = histogram_BW[:cut].sum(0), histogram_BW[cut:].sum(0)
    assert trees.value_ILC[0, 0, 0] < before < trees.value_ILC[0, 1, 0]
    np.testing.assert_allclose(trees.value_ILC[0, 0, 0], before + low[0] / low[1], atol=0.06)
    np.testing.assert_allclose(trees.value_ILC[0, 1, 0], before + high[0] / high[1], atol=0.06)
    assert (trees.histogram_ILDBW[0] == 0).all() and (trees.seen_IL[0] == 0).all()
    assert trees.child_IN[0, 0] == 1 and trees.slot_IN[0, 1:3].tolist() == [0, 1]


def test_without_a_rule_no_tree_splits() -> None:
    model = learner("classification", ("boosted",), regions=GROUPS, stages=2)
    random = np.random.default_rng(0)
    model.step(random.normal(size=(600, 3)), random.integers(3, size=600))
    assert (model.state.boosted.leaves_I == 1).all()


@pytest.mark.parametrize("task", TASKS)
def test_trees_split_on_their_own_features_only_which_follow_from_the_seed(task: Task) -> None:
    model, same, other = (learner(task, features=10, seed=seed) for seed in (1, 1, 2))
    allowed_ID = model.state.boosted.allowed_ID
    share_I = np.repeat(ALLOWED_SHARE[task], len(allowed_ID) // 2)
    np.testing.assert_array_equal(allowed_ID.sum(1), np.round(10 * share_I))
    np.testing.assert_array_equal(allowed_ID, same.state.boosted.allowed_ID)
    assert not np.array_equal(allowed_ID, other.state.boosted.allowed_ID)
    trees = ruled(task, 1500).state.boosted
    for i, feature in zip(*np.nonzero(trees.feature_IN >= 0), strict=True):
        assert trees.allowed_ID[i, trees.feature_IN[i, feature]] == 1
