"""Throughput is measured and held without looking at a real clock."""

from __future__ import annotations

import pytest

from monitor.pace import NAP_SECONDS, Pace, Throughput, resident_memory_bytes


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        assert 0 < seconds <= NAP_SECONDS
        self.seconds += seconds


def test_throughput_is_that_of_the_last_second() -> None:
    throughput = Throughput()
    assert throughput.update(0, 0.0) == 0.0
    assert throughput.update(100, 0.5) == pytest.approx(200)
    for tick in range(1, 40):
        rate = throughput.update(100 + 500 * tick, 0.5 + 0.5 * tick)
    assert rate == pytest.approx(1_000)


def test_a_pace_lets_records_through_at_its_rate() -> None:
    clock = Clock()
    pace = Pace(100.0, clock.now, clock.sleep)
    pace.wait(250, lambda: False)
    assert clock.seconds == pytest.approx(102.5)
    pace.wait(200, lambda: False)
    assert clock.seconds == pytest.approx(102.5)
    assert pace.chunk_records == 10


def test_a_pace_makes_up_for_at_most_a_second_of_a_delay() -> None:
    clock = Clock()
    pace = Pace(100.0, clock.now, clock.sleep)
    clock.seconds += 60.0  # a compiler was at work
    pace.wait(10, lambda: False)
    begun = clock.seconds
    pace.wait(310, lambda: False)
    assert clock.seconds - begun == pytest.approx(2.0)


def test_a_pace_stops_waiting_when_the_run_is_to_stop() -> None:
    clock = Clock()
    pace = Pace(1.0, clock.now, clock.sleep)
    pace.wait(1_000, lambda: clock.seconds > 101)
    assert clock.seconds < 102


def test_without_a_rate_nothing_waits() -> None:
    clock = Clock()
    pace = Pace(None, clock.now, clock.sleep)
    pace.wait(1_000_000, lambda: False)
    assert clock.seconds == 100.0
    assert pace.chunk_records is None


def test_memory_grows_when_memory_is_taken() -> None:
    before = resident_memory_bytes()
    block = bytearray(b"x" * (64 << 20))
    assert resident_memory_bytes() - before > 32 << 20
    assert len(block) == 64 << 20
