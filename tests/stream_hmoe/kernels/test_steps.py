"""Second-order steps stay what they are over many records."""

import numpy as np
import pytest

from stream_hmoe.kernels.steps import turned_step
from stream_hmoe.layout import Task
from tests.stream_hmoe.learners import GROUPS, TASKS, learner, stream


@pytest.mark.parametrize("task", TASKS)
def test_inverse_curvatures_stay_symmetric_to_the_bit_and_positive(task: Task) -> None:
    """A difference between the halves, however small, grows by 1 / forgetting with every record."""
    model = learner(task, ("linear", "regions"), experts=3, regions=GROUPS)
    rows = stream(task, 6000)
    for begin in range(0, 6000, 1000):
        model.step(*rows.rows(begin, begin + 1000))
        state = model.state
        for R_AA in [state.linear.curvature_RR, *state.regions.curvature_SEQQ[0], *state.pool.curvature_LMM]:
            np.testing.assert_array_equal(R_AA, R_AA.T)
            assert np.linalg.eigvalsh(R_AA).min() > 0


def test_an_observation_without_weight_changes_nothing() -> None:
    R_AA, z_A, turned_A = np.eye(3), np.array([1.0, 0.5, -2.0]), np.empty(3)
    assert turned_step(R_AA, z_A, 0.0, 0.9, 1.0, 0.25, turned_A) == 0.0
    np.testing.assert_array_equal(R_AA, np.eye(3))
    assert np.isfinite(turned_A).all()


@pytest.mark.parametrize("damage", [np.nan, np.inf, -1.0, 1e13])
def test_a_curvature_that_cannot_be_begins_again(damage: float) -> None:
    R_AA, z_A, turned_A = np.diag([damage, damage]), np.array([1.0, 0.5]), np.empty(2)
    step = turned_step(R_AA, z_A, 1.0, 0.99, 2.0, 1.0, turned_A)
    kept, spread = 0.99, 2.0 * 1.25
    expected = 2.0 * np.eye(2) - 4.0 * np.outer(z_A, z_A) / (kept + spread)
    np.testing.assert_allclose(R_AA, expected / kept)
    np.testing.assert_allclose(step * turned_A, 2.0 * z_A / (1.0 + spread))


def test_the_inverse_curvature_does_not_grow_beyond_its_start() -> None:
    """Directions that no record shows would otherwise grow without end."""
    R_AA, z_A, turned_A = np.eye(3) * 10.0, np.array([1.0, 0.0, 0.0]), np.empty(3)
    for _ in range(5000):
        turned_step(R_AA, z_A, 1.0, 0.97, 10.0, 1.0, turned_A)
    assert 15.0 < np.trace(R_AA) <= 30.0
