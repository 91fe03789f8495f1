"""A tick holds the same records however they came in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream_hmoe.events import Block, Scored
from stream_hmoe.tick import ObservedBuffer, Tick, TickBuffer
from tests.stream_hmoe.drifting import assert_same_state, through_disk


def block(count: int, first: int, num_features: int = 2, skipped: int = 0) -> Block:
    """A block of ``count`` records after ``skipped`` rejected ones."""
    number_N = np.arange(count) + skipped
    value_N = (number_N + first).astype(np.float64)
    scored = Scored(number_N, [], [], value_N, value_N, value_N % 2, np.ones((count, 1)))
    return Block(scored, (), np.tile(value_N[:, None], num_features), value_N.astype(np.int64))


def columns(tick: Tick) -> dict[str, object]:
    return {"record_N": tick.record_N, "x_ND": tick.x_ND, "y_N": tick.y_N, "error_N": tick.error_N}


@given(st.lists(st.integers(0, 10), min_size=1, max_size=6))
def test_cuts_change_nothing(cuts: list[int]) -> None:
    pieces, whole = TickBuffer(), TickBuffer()
    first = 100
    for cut in cuts:
        pieces.add(block(cut, first), first)
        first += cut
    whole.add(block(sum(cuts), 100), 100)
    assert_same_state(columns(pieces.take()), columns(whole.take()))


def test_rejected_records_leave_gaps_in_the_numbers() -> None:
    buffer = TickBuffer()
    buffer.add(block(2, 50), 50)
    buffer.add(block(3, 52, skipped=4), 52)
    assert buffer.take().record_N.tolist() == [50, 51, 56, 57, 58]


def test_a_taken_tick_is_gone() -> None:
    buffer = TickBuffer()
    buffer.add(block(5, 0), 0)
    buffer.take()
    assert not len(buffer.take().record_N)


def test_a_feature_that_came_within_is_missing_before() -> None:
    buffer = TickBuffer()
    buffer.add(block(2, 0, 1), 0)
    buffer.add(block(2, 2, 3), 2)
    tick = buffer.take()
    assert np.isnan(tick.x_ND[:2, 1:]).all() and not np.isnan(tick.x_ND[2:]).any()
    assert tick.y_N.dtype == np.float64


def test_saving_takes_nothing_and_a_restart_changes_nothing(tmp_path: Path) -> None:
    for count in (0, 7):
        unbroken, again = TickBuffer(), TickBuffer()
        unbroken.add(block(count, 0), 0)
        saved = through_disk(unbroken.state_dict(), tmp_path)
        again.load_state_dict(saved)
        for buffer in (unbroken, again):
            buffer.add(block(4, count, 3), count)
        assert_same_state(columns(unbroken.take()), columns(again.take()))


def test_records_are_chosen_by_how_they_came() -> None:
    buffer = TickBuffer()
    buffer.add(block(2, 0), 0)
    buffer.add(block(3, 2), 2, is_learned=False)
    tick = buffer.take()
    assert not tick.is_late_N.any()
    assert tick.chosen(tick.is_learned_N).record_N.tolist() == [0, 1]
    assert tick.chosen(~tick.is_learned_N).record_N.tolist() == [2, 3, 4]
    assert tick.chosen(~tick.is_late_N) is tick
    assert tick.paired_loss_nats_N.tolist() == tick.loss_nats_N.tolist()


def test_observed_records_are_kept_in_order_through_a_restart(tmp_path: Path) -> None:
    first, second = ObservedBuffer(), ObservedBuffer()
    first.add(np.zeros((2, 1)))
    first.add(np.zeros((0, 4)))
    first.add(np.ones((1, 2)))
    second.load_state_dict(through_disk(first.state_dict(), tmp_path))
    for buffer in (first, second):
        assert len(buffer) == 3
        np.testing.assert_array_equal(buffer.take(), [[0.0, np.nan], [0.0, np.nan], [1.0, 1.0]])
        assert (len(buffer), buffer.take().shape) == (0, (0, 0))
