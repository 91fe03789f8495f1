"""A partition divides the inputs as the gate it was copied from did, and never learns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from stream_hmoe.layout import Task
from stream_hmoe.learner import Learner
from stream_hmoe.partition import Partition, watched_group
from stream_hmoe.settings import RegionGroup, Settings
from tests.stream_hmoe.drifting import assert_same_state, rows, through_disk, trained

Floats = npt.NDArray[np.float64]


def gates_of(learner: Learner, x_ND: Floats, partition: Partition) -> Floats:
    """Relative weights of the partition's leaves in the learner's own predictions."""
    weight_NK = learner.predict(x_ND, weights=True).leaf_weights
    index = [learner.topology.leaves.index(leaf) for leaf in partition.leaves]
    relative_NE: Floats = weight_NK[:, index] / weight_NK[:, index].sum(axis=1, keepdims=True)
    return relative_NE


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("gates", ["LL", "LS"])
@pytest.mark.parametrize("group", range(6))
def test_weights_are_those_of_the_learner(task: Task, gates: str, group: int) -> None:
    learner = Learner(Settings(gates=gates, experts=4), task)
    learner.widen(4, 2 if task == "classification" else 1)
    x_ND, y_N = rows(1_600, 1_600)
    x_ND[::7, 1] = np.nan
    learner.step(x_ND[:1_500], y_N[:1_500].astype(np.float64))
    partition = Partition.of(learner, group)
    gate_NE = partition.weights(x_ND[1_500:])
    assert gate_NE.shape == (100, len(partition.leaves))
    np.testing.assert_allclose(gate_NE.sum(axis=1), 1.0)
    assert ((gate_NE == 0.0) | (gate_NE >= learner.settings.cutoff)).all()
    # A prediction scales a record by moments that include it, at a rate of 1 in 1000.
    np.testing.assert_allclose(gate_NE, gates_of(learner, x_ND[1_500:], partition), atol=0.02)


def test_it_stands_still_while_the_learner_goes_on() -> None:
    learner = trained(500)
    partition = Partition.of(learner, 0)
    x_ND, y_N = rows(1_000, 0, seed=3)
    before_NE = partition.weights(x_ND)
    learner.step(x_ND * 3.0 + 1.0, y_N.astype(np.float64))
    np.testing.assert_array_equal(partition.weights(x_ND), before_NE)
    assert not np.array_equal(Partition.of(learner, 0).weights(x_ND), before_NE)


def test_a_group_without_experts_is_one_leaf() -> None:
    learner = trained(500, kinds=("linear",))
    partition = Partition.of(learner, watched_group(learner.settings))
    assert len(partition.leaves) == 1
    np.testing.assert_array_equal(partition.weights(np.zeros((3, 4))), np.ones((3, 1)))


def test_features_that_came_later_change_nothing_and_missing_ones_are_at_the_mean() -> None:
    learner = trained(500)
    partition = Partition.of(learner, 0)
    x_ND, _ = rows(20, 20, seed=5)
    wide_ND = np.concatenate([x_ND, np.full((20, 3), 9.0)], axis=1)
    np.testing.assert_array_equal(partition.weights(wide_ND), partition.weights(x_ND))
    gap_ND = x_ND.copy()
    gap_ND[:, 3] = np.nan
    np.testing.assert_array_equal(partition.weights(gap_ND[:, :3]), partition.weights(gap_ND))
    gap_ND[:, 3] = learner.state.scale.mean_D[3]
    np.testing.assert_allclose(partition.weights(gap_ND[:, :3]), partition.weights(gap_ND))


def test_a_feature_that_never_varied_says_nothing() -> None:
    learner = Learner(Settings(kinds=("regions",), experts=4), "classification")
    learner.widen(3, 2)
    x_ND, y_N = rows(500, 500)
    x_ND = np.concatenate([x_ND[:, :2], np.full((500, 1), 7.0)], axis=1)
    learner.step(x_ND, y_N.astype(np.float64))
    partition = Partition.of(learner, 1)
    other_ND = x_ND.copy()
    other_ND[:, 2] = -1e9
    np.testing.assert_array_equal(partition.weights(other_ND), partition.weights(x_ND))


def test_a_restart_changes_nothing(tmp_path: Path) -> None:
    partition = Partition.of(trained(500), 4)
    again = Partition.from_state(through_disk(partition.state_dict(), tmp_path))
    assert_same_state(again.state_dict(), partition.state_dict())
    x_ND, _ = rows(50, 50, seed=2)
    np.testing.assert_array_equal(again.weights(x_ND), partition.weights(x_ND))


def test_the_group_of_middle_scale_is_watched() -> None:
    assert watched_group(Settings()) == 4
    scales = (RegionGroup(9.0), RegionGroup(3.0), RegionGroup(1.0))
    assert watched_group(Settings(regions=scales)) == 1
    assert watched_group(Settings(regions=(RegionGroup(2.0),))) == 0
