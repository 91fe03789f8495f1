"""Every label has two losses: of what was predicted then, and of what the model says now."""

from __future__ import annotations

import numpy as np
import pytest

from stream_hmoe.delayed import DelayedRows
from stream_hmoe.events import Predicted, Scored
from stream_hmoe.layout import Task
from stream_hmoe.renewal import copied
from stream_hmoe.waiting import WaitingRows
from tests.stream_hmoe.drifting import model, stream


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_what_is_reported_is_old_and_what_is_compared_is_new(task: Task) -> None:
    records, targets = stream(task, 700)
    learning = model(task)
    learning.step(records[:100], targets[:100])
    inner, waiting = learning.incremental, WaitingRows()
    rows = DelayedRows(learning, waiting)
    beside = copied(inner.learner)
    late = range(100, 700)
    slots = [waiting.admit(inner.observe(records[n]), 0.0, 0.0) for n in late]
    for n, slot in zip(late, slots, strict=True):
        rows.observe(slot, str(n), 100)
    for n, slot in zip(late, slots, strict=True):
        known = inner.targets.known(targets[n])
        assert known is not None
        rows.learn(slot, targets[n], known, n)
    assert len(rows) == 1_200
    done = rows.do()
    assert len(rows) == 0
    predicted, scored = done.facts
    assert isinstance(predicted, Predicted) and isinstance(scored, Scored)
    x_ND = inner.encoder.encode_many(records[100:])
    np.testing.assert_array_equal(done.observed_OD, x_ND)
    np.testing.assert_array_equal(done.tick.x_ND, x_ND)
    then = beside.predict(x_ND, weights=True)
    expected = [
        inner.targets.loss(row, inner.targets.known(targets[n]))
        for n, row in zip(late, then.predicted, strict=True)
    ]
    np.testing.assert_array_equal(scored.loss_nats, expected)
    np.testing.assert_array_equal(predicted.gate_weights, then.leaf_weights)
    np.testing.assert_array_equal(scored.gate_weights, then.leaf_weights.astype(np.float32))
    assert scored.predictions == predicted.predictions
    assert scored.record.tolist() == list(late)
    now = beside.step(x_ND, done.tick.y_N)
    np.testing.assert_array_equal(done.tick.paired_loss_nats_N, now.loss_nats)
    assert done.tick.loss_nats_N.mean() > 1.2 * done.tick.paired_loss_nats_N.mean()
    error = now.predicted.argmax(axis=1) != done.tick.y_N
    if task == "regression":
        error = np.abs(now.predicted[:, 0] - done.tick.y_N)
    np.testing.assert_array_equal(done.tick.paired_error_N, error)
    assert done.tick.is_late_N.all() and done.tick.is_learned_N.all()
