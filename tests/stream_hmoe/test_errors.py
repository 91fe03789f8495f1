"""What a bad record says of itself: short, whatever the value is."""

from __future__ import annotations

import pytest

from stream_hmoe import HMoEClassifier, Observation
from stream_hmoe.errors import BadRecord
from stream_hmoe.pipeline import Pipeline


@pytest.mark.parametrize(
    "value", ["x" * 1_000_000, 10**5_000, list(range(100_000))], ids=["text", "number", "list"]
)
def test_a_value_is_shown_in_a_few_words(value: object) -> None:
    bad = BadRecord("amount", value, "it is no number", "Send one.")
    assert len(bad.shown) <= 200
    assert len(str(bad)) <= 200


def test_a_rejection_is_short_however_long_the_text_is() -> None:
    pipeline = Pipeline(HMoEClassifier(kinds=("linear",)))
    taken = pipeline.take([Observation("a", {"x": 1.0}), Observation("b", {"x": "1" * 1_000_000 + "_"})])
    rejected = taken.rejections[1]
    assert sum(map(len, (rejected.value, rejected.reason, rejected.remedy))) < 400
