"""The task is read off the first labels, and labels take the form the learner wants."""

from __future__ import annotations

import math
from typing import Any

import pytest

from monitor.problems import ConfigurationProblem
from monitor.targets import Task, decide_task, to_targets


@pytest.mark.parametrize(
    ("targets", "task"),
    [
        (["yes", "no"] * 10, Task.CLASSIFICATION),
        ([True, False], Task.CLASSIFICATION),
        (["0", "1"] * 10, Task.CLASSIFICATION),
        ([0, 1], Task.CLASSIFICATION),
        ([1.0, 2.0, None] * 10, Task.CLASSIFICATION),
        (list(range(40)) * 25, Task.CLASSIFICATION),
        (list(range(60)) * 25, Task.REGRESSION),
        (list(range(10)), Task.REGRESSION),
        (["1.5", "2", "3"], Task.REGRESSION),
        ([0.25, 0.5], Task.REGRESSION),
        (["1.5", "2.5", "3.5", "oops"], Task.REGRESSION),
    ],
)
def test_the_task_follows_from_the_labels(targets: list[Any], task: Task) -> None:
    assert decide_task(targets, "label").task is task


def test_the_decision_is_said_in_words() -> None:
    assert (
        decide_task(["yes", "no"], "bought").reason == "'bought' in the first 2 records holds names (no, yes)"
    )
    assert "2 distinct whole numbers" in decide_task([0, 1, 1], "bought").reason


def test_labels_that_are_all_missing_point_at_the_option() -> None:
    with pytest.raises(ConfigurationProblem, match=r"no 'bought'.*--target"):
        decide_task([None, None], "bought")


def test_a_class_is_known_by_its_text_in_every_format() -> None:
    assert to_targets(Task.CLASSIFICATION, [1, "1", True, 1.5, None, math.nan]) == [
        "1",
        "1",
        "true",
        "1.5",
        None,
        None,
    ]


def test_numbers_are_floats_and_the_rest_stays_for_the_learner_to_reject() -> None:
    assert to_targets(Task.REGRESSION, ["1.5", 2, None, "many", True, [1]]) == [
        1.5,
        2.0,
        None,
        "many",
        True,
        [1],
    ]
