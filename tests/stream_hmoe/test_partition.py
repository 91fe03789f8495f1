"""A partition divides the inputs as the gate it was copied from did, and never learns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from stream_hmoe.layout import Task
from stream_hmoe.learner import Learner
from stream_hmoe.partition import Partition, region_leaves, watched_group
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
    np.testing.assert_allclose(gate_NE, gates_of(learner, x_ND[1_500:], partition), atol=1e-12)


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
    assert partition.live == 1
    np.testing.assert_array_equal(partition.weights(np.zeros((3, 4))), np.tile([1.0, 0.0, 0.0, 0.0], (3, 1)))


def test_every_place_of_a_group_has_its_name_and_those_without_experts_no_weight() -> None:
    learner = Learner(
        Settings(kinds=("regions",), experts=4, regions=(RegionGroup(2.0, most=3),)), "regression"
    )
    learner.widen(4, 1)
    x_ND, y_N = rows(1_000, 1_000)
    learner.step(x_ND, y_N.astype(np.float64))
    partition = Partition.of(learner, 0)
    assert region_leaves(learner, 0) == partition.leaves
    assert partition.leaves == tuple(f"regions 2 1st order/{place}" for place in range(4))
    assert partition.live == 3
    gate_NE = partition.weights(x_ND)
    assert (gate_NE[:, 3] == 0.0).all()
    assert (gate_NE[:, :3].max(axis=0) > 0.5).all()


def test_groups_do_not_share_names() -> None:
    learner = trained(10)
    names = [region_leaves(learner, group) for group in range(len(learner.settings.regions))]
    assert sum(names, ()) == tuple(leaf for leaf in learner.topology.leaves if leaf.startswith("regions"))


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
    gap_ND = x_ND.copy()
    gap_ND[:, 2] = np.nan
    np.testing.assert_array_equal(partition.weights(gap_ND), partition.weights(x_ND))


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
