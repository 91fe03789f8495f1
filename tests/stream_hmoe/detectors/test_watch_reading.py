"""What moved, in standard deviations, whatever is sent."""

from __future__ import annotations

import numpy as np
import pytest

from stream_hmoe.detectors.watch_reading import mean_shift


def test_a_shift_is_in_standard_deviations_and_nothing_where_nothing_is_known() -> None:
    recent_ND = np.array([[3.0, np.nan], [5.0, np.nan]])
    reference_RD = np.array([[1.0, 2.0], [1.0, 2.0]])
    shift_D = mean_shift(recent_ND, np.ones(2), reference_RD, np.ones(2), np.array([2.0, 1.0]))
    assert shift_D.tolist() == [1.5, 0.0]


@pytest.mark.parametrize("absurd", [1e300, -1.7e308])
def test_absurd_values_give_a_finite_shift(absurd: float) -> None:
    recent_ND = np.full((50, 1), absurd)
    shift_D = mean_shift(recent_ND, np.full(50, 3.0), -recent_ND, np.ones(50), np.array([1.0]))
    assert np.isfinite(shift_D).all() and np.sign(shift_D[0]) == np.sign(absurd)
