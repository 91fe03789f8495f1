"""Other thresholds on recorded evidence."""

from __future__ import annotations

import math

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from monitor.control.simulation import Alarm, SignalSimulation, simulate

COURSES = st.lists(st.none() | st.floats(-2.0, 20.0), min_size=1, max_size=30)


def simulated(course: list[float | None], arl: float, threshold: float | None = 9.0) -> SignalSimulation:
    rows = [
        (250 * (n + 1), "gate weights", nats, threshold, int(nats is not None and nats >= (threshold or 99)))
        for n, nats in enumerate(course)
    ]
    columns = ["record", "signal", "evidence_nats", "threshold_nats", "level"]
    (found,) = simulate(pd.DataFrame(rows, columns=columns), arl)
    return found


@given(COURSES)
def test_the_recorded_threshold_gives_the_recorded_alarms(course: list[float | None]) -> None:
    threshold = math.log(math.exp(9.0))
    found = simulated(course, math.exp(9.0), threshold)
    assert found.alarms == found.recorded
    assert not found.unknown


@given(COURSES, st.floats(1.0, 1e9))
def test_up_to_the_first_alarm_of_either_threshold_everything_is_certain(
    course: list[float | None], arl: float
) -> None:
    found = simulated(course, arl)
    reached = next(
        (250 * (n + 1) for n, v in enumerate(course) if v is not None and v >= math.log(arl)), None
    )
    first = found.alarms[0] if found.alarms else None
    assert (first.record if first else None) == reached
    if first is not None:
        assert first.is_certain == (not any(alarm.record < first.record for alarm in found.recorded))


def test_a_lower_threshold_fires_earlier_and_what_follows_is_only_likely() -> None:
    found = simulated([1.0, 5.0, 9.5, 0.0, 5.0], math.exp(4.0))
    assert found.alarms == (Alarm(500, 5.0, True), Alarm(1_250, 5.0, False))
    assert found.recorded == (Alarm(750, 9.5, True),)


def test_a_higher_threshold_cannot_know_how_far_evidence_would_have_grown() -> None:
    found = simulated([1.0, 9.5, 0.0, 12.5], math.exp(12.0))
    assert found.unknown == (Alarm(500, 9.5, False),)
    assert found.alarms == (Alarm(1_000, 12.5, False),)


def test_without_a_threshold_there_was_no_alarm() -> None:
    found = simulated([None, 3.0], math.exp(2.0), None)
    assert found.recorded_threshold_nats is None
    assert not found.recorded
    assert [alarm.record for alarm in found.alarms] == [500]
