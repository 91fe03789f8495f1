from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dashboards.reading import Reading, Wanted
from tests.dashboards import journals


@pytest.fixture
def reading(journal: Path) -> Reading[None]:
    wanted = Wanted(journal, "now", 5_000)
    return Reading(wanted, journals.snapshot(journal, 5_000), None, at_seconds=100.0, cost_seconds=0.5)


def test_what_was_cheap_to_read_is_soon_read_again(reading: Reading[None]) -> None:
    assert reading.serves(reading.wanted, 104.9, is_paused=False)
    assert not reading.serves(reading.wanted, 105.1, is_paused=False)


def test_a_paused_page_keeps_what_it_shows(reading: Reading[None]) -> None:
    assert reading.serves(reading.wanted, 9_999.0, is_paused=True)


@pytest.mark.parametrize("is_paused", [False, True])
@pytest.mark.parametrize(
    "other",
    [
        lambda wanted: replace(wanted, window=None),
        lambda wanted: replace(wanted, page="gates"),
        lambda wanted: replace(wanted, path=Path("other.sqlite")),
    ],
)
def test_another_window_page_or_journal_is_read_at_once(
    reading: Reading[None], other: Callable[[Wanted], Wanted], is_paused: bool
) -> None:
    assert not reading.serves(other(reading.wanted), 100.1, is_paused)
