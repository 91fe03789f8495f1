"""Only what the catalogue has can be exposed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.metrics.families import OTHER, Families, bounded


def test_unknown_names_and_wrong_labels_are_refused() -> None:
    with pytest.raises(KeyError):
        Families().add("hmoe_surprises_total", 1.0, stream="a")
    with pytest.raises(KeyError, match="hmoe_experts has the labels"):
        Families().add("hmoe_experts", 1.0, stream="a")


@given(st.lists(st.tuples(st.text(max_size=2), st.integers(0, 9))), st.integers(1, 9))
def test_what_is_beyond_the_bound_is_summed(values: list[tuple[str, int]], most: int) -> None:
    found = bounded(values, most)
    assert len(set(found) - {OTHER}) <= most
    assert sum(found.values()) == sum(value for _, value in values)
