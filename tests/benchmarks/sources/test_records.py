"""River's records become arrays."""

from __future__ import annotations

import datetime as dt

from benchmarks.sources.records import as_stream


def test_text_becomes_a_column_for_each_category() -> None:
    pairs = [({"n": 1, "c": "red"}, True), ({"n": 2, "c": "blue"}, False), ({"n": 3, "c": "red"}, True)]
    stream = as_stream("s", "classification", pairs)
    assert stream.x_ND.tolist() == [[1, 0, 1], [2, 1, 0], [3, 0, 1]]
    assert stream.y_N.tolist() == [1, 0, 1]


def test_a_moment_becomes_days_month_weekday_and_hour() -> None:
    moments = [dt.datetime(2024, 1, 31, 0, tzinfo=dt.UTC), dt.datetime(2024, 2, 1, 12, tzinfo=dt.UTC)]
    stream = as_stream("s", "regression", [({"when": moment}, 1.0) for moment in moments])
    assert stream.x_ND.tolist() == [[0, 1, 2, 0], [1.5, 2, 3, 12]]
