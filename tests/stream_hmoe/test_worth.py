"""The worth of learning is counted on an even sample against a copy that stands still."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stream_hmoe.layout import Task
from stream_hmoe.losses import bounded_losses
from stream_hmoe.worth import SAMPLE_EVERY, WorthCount
from tests.stream_hmoe.drifting import assert_same_state, rows, through_disk, trained


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_both_are_summed_on_every_tenth_record(task: Task) -> None:
    champion = trained(600, task=task)
    x_ND, y_N = rows(403, 0, seed=1)
    targets_N = y_N.astype(np.float64)
    still_N = bounded_losses(champion.predict(x_ND).predicted, targets_N, task, 0.5)
    worth = WorthCount()
    worth.begin(607, champion)
    loss_N = bounded_losses(champion.step(x_ND, targets_N).predicted, targets_N, task, 0.5)
    number_N = np.arange(607, 1_010)
    for begin in range(0, 403, 50):
        part = slice(begin, begin + 50)
        worth.update(number_N[part], x_ND[part], targets_N[part], loss_N[part], 0.5)
    chosen_N = number_N % SAMPLE_EVERY == 0
    fact = worth.fact(1_010, 77)
    assert (fact.record, fact.since, fact.sampled, fact.challenger_records) == (
        1_010,
        607,
        chosen_N.sum(),
        77,
    )
    assert fact.losses == pytest.approx(loss_N[chosen_N].sum())
    assert fact.frozen_losses == pytest.approx(still_N[chosen_N].sum())
    assert fact.losses < fact.frozen_losses


def test_nothing_is_counted_before_it_is_begun() -> None:
    worth = WorthCount()
    worth.update(np.arange(50), np.zeros((50, 4)), np.zeros(50), np.ones(50), 1.0)
    assert not worth.is_begun
    assert worth.fact(50, 0).sampled == 0


def test_a_restart_changes_nothing(tmp_path: Path) -> None:
    x_ND, y_N = rows(100, 0, seed=1)
    wide_ND = np.concatenate([x_ND, np.ones((100, 1))], axis=1)
    targets_N = y_N.astype(np.float64)
    worth = WorthCount()
    for part in (slice(0, 0), slice(0, 50), slice(50, 100)):
        again = WorthCount()
        again.load_state_dict(through_disk(worth.state_dict(), tmp_path))
        for one in (worth, again):
            if not part.stop:
                one.begin(0, trained(300))
            one.update(np.arange(100)[part], wide_ND[part], targets_N[part], np.ones(100)[part], 1.0)
        assert_same_state(again.state_dict(), worth.state_dict())
    assert worth.fact(100, 0).sampled == 10
