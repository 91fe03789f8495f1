"""Prequential evaluation: the same numbers whichever way the records go in, and for any River model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from river import dummy, linear_model, multiclass, naive_bayes, preprocessing, stats, tree

from stream_hmoe import HMoEClassifier, HMoERegressor, prequential
from tests.stream_hmoe.learners import TASKS, assert_same_state, stream
from tests.stream_hmoe.made_records import small


def rows(task: Any, count: int = 300) -> tuple[Any, Any]:
    x_ND, y_N = stream(task, count)
    return x_ND, np.array(["low", "middle", "high"])[y_N] if task == "classification" else y_N


@pytest.mark.parametrize("task", TASKS)
def test_arrays_give_the_same_as_records(task: str) -> None:
    x_ND, y_N = rows(task)
    kind = HMoEClassifier if task == "classification" else HMoERegressor
    by_arrays, by_records = small(kind), small(kind)
    found = prequential(by_arrays, x_ND, y_N)
    predictions, probabilities = [], []
    for x_D, y in zip(x_ND, y_N.tolist(), strict=True):
        record = {str(d): x for d, x in enumerate(x_D.tolist())}
        if isinstance(by_records, HMoEClassifier):
            probabilities.append(by_records.predict_proba_one(record))
        predictions.append(by_records.predict_one(record))
        by_records.learn_one(record, y)
    assert found.predictions.tolist() == predictions
    assert_same_state(by_arrays.state_dict(), by_records.state_dict())
    if task == "classification":
        hits = [p == y for p, y in zip(predictions, y_N, strict=True)]
        assert found.score == pytest.approx(np.mean(hits))
        assert found.labels == by_records.labels  # type: ignore[union-attr]
        expected = [[row.get(label, 0.0) for label in found.labels] for row in probabilities]
        np.testing.assert_array_equal(found.probabilities, expected)
    else:
        assert found.score == pytest.approx(np.abs(np.array(predictions) - y_N).mean())
        assert found.labels == () and found.probabilities is None
    assert found.records_per_second > 0


CLASSIFIERS = [
    dummy.PriorClassifier(),
    naive_bayes.GaussianNB(),
    tree.HoeffdingTreeClassifier(),
    preprocessing.StandardScaler() | linear_model.SoftmaxRegression(),
    preprocessing.StandardScaler() | HMoEClassifier(experts=3),
]
REGRESSORS = [
    dummy.StatisticRegressor(stats.Mean()),
    preprocessing.StandardScaler() | linear_model.LinearRegression(),
    tree.HoeffdingTreeRegressor(),
    preprocessing.StandardScaler() | HMoERegressor(experts=3),
]


@pytest.mark.parametrize("model", CLASSIFIERS, ids=str)
def test_river_classifiers(model: Any) -> None:
    x_ND, y_N = rows("classification")
    found = prequential(model, np.nan_to_num(x_ND), y_N)
    assert found.score == np.mean(found.predictions == y_N)
    assert found.score > 0.3
    assert found.labels == tuple(dict.fromkeys(y_N.tolist()))
    assert found.probabilities is not None and found.probabilities.shape == (300, 3)
    np.testing.assert_allclose(found.probabilities[50:].sum(1), 1.0, atol=1e-9)
    best = np.array(found.labels)[found.probabilities[50:].argmax(1)]
    assert (best == found.predictions[50:]).mean() > 0.95  # ties may fall either way


@pytest.mark.parametrize("model", REGRESSORS, ids=str)
def test_river_regressors(model: Any) -> None:
    x_ND, y_N = rows("regression")
    found = prequential(model, np.nan_to_num(x_ND), y_N)
    assert found.predictions.dtype == np.float64 and found.predictions.shape == (300,)
    assert found.score == pytest.approx(np.abs(found.predictions - y_N).mean())
    assert found.predictions[0] == 0.0 and np.abs(found.predictions - y_N)[150:].mean() < 0.2 * y_N.mean()
    assert found.probabilities is None and found.labels == ()


def test_a_classifier_without_probabilities_is_scored_by_its_labels() -> None:
    x_ND, y_N = rows("classification")
    model = multiclass.OneVsOneClassifier(linear_model.LogisticRegression())
    found = prequential(preprocessing.StandardScaler() | model, np.nan_to_num(x_ND), y_N)
    assert found.probabilities is None
    assert found.score == np.mean(found.predictions == y_N) > 0.3


@pytest.mark.parametrize("model", [HMoEClassifier(), HMoERegressor(), naive_bayes.GaussianNB()])
def test_nothing_to_evaluate(model: Any) -> None:
    found = prequential(model, np.empty((0, 2)), np.empty(0))
    assert np.isnan(found.score) and len(found.predictions) == 0
    assert found.probabilities is None or len(found.probabilities) == 0


def test_no_features_at_all() -> None:
    found = prequential(small(HMoEClassifier), np.empty((60, 0)), ["a", "a", "b"] * 20)
    assert found.score > 0.5


@pytest.mark.parametrize(("x", "y"), [(np.zeros(3), np.zeros(3)), (np.zeros((3, 1)), np.zeros(2))])
def test_shapes_that_do_not_fit_are_refused(x: Any, y: Any) -> None:
    with pytest.raises(ValueError, match=r"X must be \(N, D\) and y \(N,\): got"):
        prequential(HMoEClassifier(), x, y)
