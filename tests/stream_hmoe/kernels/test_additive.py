"""Rules on one feature, against plain NumPy.

Shapes: D features, B bins, C classes, J step sizes.
"""

import numpy as np

from stream_hmoe.kernels.additive import STEPS, STEPS_MEAN, quantile_edges, uniform_edges
from tests.stream_hmoe.kernels.steps import assert_close, softmax, steps, surprise
from tests.stream_hmoe.learners import GROUPS, learned, stream

ROW = 4 + len(GROUPS)


def test_classifying_rules() -> None:
    for step in steps("classification", "additive", regions=GROUPS, bins=5):
        before, after = step.before.additive, step.after.additive
        bin_D = (step.z_A[1:, None] > before.edge_DH).sum(1)
        np.testing.assert_array_equal(before.bin_D, bin_D)
        hit_JDC = before.weight_JDBC[:, np.arange(3), bin_D]
        probability_JC = softmax(before.intercept_JC + hit_JDC.sum(1))
        assert_close(step.before.pool.probability_TC[ROW : ROW + 2], probability_JC)
        for j, size in enumerate(STEPS):
            move_C = size / (1 + size * 4 / 4) * surprise(step.target, probability_JC[j])
            assert_close(after.intercept_JC[j], before.intercept_JC[j] + move_C)
            expected = before.weight_JDBC[j].copy()
            expected[np.arange(3), bin_D] += move_C
            assert_close(after.weight_JDBC[j], expected)


def test_mean_rules() -> None:
    for step in steps("regression", "additive", regions=GROUPS, bins=5):
        before, after = step.before.additive, step.after.additive
        bin_D = (step.z_A[1:, None] > before.edge_DH).sum(1)
        mean_J = before.intercept_JC[:, 0] + before.weight_JDBC[:, np.arange(3), bin_D, 0].sum(1)
        assert_close(step.before.pool.mean_T[ROW : ROW + 2], np.clip(mean_J, -10, 10))
        for j, size in enumerate(STEPS_MEAN):
            move = size / (1 + size * 4) * (step.target - mean_J[j])
            assert_close(after.intercept_JC[j], before.intercept_JC[j] + move)
            expected = before.weight_JDBC[j].copy()
            expected[np.arange(3), bin_D] += move
            assert_close(after.weight_JDBC[j], expected)


def test_first_edges_lie_evenly_and_later_ones_cut_what_is_remembered_into_equal_counts() -> None:
    edge_H = uniform_edges(5)
    assert_close(np.diff(edge_H), np.full(3, 1.1))
    assert_close(edge_H, -edge_H[::-1])
    model = learned("classification", ("additive",), 99, bins=5)
    np.testing.assert_array_equal(model.state.additive.edge_DH, [edge_H] * 3)
    model.step(*stream("classification", 100).rows(99, 100))
    remembered_DN = model.state.memory.record_AN[1:, :100]
    bin_DN = (remembered_DN[:, :, None] > model.state.additive.edge_DH[:, None]).sum(2)
    counts = [np.bincount(bin_N, minlength=5) for bin_N in bin_DN]
    # values at an edge itself, as all missing ones are, may fall on either side
    assert np.abs(np.array(counts) - 20).max() <= 4


def test_edges_of_a_constant_feature_are_that_constant() -> None:
    np.testing.assert_array_equal(quantile_edges(np.ones((2, 10)), 4), np.ones((1, 4)))
