from __future__ import annotations

from pathlib import Path

import pytest

from dashboards import data
from dashboards.reading import Reading


@pytest.fixture
def reading(journal: Path) -> Reading:
    return Reading(journal, 5_000, data.read(journal, 5_000), at_seconds=100.0, cost_seconds=0.5)


def test_what_was_cheap_to_read_is_soon_read_again(journal: Path, reading: Reading) -> None:
    assert reading.serves(journal, 5_000, 104.9, is_paused=False)
    assert not reading.serves(journal, 5_000, 105.1, is_paused=False)


def test_a_paused_page_keeps_what_it_shows(journal: Path, reading: Reading) -> None:
    assert reading.serves(journal, 5_000, 9_999.0, is_paused=True)


@pytest.mark.parametrize("is_paused", [False, True])
def test_another_window_or_journal_is_read_at_once(journal: Path, reading: Reading, is_paused: bool) -> None:
    assert not reading.serves(journal, None, 100.1, is_paused)
    assert not reading.serves(journal.with_name("other.sqlite"), 5_000, 100.1, is_paused)
