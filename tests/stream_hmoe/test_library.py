"""A few models are kept; the one whose concept came back is found, and none is where none is better."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stream_hmoe.learner import Learner
from stream_hmoe.library import Library
from tests.stream_hmoe.drifting import assert_same_state, rows, through_disk, trained


def other_rule() -> Learner:
    """A learner that knows the second rule."""
    learner = trained(1)
    x_ND, y_N = rows(2_000, 0, seed=4)
    learner.step(x_ND, y_N.astype(np.float64))
    return learner


def test_the_longest_unused_goes_first() -> None:
    library = Library(capacity=2)
    state = trained(10).state_dict()
    first, second = library.store(state), library.store(state)
    library.model(first)
    third = library.store(state)
    assert len(library) == 2
    assert [number for number, _ in library.state_dict()["models"]] == [first, third]
    assert len({first, second, third}) == 3


def test_the_model_of_a_concept_that_came_back_is_found() -> None:
    champion = other_rule()
    library = Library()
    library.store(champion.state_dict())
    right = library.store(trained(2_000).state_dict())
    library.store(trained(20).state_dict())
    x_ND, y_N = rows(200, 200, seed=9)
    targets_N = y_N.astype(np.float64)
    loss_N = (champion.predict(x_ND).predicted.argmax(axis=1) != targets_N).astype(np.float64)
    assert library.best(x_ND, targets_N, loss_N, 1.0) == right


def test_none_is_found_where_none_is_clearly_better() -> None:
    champion = trained(2_000)
    library = Library()
    library.store(champion.state_dict())
    library.store(other_rule().state_dict())
    x_ND, y_N = rows(200, 200, seed=9)
    targets_N = y_N.astype(np.float64)
    loss_N = (champion.predict(x_ND).predicted.argmax(axis=1) != targets_N).astype(np.float64)
    assert library.best(x_ND, targets_N, loss_N, 1.0) == -1
    assert library.best(x_ND[:1], targets_N[:1], np.ones(1), 1.0) == -1
    assert library.best(x_ND[:0], targets_N[:0], loss_N[:0], 1.0) == -1
    assert Library().best(x_ND, targets_N, np.ones(200), 1.0) == -1


def test_one_lucky_record_is_not_clear() -> None:
    champion = trained(2_000)
    library = Library()
    library.store(champion.state_dict())
    x_ND, y_N = rows(200, 200, seed=9)
    targets_N = y_N.astype(np.float64)
    loss_N = (champion.predict(x_ND).predicted.argmax(axis=1) != targets_N).astype(np.float64)
    loss_N[np.flatnonzero(loss_N == 0.0)[:1]] = 1.0
    assert library.best(x_ND, targets_N, loss_N, 1.0) == -1


def test_a_model_from_before_a_feature_or_class_is_tried_as_well() -> None:
    library = Library()
    number = library.store(trained(2_000).state_dict())
    x_ND, y_N = rows(200, 200, seed=9)
    targets_N = y_N.astype(np.float64)
    targets_N[0] = 5.0
    wide_ND = np.concatenate([x_ND, np.zeros((200, 2))], axis=1)
    assert library.best(wide_ND, targets_N, np.ones(200), 1.0) == number


def test_looking_learns_nothing_and_a_restart_changes_nothing(tmp_path: Path) -> None:
    library, again = Library(capacity=2), Library()
    library.store(trained(500).state_dict())
    library.store(other_rule().state_dict())
    library.model(0)
    before = library.state_dict()
    x_ND, y_N = rows(50, 50, seed=9)
    library.best(x_ND, y_N.astype(np.float64), np.ones(50), 1.0)
    assert_same_state(library.state_dict(), before)
    again.load_state_dict(through_disk(before, tmp_path))
    assert_same_state(again.state_dict(), before)
    assert again.store(trained(10).state_dict()) == 2
    assert [number for number, _ in again.state_dict()["models"]] == [0, 2]
