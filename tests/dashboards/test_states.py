from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.states import ADAPTING_RECORDS, State, judge
from dashboards.words import Metric

ACCURACY = Metric("accuracy", is_share=True)
ERROR = Metric("MAE", is_share=False)
INTERVAL = 250


def intervals(rows: Sequence[tuple[int, float | None]], running: float = 0.8) -> pd.DataFrame:
    """A table of intervals from (level, metric of the window)."""
    return pd.DataFrame(
        {
            "record": [INTERVAL * (number + 1) for number in range(len(rows))],
            "records": INTERVAL,
            "level": [level for level, _ in rows],
            "metric": running,
            "metric_window": [window for _, window in rows],
        }
    )


def states(
    rows: Sequence[tuple[int, float | None]], metric: Metric = ACCURACY, running: float = 0.8
) -> list[State]:
    return [interval.state for interval in judge(intervals(rows, running), metric)]


def test_a_drift_that_is_learned_goes_from_drifting_over_adapting_to_healthy() -> None:
    rows = [(0, 0.82)] * 5 + [(2, 0.65), (2, 0.62)] + [(0, 0.66), (0, 0.74), (0, 0.81), (0, 0.82)]
    expected = [State.HEALTHY] * 5 + [State.DRIFTING] * 2 + [State.ADAPTING] * 2 + [State.HEALTHY] * 2
    assert states(rows) == expected


def test_the_metric_before_a_drift_is_not_taken_from_the_damaged_windows_just_before_it() -> None:
    rows = [(0, 0.82)] * 9 + [(0, 0.75), (0, 0.70), (2, 0.66)]
    episode = judge(intervals(rows), ACCURACY)[-1].episode
    assert episode is not None
    assert episode.baseline == pytest.approx(0.82)
    assert episode.record == 11 * INTERVAL


def test_a_second_drift_while_adapting_keeps_the_metric_of_the_calm_time() -> None:
    rows = [(0, 0.82)] * 5 + [(2, 0.6), (0, 0.6), (2, 0.5), (0, 0.7)]
    judged = judge(intervals(rows), ACCURACY)
    assert judged[-1].state is State.ADAPTING
    assert judged[-1].episode is not None
    assert judged[-1].episode.baseline == pytest.approx(0.82)


def test_a_model_that_never_gets_back_is_not_adapting_for_ever() -> None:
    num_intervals = ADAPTING_RECORDS // INTERVAL + 3
    rows = [(0, 0.82)] * 5 + [(2, 0.6)] + [(0, 0.72)] * num_intervals
    assert states(rows)[-1] is State.HEALTHY
    assert states(rows)[-4] is State.ADAPTING


def test_a_warning_is_watched() -> None:
    assert states([(0, 0.8), (1, 0.8), (0, 0.8)]) == [State.HEALTHY, State.WATCHING, State.HEALTHY]


def test_a_metric_far_below_its_average_without_a_signal_is_degraded() -> None:
    assert states([(0, 0.8), (0, 0.69)]) == [State.HEALTHY, State.DEGRADED]


def test_for_an_error_smaller_is_better() -> None:
    assert states([(0, 0.9)], ERROR, running=1.0) == [State.HEALTHY]
    assert states([(0, 1.6)], ERROR, running=1.0) == [State.DEGRADED]
    rows = [(0, 1.0)] * 3 + [(2, 2.0), (0, 1.3), (0, 1.05)]
    assert states(rows, ERROR, running=1.0)[-2:] == [State.ADAPTING, State.HEALTHY]


def test_intervals_in_which_nothing_was_scored_are_not_held_against_the_model() -> None:
    assert states([(0, None), (0, 0.8)]) == [State.HEALTHY, State.HEALTHY]


ROWS = st.lists(st.tuples(st.integers(0, 2), st.none() | st.floats(0.0, 1.0)), max_size=40)


@given(ROWS, ROWS)
def test_later_intervals_never_change_the_state_of_earlier_ones(
    earlier: list[tuple[int, float | None]], later: list[tuple[int, float | None]]
) -> None:
    assert judge(intervals(earlier + later), ACCURACY)[: len(earlier)] == judge(intervals(earlier), ACCURACY)


@given(ROWS)
def test_drifting_is_exactly_where_a_signal_is_at_drift_level(rows: list[tuple[int, float | None]]) -> None:
    assert [state is State.DRIFTING for state in states(rows)] == [level == 2 for level, _ in rows]
