"""A block tells what was learned: the encoded records and targets, in order, without the rejected ones."""

from __future__ import annotations

import numpy as np
import pytest

from stream_hmoe import HMoEClassifier, HMoERegressor
from stream_hmoe.layout import Task
from stream_hmoe.renewal import fresh
from tests.stream_hmoe.drifting import KINDS, assert_same_state, model, scores, stream

BAD = {"a": float("inf")}


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_a_block_holds_what_was_learned(task: Task) -> None:
    records, targets = stream(task, 400)
    learning = model(task)
    learning.step(records[:50], targets[:50])
    learner = fresh(learning.learner).load_state_dict(learning.learner.state_dict())
    rest = list(records[50:])
    rest[::7] = [BAD] * len(rest[::7])
    block = learning.step(rest, targets[50:])
    assert [bad.record for bad in block.rejected] == list(range(0, 350, 7))
    assert len(block.x_ND) == len(block.y_N) == len(block.scored.record) == 300
    outcome = learner.step(block.x_ND, block.y_N, weights=True)
    assert_same_state(outcome.loss_nats, block.scored.loss_nats)
    assert_same_state(outcome.leaf_weights, block.scored.gate_weights)
    assert_same_state(learner.state_dict(), learning.learner.state_dict())


def test_features_and_classes_that_appear_within_a_block() -> None:
    learning = HMoEClassifier(kinds=KINDS, experts=4)
    records = [{"a": 1.0}, {"a": 2.0}, {"a": 3.0, "b": 5.0}, BAD, {"b": 6.0}, {"a": 4.0, "b": 7.0}]
    block = learning.step(records, ["x", "y", "x", "x", "z", "y"])
    assert block.scored.record.tolist() == [0, 1, 2, 4, 5]
    assert block.y_N.tolist() == [0, 1, 0, 2, 1]
    assert block.y_N.dtype == np.int64
    assert block.x_ND.shape[1] == learning.learner.num_features
    columns = [[1.0, 2.0, 3.0, np.nan, 4.0], [np.nan, np.nan, 5.0, 6.0, 7.0]]
    for column in columns:
        assert any(np.array_equal(column, x_N, equal_nan=True) for x_N in block.x_ND.T)


def test_a_block_without_usable_records_is_empty() -> None:
    learning = HMoERegressor(kinds=KINDS, experts=4)
    learning.step([{"a": 1.0, "b": 2.0}], [3.0])
    block = learning.step([BAD, BAD], [1.0, 2.0])
    assert len(block.rejected) == 2
    assert block.x_ND.shape == (0, learning.learner.num_features)
    assert len(block.y_N) == len(block.scored.record) == 0


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_another_learner_takes_the_place_of_the_first(task: Task) -> None:
    first, second = model(task), model(task)
    records, targets = stream(task, 600)
    first.step(records[:300], targets[:300])
    second.step(records[:300], targets[:300])
    second.step(records[300:], targets[300:])
    # A prediction of the first learner must not be used by the one that takes its place.
    first.predict_one(records[0])
    first.learner = second.learner
    assert first.learner is second.learner
    first.learn_one(records[0], targets[0])
    apart = model(task)
    apart.load_state_dict(first.state_dict())
    mine, theirs = first.step(*stream(task, 50, seed=3)), apart.step(*stream(task, 50, seed=3))
    assert_same_state(scores([mine.scored]), scores([theirs.scored]))
