"""Growth is counted from the settled state, and a run gives a reading a block."""

from __future__ import annotations

from benchmarks.memory import BLOCK_RECORDS, growth_bytes, readings


def test_growth_counts_from_the_settled_state() -> None:
    taken = [(0, 10), (50_000, 90), (100_000, 100), (200_000, 130), (300_000, 120)]
    assert growth_bytes(taken) == (30, 20)
    assert growth_bytes([(0, 10), (10_000, 50)]) == (0, 0)


def test_a_reading_a_block() -> None:
    taken = list(readings("no-change", 2 * BLOCK_RECORDS))
    assert [records for records, _ in taken] == [0, BLOCK_RECORDS, 2 * BLOCK_RECORDS]
    assert all(size > 2**23 for _, size in taken)
