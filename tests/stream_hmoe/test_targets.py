"""What targets mean to a learner, and what a prediction of them cost."""

import math

import numpy as np
import pytest

from stream_hmoe.errors import BadRecord
from stream_hmoe.targets import ClassTargets, MeanTargets


def test_classes_are_numbered_as_they_appear() -> None:
    targets = ClassTargets()
    assert targets.known("a") is None and targets.num_outputs == 0
    assert [targets.learn(label) for label in ("b", "a", "b")] == [0, 1, 0]
    assert targets.known("a") == 1 and targets.labels == ("b", "a") and targets.num_outputs == 2
    assert targets.column([0, 1]).dtype == np.int64
    again = ClassTargets()
    again.load_state_dict(targets.state_dict())
    assert again.labels == targets.labels


def test_a_class_beyond_the_limit_is_refused_before_anything_is_learned() -> None:
    targets = ClassTargets()
    for label in range(targets.classes.max_classes):
        targets.learn(label)
    assert targets.known(7) == 7
    with pytest.raises(BadRecord, match="max_classes"):
        targets.known("one more")
    assert targets.num_outputs == targets.classes.max_classes


@pytest.mark.parametrize(
    ("predicted", "known", "loss"),
    [
        ([0.25, 0.75], 0, math.log(4)),
        ([0.0, 1.0], 0, 15 * math.log(10)),
        ([0.25, 0.75], None, 15 * math.log(10)),
        ([], None, 15 * math.log(10)),
    ],
)
def test_the_loss_of_a_class(predicted: list[float], known: int | None, loss: float) -> None:
    assert ClassTargets().loss(np.array(predicted), known) == pytest.approx(loss)


@pytest.mark.parametrize(("y", "mean", "deviation"), [(3.0, 1.0, 2.0), (0.0, 0.0, 1e-9), (-1e5, 1e5, 3.0)])
def test_the_loss_of_a_number_is_the_gaussians(y: float, mean: float, deviation: float) -> None:
    expected = 0.5 * math.log(2 * math.pi * deviation**2) + (y - mean) ** 2 / (2 * deviation**2)
    assert MeanTargets().loss(np.array([mean, deviation]), y) == pytest.approx(expected)


@pytest.mark.parametrize(("y", "deviation"), [(1e300, 0.0), (1.7e308, 1e-300), (0.0, 0.0), (-1e300, 1e300)])
def test_the_loss_of_a_number_is_always_finite(y: float, deviation: float) -> None:
    assert math.isfinite(MeanTargets().loss(np.array([-1.7e308, deviation]), y))


def test_numbers_are_taken_as_they_are_or_refused() -> None:
    targets = MeanTargets()
    assert targets.known("2.5") == targets.learn(2.5) == 2.5 and targets.num_outputs == 1
    assert targets.state_dict() == {}
    for wrong in (None, float("nan"), float("inf"), "much"):
        with pytest.raises(BadRecord):
            targets.known(wrong)


def test_answers_and_errors_of_classes() -> None:
    targets = ClassTargets()
    nothing, most = targets.answers(np.empty((2, 0)))
    assert (nothing, most.tolist()) == ([None, None], [0.0, 0.0])
    for label in ("b", "a"):
        targets.learn(label)
    answers, most = targets.answers(np.array([[0.25, 0.75], [0.0, 0.0], [0.6, 0.4]]))
    assert (answers, most.tolist()) == (["a", None, "b"], [0.75, 0.0, 0.6])
    assert targets.errors(answers, ["a", "a", "a"]).tolist() == [0.0, 1.0, 1.0]
    assert targets.column([0, None, 1]).tolist() == [0, -1, 1]


def test_answers_and_errors_of_numbers() -> None:
    targets = MeanTargets()
    answers, deviation = targets.answers(np.array([[1.0, 0.5], [2.0, 0.25]]))
    assert (answers, deviation.tolist()) == ([1.0, 2.0], [0.5, 0.25])
    assert targets.errors(answers, ["3", 1.5]).tolist() == [2.0, 0.5]
    assert np.isnan(targets.column([None])[0])


@pytest.mark.parametrize(
    ("targets", "given", "plain"), [(ClassTargets(), np.int64(3), 3), (MeanTargets(), "2.5", 2.5)]
)
def test_a_plain_target_can_be_saved(
    targets: ClassTargets | MeanTargets, given: object, plain: object
) -> None:
    found = targets.plain(given)
    assert (found, type(found)) == (plain, type(plain))
