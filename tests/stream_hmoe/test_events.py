"""What was watched can be written down and read again."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from stream_hmoe.events import Evidence, Level, Verdict, Watched

NUMBERS = st.floats(-1e6, 1e6)
LEVELS = st.sampled_from(Level)
EVIDENCE = st.builds(Evidence, st.text(max_size=5), NUMBERS, NUMBERS, LEVELS)
WATCHED = st.builds(
    Watched,
    record=st.integers(0, 10**12),
    evidence=st.lists(EVIDENCE, max_size=3).map(tuple),
    gate=LEVELS,
    concept=LEVELS,
    change_point=st.integers(-1, 10**12),
    rise=NUMBERS,
    rise_lower=NUMBERS,
    leaves=st.lists(st.text(max_size=5), max_size=3).map(tuple),
    is_local=st.booleans(),
    known=st.integers(-1, 10),
    challengers=st.sampled_from(Verdict),
    is_worse=st.booleans(),
    is_referenced=st.booleans(),
    is_released=st.booleans(),
)


@given(WATCHED)
def test_watched_comes_back_from_json(watched: Watched) -> None:
    again = Watched.from_json(json.loads(json.dumps(watched.to_json(), allow_nan=False)))
    assert again == watched
    assert type(again.gate) is type(again.concept) is Level
    assert [type(entry.level) for entry in again.evidence] == [Level] * len(again.evidence)
    assert type(again.challengers) is Verdict


@given(LEVELS, LEVELS)
def test_the_level_is_the_higher_of_both(gate: Level, concept: Level) -> None:
    assert Watched(0, gate=gate, concept=concept).level == max(gate, concept)
