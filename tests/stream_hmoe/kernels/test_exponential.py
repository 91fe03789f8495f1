"""Nearly exact, and safe at both ends."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream_hmoe.kernels.compiled import compiled
from stream_hmoe.kernels.exponential import LOWEST, exponential


@compiled
def powers(x_N: np.ndarray, y_N: np.ndarray) -> None:
    for n in range(x_N.size):
        y_N[n] = exponential(x_N[n])


@given(st.floats(LOWEST, 700.0))
def test_one_number(x: float) -> None:
    assert math.isclose(exponential(x), math.exp(x), rel_tol=1e-15 * (2 + abs(x)))


def test_many_at_once() -> None:
    x_N = np.linspace(LOWEST, 700.0, 100_003)
    y_N = np.empty_like(x_N)
    powers(x_N, y_N)
    np.testing.assert_allclose(y_N, np.exp(x_N), rtol=1e-12)


def test_what_is_very_small_is_not_negative_or_lost() -> None:
    assert exponential(-1e300) == exponential(LOWEST) > 0.0
    assert exponential(-math.inf) < 1e-300
    assert exponential(0.0) == 1.0
