"""Joined rows depend on the stream alone, not on how many rows are written at once."""

from __future__ import annotations

import sqlite3
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from monitor.journal.joining import sample_levels
from monitor.journal.schema import Rows, SampleRow
from monitor.journal.writer import JournalWriter, Stamp
from stream_hmoe.profile import SAMPLE_EVERY
from tests.monitor.journal.made_rows import META, rows

TABLES = ("interval", "share", "evidence", "worth", "feature", "leaf_feature", "sample")


def together(parts: list[Rows]) -> Rows:
    return Rows(
        **{field.name: sum((getattr(part, field.name) for part in parts), ()) for field in fields(Rows)}
    )


def with_sample(number: int) -> Rows:
    """The rows of an interval; every fourth brings the samples of the last four, as periods do."""
    made = rows(number)
    if number % 4:
        return made
    samples = tuple(SampleRow(SAMPLE_EVERY * (number + n), 0, "a", "b", 0.1, "{}") for n in range(4))
    return together([made, Rows(samples=samples)])


def tables(path: Path, at_once: int) -> dict[str, list[tuple[Any, ...]]]:
    journal = JournalWriter(path, META)
    for first in range(1, 401, at_once):
        part = together([with_sample(number) for number in range(first, min(401, first + at_once))])
        journal.write(part, Stamp(0.0, 0.0, 0))
    journal.close()
    connection = sqlite3.connect(path)
    found = {table: sorted(connection.execute(f"SELECT * FROM {table}"), key=repr) for table in TABLES}
    connection.close()
    return found


@pytest.mark.parametrize("at_once", [3, 7, 50])
def test_how_many_rows_are_written_at_once_changes_none(at_once: int, tmp_path: Path) -> None:
    assert tables(tmp_path / "many.sqlite", at_once) == tables(tmp_path / "one.sqlite", 1)


def test_one_sample_in_ten_is_kept_longer() -> None:
    levels = [sample_levels(SAMPLE_EVERY * number) for number in range(1, 1_001)]
    assert [sum(joined in found for found in levels) for joined in (1, 10, 100, 1_000)] == [1_000, 100, 10, 1]
