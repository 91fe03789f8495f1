"""A model that adapts its experts gives the same journal however its stream is cut."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import pytest

from monitor.journal.fold import JournalFold
from monitor.journal.schema import EventKind, Rows
from stream_hmoe import HMoERegressor
from stream_hmoe.pipeline import Pipeline
from stream_hmoe.streams import GaussianHMoEStream
from tests.monitor.journal.test_fold import joined

RECORDS = 2500


@cache
def rows_of(cuts: Sequence[int]) -> Rows:
    stream = GaussianHMoEStream(0, num_groups=1).rows(0, RECORDS)
    records, targets = [dict(enumerate(x)) for x in stream.X.tolist()], stream.y.tolist()
    pipeline = Pipeline(HMoERegressor(kinds=("regions",), adapt_experts=True))
    fold = JournalFold(False, pipeline.model.topology, interval_records=100)
    parts, start = [], 0
    for stop in (*cuts, RECORDS):
        parts.append(fold.add(pipeline.step(records[start:stop], targets[start:stop]), stop))
        start = stop
    return joined([*parts, fold.finish()])


def test_the_event_says_how_many_experts_live() -> None:
    events = [event for event in rows_of(()).events if event.kind is EventKind.RESTRUCTURED]
    assert events
    assert all(" experts in regions " in event.message for event in events)
    assert not any("from here on" in event.message for event in events)


@pytest.mark.parametrize("cuts", [(1000,), tuple(range(100, RECORDS, 100)), tuple(range(37, RECORDS, 61))])
def test_cuts_change_nothing(cuts: tuple[int, ...]) -> None:
    assert rows_of(cuts) == rows_of(())
