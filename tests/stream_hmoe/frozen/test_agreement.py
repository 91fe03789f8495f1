"""What counts as a difference, and the records to look for one on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from stream_hmoe.frozen import TOLERANCE, compare, remembered
from stream_hmoe.learner import Learner
from tests.stream_hmoe.learners import Floats, learned, stream


def shifted(
    model: Learner, column: int, amount: Floats, weight: float
) -> Callable[[Floats], tuple[Floats, Floats]]:
    """The learner's predictions with one column and one weight moved."""

    def predict(x_ND: Floats) -> tuple[Floats, Floats]:
        truth = model.predict(x_ND, weights=True)
        truth.predicted[:, column] += amount
        truth.leaf_weights[0, 0] += weight
        return truth.predicted, truth.leaf_weights

    return predict


def test_a_probability_counts_relative_to_itself() -> None:
    model = learned("classification")
    x_ND = stream("classification", 50).x_ND
    p_N = model.predict(x_ND).predicted[:, 2]
    found = compare(shifted(model, 2, 1e-4 * p_N, 3e-8), model, x_ND)
    assert found.records == 50
    assert found.predicted == pytest.approx(1e-4)
    assert found.leaf_weights == pytest.approx(3e-8)
    assert not found.is_close


def test_a_mean_counts_relative_to_its_size_and_the_deviation() -> None:
    model = learned("regression")
    x_ND = stream("regression", 50).x_ND
    mean_N, deviation_N = model.predict(x_ND).predicted.T
    amount_N = 0.5 * TOLERANCE * (np.abs(mean_N) + deviation_N)
    found = compare(shifted(model, 0, amount_N, 0.0), model, x_ND)
    assert found.predicted == pytest.approx(0.5 * TOLERANCE)
    assert found.is_close
    assert compare(shifted(model, 1, 0.1 * deviation_N, 0.0), model, x_ND).predicted == pytest.approx(0.1)


def test_remembered_records_come_back_on_the_scale_of_the_features() -> None:
    model = learned("classification", records=1500)
    x_ND = remembered(model)
    seen_ND = stream("classification", 1500).x_ND[-512:]
    assert x_ND.shape == seen_ND.shape
    deviation_D = np.nanstd(seen_ND, axis=0)
    for x_D, seen_D in ((x_ND.mean(0), np.nanmean(seen_ND, axis=0)), (x_ND.std(0), deviation_D)):
        assert (np.abs(x_D - seen_D) < 0.2 * deviation_D).all()
