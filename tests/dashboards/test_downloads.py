from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest

from dashboards import downloads
from tests.dashboards import journals


@pytest.mark.parametrize("table", downloads.TABLES)
def test_a_table_is_given_in_full(journal: Path, story: journals.Story, table: str) -> None:
    rows = pd.read_csv(io.StringIO(downloads.csv(journal, table)))
    leaves = len(story.leaves)
    expected = {
        "intervals": 80,
        "shares": 80 * leaves,
        "experts": leaves,
        "events": 5,
        "evidence": 0,
        "worth": 0,
    }
    assert len(rows) == expected[table]


def test_intervals_come_with_the_metric_that_was_written(journal: Path) -> None:
    rows = pd.read_csv(io.StringIO(downloads.csv(journal, "intervals")))
    assert rows["record"].tolist() == list(range(250, 20_001, 250))
    assert rows["metric_window"].between(0.5, 0.95).all()


def test_what_is_shown_is_given_as_it_is_at_the_click() -> None:
    shown = downloads.Shown()
    assert shown.csv("metric") == ""
    shown.tables = {"metric": pd.DataFrame({"record": [250], "metric": [0.5]})}
    assert shown.csv("metric") == "record,metric\n250,0.5\n"
