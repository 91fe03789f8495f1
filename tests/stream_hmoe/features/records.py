"""Random records for property tests: few names, so that features come back, and values of every kind."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import numpy as np
from hypothesis import strategies as st

NAMES = ("age", "colour", "height", "is_new", "town", "when")


def naive(*parts: int) -> datetime.datetime:
    """A moment without a zone, as many records have it."""
    return datetime.datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**70), 2**70),
    st.booleans(),
    st.sampled_from([np.float32(0.1), np.int8(-3), np.uint64(2**64 - 1), np.bool_(True), Decimal("2.5")]),
)
missing = st.sampled_from([None, float("nan"), np.float64("nan"), Decimal("NaN"), "", "  "])
texts = st.one_of(st.sampled_from(["red", "blue", "green", "grey", "12", "-0.5"]), st.text(max_size=4))
moments = st.datetimes(min_value=naive(1930, 1, 1), max_value=naive(2100, 1, 1))
values = st.one_of(numbers, missing, texts, moments)

records: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from(NAMES), values, max_size=len(NAMES)
)


def consistent_records() -> st.SearchStrategy[list[dict[str, Any]]]:
    """Records in which every feature keeps its kind, so that all of them can be used."""
    of_kind = {
        "age": numbers,
        "height": st.floats(-1e300, 1e300),
        "is_new": st.booleans(),
        "colour": st.sampled_from(["red", "blue", "green", "grey", "black"]),
        "town": st.text(max_size=3),
        "when": moments,
    }
    whole = st.fixed_dictionaries({name: st.one_of(value, missing) for name, value in of_kind.items()})
    partial = st.fixed_dictionaries({}, optional={name: st.one_of(v, missing) for name, v in of_kind.items()})
    return st.lists(st.one_of(whole, partial), min_size=1, max_size=12)
