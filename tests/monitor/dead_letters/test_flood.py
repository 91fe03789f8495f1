"""When a stream halts for too many bad messages."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.dead_letters import FloodGuard


def halting_place(is_bad: list[bool], max_ratio: float, window: int) -> int | None:
    """The definition: the first message that makes the bad ones a large enough share of the window."""
    for end in range(1, len(is_bad) + 1):
        if is_bad[end - 1] and sum(is_bad[max(0, end - window) : end]) >= max_ratio * window:
            return end - 1
    return None


def run(guard: FloodGuard, is_bad: list[bool], sizes: list[int], restart: bool) -> int | None:
    """Feed messages in batches of these sizes; the number of the message at which it halts."""
    begin = 0
    for size in [*sizes, len(is_bad)]:
        batch = is_bad[begin : begin + size]
        halt = guard.take(len(batch), [number for number, bad in enumerate(batch) if bad])
        if halt is not None:
            return begin + halt
        begin += len(batch)
        if restart:
            state = json.loads(json.dumps(guard.state_dict()))
            guard = FloodGuard(guard.max_ratio, guard.window_messages)
            guard.load_state_dict(state)
    return None


@given(
    st.lists(st.booleans(), max_size=60),
    st.sampled_from([0.05, 0.2, 0.5, 1.0]),
    st.integers(1, 12),
    st.lists(st.integers(0, 9), max_size=8),
    st.booleans(),
)
def test_it_halts_where_the_definition_says_however_the_stream_is_cut(
    is_bad: list[bool], max_ratio: float, window: int, sizes: list[int], restart: bool
) -> None:
    expected = halting_place(is_bad, max_ratio, window)
    assert run(FloodGuard(max_ratio, window), is_bad, sizes, restart) == expected


def test_messages_after_the_halt_are_not_counted_and_it_says_why() -> None:
    guard = FloodGuard(0.2, 10)
    assert guard.halted == ""
    assert guard.take(9, [0, 4, 5, 6]) == 4
    assert guard.messages == 5
    assert guard.is_halted
    assert guard.halted == "2 of the last 10 messages could not be used, 20% or more"


def test_after_a_release_the_window_is_empty() -> None:
    guard = FloodGuard(0.2, 10)
    guard.take(2, [0, 1])
    guard.release()
    assert guard.halted == ""
    assert guard.take(1, [0]) is None
    assert guard.take(1, [0]) == 0


def test_its_memory_is_bounded_by_the_window() -> None:
    guard = FloodGuard(0.5, 10)
    for _ in range(1_000):
        assert guard.take(10, [0, 5]) is None
    assert len(guard.state_dict()["bad"]) <= 5


def test_limits_that_make_no_sense_are_refused() -> None:
    for max_ratio, window in ((0.0, 10), (1.1, 10), (0.5, 0)):
        with pytest.raises(ValueError, match="max_ratio"):
            FloodGuard(max_ratio, window)
