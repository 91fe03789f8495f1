from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.plain_values import plain
from stream_hmoe.audit import AuditChain
from stream_hmoe.events import Level, Plan

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([*Level, *Plan]),
    lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), values))
def test_whatever_a_fact_holds_the_audit_can_take(payload: dict[str, object]) -> None:
    line = AuditChain().append(0, "noted", plain(payload))
    assert json.loads(line)["payload"] == plain(payload) == plain(plain(payload))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Level.DRIFT, 2),
        (Plan.RENEW, "renew"),
        (np.float64(0.5), 0.5),
        (np.array([[1, 2]]), [[1, 2]]),
        (-math.inf, "-inf"),
        ((1, ("a",)), [1, ["a"]]),
        ({1: np.int64(3)}, {"1": 3}),
        (True, True),
    ],
)
def test_values_keep_their_meaning(value: object, expected: object) -> None:
    found = plain(value)
    assert found == expected
    assert type(found) is type(expected)
