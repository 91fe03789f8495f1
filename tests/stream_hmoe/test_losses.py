"""Losses lie in [0, 1], and mean the same from errors as from predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_hmoe.losses import bounded_errors, bounded_losses

SIZES = st.floats(0.0, 1e300)


@given(st.lists(SIZES, max_size=20), st.floats(1e-9, 1e9))
def test_absolute_errors_are_cut_to_one(errors: list[float], spread: float) -> None:
    loss_N = bounded_errors(np.array(errors), "regression", spread)
    assert ((loss_N >= 0.0) & (loss_N <= 1.0)).all()
    order_N = np.argsort(errors, kind="stable")
    assert (np.diff(loss_N[order_N]) >= 0.0).all()


def test_three_deviations_are_the_worst() -> None:
    loss_N = bounded_errors(np.array([0.0, 3.0, 6.0, 7.0]), "regression", 2.0)
    np.testing.assert_allclose(loss_N, [0.0, 0.5, 1.0, 1.0])


@pytest.mark.parametrize("spread", [0.1, 1.0, 50.0])
def test_predictions_lose_what_their_errors_lose(spread: float) -> None:
    rng = np.random.default_rng(0)
    moments_N2, y_N = rng.normal(0, 10, (50, 2)), rng.normal(0, 10, 50)
    expected_N = bounded_errors(np.abs(moments_N2[:, 0] - y_N), "regression", spread)
    np.testing.assert_array_equal(bounded_losses(moments_N2, y_N, "regression", spread), expected_N)


@pytest.mark.parametrize("dtype", [np.int64, np.float64])
def test_a_wrong_class_is_one(dtype: type) -> None:
    probability_NC = np.array([[0.2, 0.8], [0.6, 0.4], [0.5, 0.5]])
    y_N: npt.NDArray[Any] = np.array([1, 1, 2], dtype=dtype)
    loss_N = bounded_losses(probability_NC, y_N, "classification", 123.0)
    np.testing.assert_array_equal(loss_N, [0.0, 1.0, 1.0])
    np.testing.assert_array_equal(bounded_errors(loss_N, "classification", 123.0), loss_N)
