"""A stream of facts for the tests of the journal, cut into blocks at will."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stream_hmoe.events import Drifted, Fact, Level, Rejected, Restructured, Scored, Topology
from tests.monitor.journal import made_control

TOPOLOGY = Topology(("plains/0", "plains/1", "trees/0"), (0, 0, 1), ("plains", "trees"))
GROWN = Topology(("plains/0", "trees/0", "trees/1", "trees/2"), (0, 1, 1, 1), ("plains", "trees"))
CONTROL = made_control.one_promotion()
GROWS_AT = 610
RECORDS = 1_130
REJECTED_EVERY = 37


def scored(record: Sequence[int], num_leaves: int, seed: int = 0) -> Scored:
    """Scored records whose values depend on their numbers alone, not on the block they are in."""
    rows = [np.random.default_rng([seed, number]).random(num_leaves + 2) for number in record]
    values = np.array(rows) if rows else np.zeros((0, num_leaves + 2))
    weights = values[:, 2:] / values[:, 2:].sum(axis=1, keepdims=True)
    error = (values[:, 1] > 0.7).astype(np.float64)
    return Scored(
        record=np.array(record, dtype=np.int64),
        targets=["a"] * len(record),
        predictions=["a"] * len(record),
        probabilities=values[:, 0],
        loss_nats=values[:, 0],
        error=error,
        gate_weights=weights,
    )


def facts_between(start: int, stop: int) -> list[Fact]:
    """The facts about records ``start`` to ``stop`` (exclusive) of one fixed stream."""
    facts: list[Fact] = []
    for low, high, leaves in ((start, min(stop, GROWS_AT), 3), (max(start, GROWS_AT), stop, 4)):
        if low >= high:
            continue
        if low == GROWS_AT:
            facts.append(Restructured(GROWS_AT, "two experts were born, one left", GROWN))
        facts.append(scored([n for n in range(low, high) if n % REJECTED_EVERY], leaves))
    for number in range(start, stop):
        if number % REJECTED_EVERY == 0:
            facts.append(Rejected(number, f"f{number % 3}", "nan", "not a number", "send a number"))
        if number in (240, 700):
            detail = {"leaves": ["trees/0"], "change_point": number - 20}
            facts.append(Drifted(number, "gate entropy", Level.DRIFT, 0.5, detail))
        if number in (241, 1_020):
            facts.append(Drifted(number, "gate entropy", Level.STABLE, 0.4))
    return [*facts, *(fact for fact in CONTROL if start < fact.record <= stop)]
