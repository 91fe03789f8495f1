"""Running moments and scaled values, against plain NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_hmoe.kernels.scaling import LARGEST, SLOWEST_RATE, scaled_value
from tests.stream_hmoe.kernels.steps import assert_close
from tests.stream_hmoe.learners import learned, stream


def test_moments_are_those_of_all_values_seen_so_far() -> None:
    model, rows = learned("classification", ("linear",), records=200), stream("classification", 201)
    seen_ND = rows.x_ND[:200]
    assert_close(model.state.scale.mean_D, np.nanmean(seen_ND, axis=0))
    assert_close(model.state.scale.variance_D, np.nanvar(seen_ND, axis=0))
    assert_close(model.state.scale.count_D, (~np.isnan(seen_ND)).sum(axis=0))
    model.predict(rows.x_ND[200:])
    expected = (rows.x_ND[200] - np.nanmean(rows.x_ND, axis=0)) / np.nanstd(rows.x_ND, axis=0)
    assert_close(model.state.z_A, [1.0, *np.nan_to_num(np.clip(expected, -LARGEST, LARGEST))])


def test_a_missing_value_is_the_mean_and_teaches_nothing() -> None:
    model = learned("classification", ("linear",))
    before = model.state.scale.mean_D.copy(), model.state.scale.variance_D.copy()
    model.step(np.full((1, 3), np.nan), np.array([0]))
    assert model.state.z_A.tolist() == [1.0, 0.0, 0.0, 0.0]
    np.testing.assert_array_equal(before, (model.state.scale.mean_D, model.state.scale.variance_D))


def test_old_records_are_forgotten_at_the_slowest_rate() -> None:
    _, mean, variance = scaled_value(5000.0, 2.0, 9.0, 5.0)
    assert_close(mean, 2.0 + SLOWEST_RATE * 3.0)
    assert_close(variance, (1 - SLOWEST_RATE) * (9.0 + SLOWEST_RATE * 9.0))


@pytest.mark.parametrize("constant", [0.0, 0.1, -7e250, 1e-300])
def test_a_constant_says_nothing(constant: float) -> None:
    count, mean, variance = 0.0, 0.0, 0.0
    for _ in range(30):
        value, mean, variance = scaled_value(count, mean, variance, constant)
        count += 1.0
    assert value == 0.0 or abs(constant) > 1e150  # beyond the cut the mean never arrives


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30))
def test_any_finite_values_give_finite_moments(values: list[float]) -> None:
    mean = variance = 0.0
    for count, x in enumerate(values):
        value, mean, variance = scaled_value(float(count), mean, variance, x)
        assert abs(value) <= LARGEST and np.isfinite([mean, variance]).all()
