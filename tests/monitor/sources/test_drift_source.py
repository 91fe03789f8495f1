"""The endless stream as a source: it keeps to what every source keeps to."""

from __future__ import annotations

import json
from itertools import islice

import pytest

from monitor.run.drift_input import DriftInput
from stream_hmoe.streams import DriftStream
from stream_hmoe.streams.changes import CHUNK

TRUTH = [(record, label) for record, label, _ in islice(DriftStream(seed=3, period=1_000), CHUNK + 200)]


def test_records_come_in_order_with_their_labels_and_numbers() -> None:
    source = DriftInput(3, 1_000).open(None)
    chunks = [source.next_chunk(100) for _ in range(len(TRUTH) // 100)]
    pairs = [pair for chunk in chunks for pair in zip(chunk.records, chunk.targets, strict=True)]
    assert pairs == TRUTH[: len(pairs)]
    assert [line for chunk in chunks for line in chunk.lines] == list(range(1, len(pairs) + 1))


def test_a_sample_takes_nothing_away() -> None:
    stream = DriftInput(3, 1_000)
    source = stream.open(None)
    source.next_chunk(10)
    sample = stream.sample(source, 5)
    assert list(sample.targets) == [label for _, label in TRUTH[10:15]]
    assert list(sample.columns) == [*TRUTH[0][0], "delivery"]
    assert source.next_chunk(5).records == [record for record, _ in TRUTH[10:15]]


@pytest.mark.parametrize("seen", [1, 7, CHUNK - 1, CHUNK, CHUNK + 1])
def test_every_position_resumes_after_the_last_record(seen: int) -> None:
    stream = DriftInput(3, 1_000)
    position = json.loads(json.dumps(dict(stream.open(None).next_chunk(seen).position)))
    assert stream.open(position).next_chunk(20).records == [record for record, _ in TRUTH[seen : seen + 20]]


def test_every_change_is_told_once_wherever_the_stream_is_cut() -> None:
    stream = DriftInput(3, 1_000)
    whole = [(change.record, change.what) for change in stream.changes(0, 3_000)]
    points = DriftStream(3, 1_000).change_points_between(0, 3_000)
    assert [record for record, _ in whole] == [point.record for point in points]
    assert whole[0] == (150, "hills: heat delays parcels now, cold did before (abrupt)")
    cut = [change for first in range(0, 3_000, 50) for change in stream.changes(first, first + 50)]
    assert [(change.record, change.what) for change in cut] == whole


def test_another_seed_or_period_is_another_stream() -> None:
    identities = [DriftInput(seed, period).identity() for seed, period in ((3, 500), (4, 500), (3, 600))]
    assert len({json.dumps(identity) for identity in identities}) == 3
