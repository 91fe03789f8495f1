"""Records of which only some have a target: the others are predicted in their place and change nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_hmoe.adapting import AdaptingLearner
from stream_hmoe.layout import Task
from stream_hmoe.learner import Learner, has_target
from stream_hmoe.settings import Settings
from tests.stream_hmoe.learners import CLASSES, FEATURES, TASKS, Stream, assert_same_state, learner, stream

COUNT = 900


def with_gaps(task: Task, share: float, seed: int = 0) -> tuple[Stream, np.ndarray[Any, Any]]:
    """Records, and their targets where some are missing."""
    records = stream(task, COUNT)
    is_missing_N = np.random.default_rng(seed).random(COUNT) < share
    y_N = records.y_N.copy()
    y_N[is_missing_N] = -1 if task == "classification" else np.nan
    return records, y_N


def one_after_the_other(model: Learner, x_ND: np.ndarray[Any, Any], y_N: np.ndarray[Any, Any]) -> list[Any]:
    """The same by single calls."""
    outcomes = []
    for n in range(len(y_N)):
        one = slice(n, n + 1)
        is_given = has_target(y_N[one])[0]
        outcomes.append(
            model.step(x_ND[one], y_N[one], weights=True)
            if is_given
            else model.predict(x_ND[one], weights=True)
        )
    return outcomes


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("adapts", [False, True])
def test_it_is_predicting_and_stepping_in_turn(task: Task, share: float, adapts: bool) -> None:
    records, y_N = with_gaps(task, share)
    models: list[Learner] = [learner(task, experts=6), learner(task, experts=6)]
    if adapts:
        chosen = Settings(kinds=("regions", "linear"), experts=12, adapt_experts=True)
        models = [AdaptingLearner(chosen, task), AdaptingLearner(chosen, task)]
        for model in models:
            model.widen(FEATURES, CLASSES if task == "classification" else 1)
    outcome = models[0].step_labelled(records.x_ND, y_N, weights=True)
    singles = one_after_the_other(models[1], records.x_ND, y_N)
    np.testing.assert_array_equal(outcome.predicted, np.concatenate([one.predicted for one in singles]))
    np.testing.assert_array_equal(outcome.leaf_weights, np.concatenate([one.leaf_weights for one in singles]))
    is_given_N = has_target(y_N)
    np.testing.assert_array_equal(
        outcome.loss_nats[is_given_N], np.concatenate([one.loss_nats for one in singles])
    )
    assert_same_state(models[0].state_dict(), models[1].state_dict())
    assert models[0].records == is_given_N.sum()


@pytest.mark.parametrize("task", TASKS)
@settings(max_examples=10)
@given(cuts=st.lists(st.integers(0, 120), max_size=12))
def test_cuts_change_no_bit(task: Task, cuts: list[int]) -> None:
    records, y_N = with_gaps(task, 0.6)
    whole, pieces = learner(task, experts=6), learner(task, experts=6)
    expected = whole.step_labelled(records.x_ND, y_N).predicted
    begin, found = 0, []
    for cut in [*cuts, COUNT]:
        part = slice(begin, begin + cut)
        found.append(pieces.step_labelled(records.x_ND[part], y_N[part]).predicted)
        begin += cut
    np.testing.assert_array_equal(np.concatenate(found), expected)
    assert_same_state(pieces.state_dict(), whole.state_dict())


def test_what_is_due_at_a_record_count_is_done_once() -> None:
    """Predictions at a count at which something was done do not do it again."""
    records, y_N = with_gaps("regression", 0.0)
    model = AdaptingLearner(Settings(kinds=("regions",), experts=12, adapt_experts=True), "regression")
    model.widen(FEATURES, 1)
    model.step_labelled(records.x_ND[:800], y_N[:800])
    before = model.state_dict()
    model.step_labelled(records.x_ND[800:], np.full(COUNT - 800, np.nan))
    assert_same_state(model.state_dict(), before)


@pytest.mark.parametrize("task", TASKS)
def test_what_the_kernels_could_not_hold_is_refused(task: Task) -> None:
    model, records = learner(task), stream(task, 4)
    with pytest.raises(ValueError, match="one for each"):
        model.step_labelled(records.x_ND, records.y_N[:3])
    with pytest.raises(ValueError, match="widen first"):
        model.step_labelled(records.x_ND[:, :1], records.y_N)
    if task == "classification":
        with pytest.raises(ValueError, match="class index: got 3"):
            model.step_labelled(records.x_ND, np.array([-1, 0, 3, -1]))
