"""A short run finds the number of experts of an easy stream; what counts as found is a quarter."""

from __future__ import annotations

import pytest

from benchmarks.expert_count import Outcome, play, within


@pytest.mark.parametrize(("end", "found"), [(6, False), (7, True), (9, True), (11, True), (12, False)])
def test_a_quarter_more_or_less_counts(end: int, found: bool) -> None:
    assert within(Outcome((3, 3), 0, 2, end, 0, 1.0, 1.0, 1.0, 1.0)) is found


def test_the_fixed_number_stays() -> None:
    outcome = play("LL", (1, 4), 0, 0, 2000)
    assert (outcome.end, outcome.changes, outcome.truth) == (4, 0, 4)
    assert outcome.mae > 0.0
