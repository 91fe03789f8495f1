"""A learner that was saved goes on as if nothing had happened."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stream_hmoe.layout import Task
from stream_hmoe.learner import learner_from
from stream_hmoe.settings import KINDS
from tests.stream_hmoe.drifting import assert_same_state, rows, through_disk, trained


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("records", [0, 390, 1_700])
def test_a_saved_learner_goes_on_the_same(task: Task, records: int, tmp_path: Path) -> None:
    learner = trained(records, KINDS, task)
    again = learner_from(through_disk(learner.state_dict(), tmp_path))
    assert (again.task, again.settings, again.topology) == (learner.task, learner.settings, learner.topology)
    x_ND, y_N = rows(700, 300, seed=1)
    mine = learner.step(x_ND, y_N.astype(np.float64), weights=True)
    theirs = again.step(x_ND, y_N.astype(np.float64), weights=True)
    assert_same_state(theirs._asdict(), mine._asdict())
    assert_same_state(again.state_dict(), learner.state_dict())


def test_a_saved_learner_is_another_one() -> None:
    learner = trained(100)
    state = learner.state_dict()
    x_ND, y_N = rows(100, 0, seed=1)
    learner_from(state).step(x_ND, y_N.astype(np.float64))
    assert_same_state(learner.state_dict(), state)
