"""The linear experts, against plain NumPy."""

import numpy as np
import pytest

from stream_hmoe.kernels.linear import (
    FORGETTING,
    PRIOR,
    QUICK,
    QUICK_STEP,
    QUICK_STEP_MEAN,
    SLOW_STEP,
    STEADY,
)
from stream_hmoe.layout import LARGEST_CURVATURE
from tests.stream_hmoe.kernels.steps import Floats, assert_close, softmax, steps, surprise


def least_squares(R_AA: Floats, z_A: Floats, bend: float) -> tuple[float, Floats, Floats]:
    """One recursive-least-squares update -> step size, R z from before, and the new R."""
    turned_A, spread = R_AA @ z_A, z_A @ R_AA @ z_A
    new_AA = R_AA - np.outer(turned_A, turned_A) / (FORGETTING / bend + spread)
    if np.trace(new_AA) < FORGETTING * PRIOR * z_A.size:
        new_AA = new_AA / FORGETTING
    return float(1.0 / (1.0 + bend * spread)), turned_A, np.asarray(new_AA)


def test_classifying_experts() -> None:
    for step in steps("classification", "linear"):
        before, after, z_A = step.before.linear, step.after.linear, step.z_A
        probability_JC = softmax(before.weight_JCA @ z_A)
        assert_close(step.before.pool.probability_TC[:2], probability_JC)
        quick = QUICK_STEP / (1.0 + QUICK_STEP * 0.25 * z_A @ z_A)
        moved_JCA = after.weight_JCA - before.weight_JCA
        assert_close(moved_JCA[QUICK], quick * np.outer(surprise(step.target, probability_JC[QUICK]), z_A))
        size, turned_A, new_AA = least_squares(before.curvature_RR, z_A, 0.25)
        steady_C = surprise(step.target, probability_JC[STEADY])
        assert_close(moved_JCA[STEADY], size * np.outer(steady_C, turned_A))
        assert_close(after.curvature_RR, new_AA)
        np.testing.assert_array_equal(after.curvature_RR, after.curvature_RR.T)


def test_mean_experts() -> None:
    for step in steps("regression", "linear"):
        before, after, z_A = step.before.linear, step.after.linear, step.z_A
        mean_J = before.weight_JCA[:, 0] @ z_A
        assert_close(step.before.pool.mean_T[:2], np.clip(mean_J, -10, 10))
        moved_JA = (after.weight_JCA - before.weight_JCA)[:, 0]
        quick = QUICK_STEP_MEAN / (1.0 + QUICK_STEP_MEAN * z_A @ z_A)
        assert_close(moved_JA[QUICK], quick * (step.target - mean_J[QUICK]) * z_A)
        size, turned_A, _ = least_squares(before.curvature_RR, z_A, 1.0)
        assert_close(moved_JA[STEADY], size * (step.target - mean_J[STEADY]) * turned_A)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_with_many_features_the_steady_expert_is_first_order(task: str) -> None:
    bend = 0.25 if task == "classification" else 1.0
    for step in steps(task, "linear", learned=20, checked=5, features=LARGEST_CURVATURE):  # type: ignore[arg-type]
        assert step.after.linear.curvature_RR.size == 0
        size = SLOW_STEP / (1.0 + SLOW_STEP * bend * step.z_A @ step.z_A)
        if task == "classification":
            wanted_C = surprise(step.target, step.before.pool.probability_TC[STEADY])
        else:
            wanted_C = np.array([step.target - step.before.pool.mean_T[STEADY]])
        moved_CA = (step.after.linear.weight_JCA - step.before.linear.weight_JCA)[STEADY]
        assert_close(moved_CA, size * np.outer(wanted_C, step.z_A))
