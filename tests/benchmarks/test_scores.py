"""Scores agree with scikit-learn where it has them, and with hand-made cases where it has not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from benchmarks.scores import losses, score


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=60))
def test_class_scores_agree_with_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    y_N, said_N = np.array(pairs).T
    found = score("classification", y_N, said_N)
    present = np.unique(y_N)
    f1 = metrics.f1_score(y_N, said_N, labels=present, average="macro", zero_division=0)
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(y_N, said_N))
    assert found["macro_f1"] == pytest.approx(f1)
    if len(set(y_N) | set(said_N)) > 1:
        assert found["kappa"] == pytest.approx(metrics.cohen_kappa_score(y_N, said_N))


def test_saying_the_last_class_again_has_no_temporal_kappa() -> None:
    y_N = np.array([0, 0, 1, 1, 0, 1, 1])
    no_change = np.concatenate([[-1], y_N[:-1]])
    assert score("classification", y_N, no_change)["kappa_temporal"] == pytest.approx(0.0)
    assert score("classification", y_N, y_N)["kappa_temporal"] == pytest.approx(1.0)


def test_naming_no_class_is_wrong() -> None:
    y_N = np.array([0, 1])
    assert score("classification", y_N, np.array([-1, 1]))["accuracy"] == 0.5
    assert losses("classification", y_N, np.array([-1, 1])).tolist() == [1.0, 0.0]


def test_number_scores() -> None:
    y_N = np.array([1.0, 2.0, 3.0, 6.0])
    said_N = np.array([1.0, 3.0, 3.0, 3.0])
    found = score("regression", y_N, said_N)
    assert found["mae"] == pytest.approx(1.0)
    assert found["rmse"] == pytest.approx(np.sqrt(2.5))
    assert found["r2"] == pytest.approx(metrics.r2_score(y_N, said_N))
    assert losses("regression", y_N, said_N).tolist() == [0.0, 1.0, 0.0, 3.0]


def test_a_model_that_diverged_still_has_scores() -> None:
    found = score("regression", np.array([1.0, 2.0]), np.array([1e200, -1e200]))
    assert found["mae"] == pytest.approx(1e200)
    assert found["rmse"] == np.inf
