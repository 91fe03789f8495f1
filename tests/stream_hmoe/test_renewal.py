"""Challengers begin where the champion stands, lose only what they are to lose, and leave it alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from stream_hmoe.kernels.boosted import BOOSTED_AXES
from stream_hmoe.layout import Task
from stream_hmoe.learner import Learner
from stream_hmoe.renewal import TRUSTED_RECORDS, copied, fresh, quickened, renewed
from stream_hmoe.settings import KINDS, Settings
from tests.stream_hmoe.drifting import assert_same_state, rows, trained

TASKS: list[Task] = ["classification", "regression"]
STEP_SIZES = {"linear.curvature_RR", "regions.curvature_SEQQ", "pool.curvature_LMM", "boosted.weight_IL"}


def grown(task: Task = "classification") -> Learner:
    """A learner of all kinds that has learned a rule on which trees split."""
    learner = Learner(Settings(kinds=KINDS, experts=4), task)
    learner.widen(4, 2 if task == "classification" else 1)
    x_ND, _ = rows(1_500, 0)
    learner.step(x_ND, (x_ND[:, 0] > x_ND[:, 1]).astype(np.float64))
    return learner


def changed(one: Learner, other: Learner) -> set[str]:
    """Names of the saved values that differ."""
    mine, theirs = one.state_dict(), other.state_dict()
    return {name for name in mine if not np.array_equal(mine[name], theirs[name])}


@pytest.mark.parametrize("make", [copied, fresh, quickened, renewed])
@pytest.mark.parametrize("task", TASKS)
def test_the_champion_is_untouched(make: Callable[[Learner], Learner], task: Task) -> None:
    champion = grown(task)
    before = champion.state_dict()
    x_ND, y_N = rows(300, 0, seed=1)
    make(champion).step(x_ND, y_N.astype(np.float64))
    assert_same_state(champion.state_dict(), before)


@pytest.mark.parametrize("task", TASKS)
def test_a_copy_is_the_same_for_ever(task: Task) -> None:
    champion = grown(task)
    copy = copied(champion)
    x_ND, y_N = rows(700, 0, seed=1)
    for learner in (champion, copy):
        learner.step(x_ND, y_N.astype(np.float64))
    assert_same_state(copy.state_dict(), champion.state_dict())


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("leaves", [(), ("regions 4 2nd order/1",)], ids=["all", "named"])
def test_a_quickened_copy_predicts_the_same_at_birth(task: Task, leaves: tuple[str, ...]) -> None:
    champion = grown(task)
    copy = quickened(champion, leaves)
    x_ND, _ = rows(300, 0, seed=1)
    mine, theirs = copy.predict(x_ND, weights=True), champion.predict(x_ND, weights=True)
    np.testing.assert_array_equal(mine.predicted, theirs.predicted)
    np.testing.assert_array_equal(mine.leaf_weights, theirs.leaf_weights)


@pytest.mark.parametrize("task", TASKS)
def test_only_step_sizes_are_quickened(task: Task) -> None:
    champion = grown(task)
    copy, new = quickened(champion), fresh(champion)
    learned = STEP_SIZES - ({"pool.curvature_LMM"} if task == "classification" else set())
    assert changed(copy, champion) == learned
    for name in STEP_SIZES - {"boosted.weight_IL"}:
        np.testing.assert_array_equal(copy.state_dict()[name], new.state_dict()[name])
    weight_IL = champion.state.boosted.weight_IL
    assert weight_IL.max() > TRUSTED_RECORDS
    np.testing.assert_array_equal(copy.state.boosted.weight_IL, np.minimum(weight_IL, TRUSTED_RECORDS))


def test_only_named_leaves_are_quickened() -> None:
    champion = grown()
    copy = quickened(champion, ["regions 4 2nd order/1", "regions 8 2nd order/2", "boosted quick"])
    assert changed(copy, champion) == {"regions.curvature_SEQQ"}
    mine, theirs = copy.state.regions.curvature_SEQQ, champion.state.regions.curvature_SEQQ
    differs_SE = (mine != theirs).any(axis=(2, 3))
    assert [tuple(index) for index in np.argwhere(differs_SE).tolist()] == [(1, 1), (2, 2)]
    prior = fresh(champion).state.regions.curvature_SEQQ
    np.testing.assert_array_equal(mine[1, 1], prior[1, 1])


@pytest.mark.parametrize("task", TASKS)
def test_a_renewed_copy_is_a_quickened_one_with_fresh_trees(task: Task) -> None:
    champion = grown(task)
    copy, new = renewed(champion), fresh(champion)
    assert changed(copy, quickened(champion)) <= {f"boosted.{name}" for name in BOOSTED_AXES}
    for name, axes in BOOSTED_AXES.items():
        if not axes.scratch:
            np.testing.assert_array_equal(
                copy.state_dict()[f"boosted.{name}"], new.state_dict()[f"boosted.{name}"]
            )
    assert (champion.state.boosted.leaves_I > 1).any()
    assert (copy.state.boosted.leaves_I == 1).all()


@pytest.mark.parametrize("make", [quickened, renewed, fresh])
def test_a_quick_one_learns_a_new_rule_faster(make: Callable[[Learner], Learner]) -> None:
    champion = trained(4_000)
    copy = make(champion)
    x_ND, y_N = rows(400, 0, seed=1)
    wrong = []
    for learner in (champion, copy):
        predicted = learner.step(x_ND, y_N.astype(np.float64)).predicted
        wrong.append((predicted.argmax(axis=1) != y_N)[100:].mean())
    assert wrong[1] < wrong[0]


@pytest.mark.parametrize("task", TASKS)
def test_a_fresh_one_has_seen_nothing(task: Task) -> None:
    champion = grown(task)
    new = fresh(champion)
    assert new.records == 0
    assert (new.num_features, new.num_outputs) == (champion.num_features, champion.num_outputs)
    assert new.settings == champion.settings
