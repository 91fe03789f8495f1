"""Two running means of the loss."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.journal.loss_trend import FAST_RECORDS, SLOW_RECORDS, LossTrend

LOSSES = st.lists(st.tuples(st.integers(1, 250), st.floats(-5.0, 5.0)), min_size=1, max_size=50)


@given(LOSSES)
def test_they_are_the_weighted_means_that_they_say_they_are(values: list[tuple[int, float]]) -> None:
    trend = LossTrend()
    for records, loss in values:
        trend.add(records, loss)
    for mean, half in ((trend.fast_nats, FAST_RECORDS), (trend.slow_nats, SLOW_RECORDS)):
        weights, total, after = [], 0.0, 0
        for records, loss in reversed(values):
            weight = sum(0.5 ** ((after + place) / half) for place in range(records))
            weights.append(weight)
            total += weight * loss
            after += records
        assert mean == pytest.approx(total / sum(weights), abs=1e-9)


def test_nothing_is_known_before_the_first_record() -> None:
    assert LossTrend().fast_nats is None
    assert LossTrend().slow_nats is None


def test_a_rise_shows_in_the_fast_one_first() -> None:
    trend = LossTrend()
    trend.add(50_000, 0.2)
    trend.add(2_000, 0.6)
    assert trend.fast_nats == pytest.approx(0.5, abs=1e-6)
    assert trend.slow_nats is not None
    assert trend.slow_nats < 0.25


@given(LOSSES, LOSSES)
def test_a_restart_changes_nothing(before: list[tuple[int, float]], after: list[tuple[int, float]]) -> None:
    trend, again = LossTrend(), LossTrend()
    for values in before:
        trend.add(*values)
    again.load_state_dict(trend.state_dict())
    for values in after:
        trend.add(*values)
        again.add(*values)
    assert (trend.fast_nats, trend.slow_nats) == (again.fast_nats, again.slow_nats)
