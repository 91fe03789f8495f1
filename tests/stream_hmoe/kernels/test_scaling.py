"""Running moments and scaled values, against plain NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_hmoe.kernels.scaling import LARGEST, SLOWEST_RATE, believed, scaled_value
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


def moments_after(values: list[float]) -> tuple[float, float]:
    mean = variance = 0.0
    for count, x in enumerate(values):
        _, mean, variance = scaled_value(float(count), mean, variance, x)
    return mean, np.sqrt(variance)


def ordinary(count: int) -> list[float]:
    return [float(x) for x in np.random.default_rng(0).normal(3.0, 2.0, count)]


@pytest.mark.parametrize("absurd", [1e6, -1e30, 1e300, -1.7e308])
def test_one_absurd_value_in_fifty_does_not_flatten_a_feature(absurd: float) -> None:
    values = ordinary(5_000)
    mean, deviation = moments_after(values)
    values[100::50] = [absurd] * len(values[100::50])
    with_rubbish_mean, with_rubbish_deviation = moments_after(values)
    assert abs(with_rubbish_mean - mean) < deviation
    assert with_rubbish_deviation < 2.0 * deviation
    assert scaled_value(5_000.0, mean, deviation**2, absurd)[0] == np.copysign(LARGEST, absurd)


def test_a_feature_that_has_really_moved_moves_the_scale() -> None:
    mean, deviation = moments_after([*ordinary(2_000), *(1e6 * x for x in ordinary(6_000))])
    assert 2e6 < mean < 4e6
    assert 1e6 < deviation < 4e6


@pytest.mark.parametrize("rare", [1.0, 10.0])
def test_what_is_rarely_a_few_and_mostly_nothing_is_believed(rare: float) -> None:
    mean, variance = moments_after([0.0] * 5_000 + [rare] + [0.0] * 3_000)
    assert variance > 0.0
    assert believed(8_001.0, mean, variance**2, rare) == rare


def test_a_constant_that_was_never_another_and_a_short_past_are_no_reason_to_doubt() -> None:
    assert believed(10_000.0, 5.0, 0.0, 1e9) == 1e9
    assert believed(49.0, 0.0, 1.0, 1e9) == 1e9
    assert believed(50.0, 0.0, 1.0, 1e9) == LARGEST
