"""Rows that wait keep what was put in, through restarts, growth and changes of the set of experts."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stream_hmoe.events import Lineage, Restructured, Topology
from stream_hmoe.waiting import FIRST_SLOTS, WaitingRows
from tests.stream_hmoe.drifting import assert_same_state, through_disk


def filled(count: int) -> tuple[WaitingRows, list[int]]:
    """Rows n of two features, with two classes and three leaves."""
    rows = WaitingRows()
    slots = [rows.admit(np.array([n, -n], dtype=np.float64), 2.0 * n, 3.0 * n) for n in range(count)]
    predicted_NC = np.linspace(0.1, 0.4, 2 * count).reshape(count, 2)
    weight_NK = np.stack([np.full(count, 0.25), np.zeros(count), np.full(count, 0.75)], axis=1)
    rows.keep(np.array(slots), predicted_NC, weight_NK)
    return rows, slots


def test_rows_are_what_was_put_in() -> None:
    count = 3 * FIRST_SLOTS
    rows, slots = filled(count)
    assert sorted(slots) == list(range(len(set(slots))))
    some = np.array([slots[5], slots[-1]])
    np.testing.assert_array_equal(rows.encoded(some, 2), [[5, -5], [count - 1, 1 - count]])
    np.testing.assert_array_equal(rows.encoded(some, 1), [[5], [count - 1]])
    np.testing.assert_array_equal(rows.encoded(some[:1], 3), [[5, -5, np.nan]])
    assert (rows.widths[slots[7]], rows.times_seconds[slots[7]]) == (2, 14.0)


def test_a_slot_is_given_out_again_once_nothing_is_under_way() -> None:
    rows, slots = filled(FIRST_SLOTS)
    rows.release(slots[3])
    taken = rows.admit(np.array([1.0, 2.0, 3.0]), 0.0, 0.0)
    assert taken not in slots
    rows.release(taken)
    rows.reclaim()
    assert {rows.admit(np.array([9.0]), 0.0, 0.0) for _ in range(FIRST_SLOTS + 1)} >= {slots[3], taken}
    np.testing.assert_array_equal(rows.encoded(np.array([taken]), 3), [[9.0, np.nan, np.nan]])


def test_a_class_that_came_later_had_no_chance() -> None:
    rows, slots = filled(2)
    rows.make_room(3)
    np.testing.assert_array_equal(rows.predicted(np.array(slots))[:, 2], [0.0, 0.0])
    rows.keep(np.array(slots[:1]), np.array([[0.2, 0.8]]), np.array([[1.0, 0.0, 0.0]]))
    np.testing.assert_array_equal(rows.predicted(np.array(slots[:1])), [[0.2, 0.8, 0.0]])


def test_a_state_does_not_know_the_slots(tmp_path: Path) -> None:
    rows, slots = filled(40)
    order = [slots[n] for n in (7, 3, 30)]
    state = rows.state_dict(order)
    other = WaitingRows()
    other.load_state_dict(through_disk(state, tmp_path))
    assert_same_state(other.state_dict([0, 1, 2]), state)
    np.testing.assert_array_equal(other.weights(np.arange(3)), rows.weights(np.array(order)))
    new = other.admit(np.array([1.0]), 5.0, 6.0)
    assert new not in (0, 1, 2)
    np.testing.assert_array_equal(other.encoded(np.array([1]), 2), [[3, -3]])


def test_weights_go_to_the_heirs() -> None:
    rows, slots = filled(2)
    before = Topology(("a", "b", "other"), (0, 0, 1), ("group", "alone"))
    after = Topology(("b", "c", "other"), (0, 0, 1), ("group", "alone"))
    lineage = Lineage("split", "group", ("a",), ("b", "c"), (("a", ("b", "c")), ("b", ("b",))))
    rows.carry_over(Restructured(10, "made", after, lineage), before)
    np.testing.assert_array_equal(rows.weights(np.array(slots)), [[0.125, 0.125, 0.75]] * 2)
    rows.carry_over(Restructured(11, "unknown", before, None), after)
    np.testing.assert_array_equal(rows.weights(np.array(slots)), [[0.125, 0.125, 0.75]] * 2)
