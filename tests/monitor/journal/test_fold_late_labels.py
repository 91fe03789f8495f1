"""Where labels come later, gate weights are those of predictions and losses those of labels, once each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.journal.fold import JournalFold
from monitor.journal.schema import Rows
from stream_hmoe.events import Expired, Fact, Predicted, Rejected, Scored
from tests.monitor.journal.made_facts import TOPOLOGY
from tests.monitor.journal.test_fold import joined

# Observation n is predicted, and then what was observed DELAY observations before is dealt with.
DELAY = 40
OBSERVATIONS = 700
EXPIRES_EVERY, REJECTED_EVERY = 17, 31


def weights(number: int) -> npt.NDArray[np.float64]:
    drawn: npt.NDArray[np.float64] = np.random.default_rng([5, number]).dirichlet(np.ones(3))
    return drawn


def clock_at(observation: int) -> int:
    """Records dealt with when an observation is predicted."""
    return max(0, observation - DELAY)


def facts_between(start: int, stop: int) -> list[Fact]:
    """The facts of observations ``start`` to ``stop``: what was predicted, then what was dealt with."""
    facts: list[Fact] = []
    for number in range(start, stop):
        weight = weights(number)[None]
        clock = np.array([clock_at(number)])
        facts.append(Predicted(clock, [f"k{number}"], ["a"], np.ones(1), weight))
        record = number - DELAY
        if record < 0:
            continue
        if record % EXPIRES_EVERY == 0:
            facts.append(Expired(record, (f"k{record}",)))
        elif record % REJECTED_EVERY == 0:
            facts.append(Rejected(record, "target", "?", "no class", "mend it"))
        else:
            loss = np.array([record / 1_000.0])
            facts.append(
                Scored(np.array([record]), ["a"], ["a"], np.ones(1), loss, loss % 2, weights(record)[None])
            )
    return facts


def fold_all(cuts: Sequence[int], restarts: Sequence[int] = ()) -> Rows:
    fold = JournalFold(True, TOPOLOGY)
    parts, start = [], 0
    for stop in sorted({*cuts, *restarts, OBSERVATIONS}):
        parts.append(fold.add(facts_between(start, stop), clock_at(stop)))
        start = stop
        if stop in restarts:
            state = fold.state_dict()
            fold = JournalFold(True, TOPOLOGY)
            fold.load_state_dict(state)
    return joined([*parts, fold.finish()])


WHOLE = fold_all([])


def scored_in(begin: int, end: int) -> list[int]:
    return [n for n in range(begin, end) if n % EXPIRES_EVERY and n % REJECTED_EVERY]


@given(
    cuts=st.lists(st.integers(1, OBSERVATIONS - 1), max_size=20),
    restarts=st.lists(st.integers(1, OBSERVATIONS - 1), max_size=3),
)
def test_rows_do_not_depend_on_blocks_and_restarts(cuts: list[int], restarts: list[int]) -> None:
    assert fold_all(cuts, restarts) == WHOLE


def test_records_count_when_they_are_dealt_with() -> None:
    assert [row.record for row in WHOLE.intervals] == [250, 500, 660]
    assert [row.records for row in WHOLE.intervals] == [250, 250, 160]
    assert [row.scored for row in WHOLE.intervals] == [
        len(scored_in(0, 250)),
        len(scored_in(250, 500)),
        len(scored_in(500, 660)),
    ]
    assert [row.predicted for row in WHOLE.intervals] == [250 + DELAY, 250, 160]


def test_an_expired_record_has_no_score() -> None:
    fold = JournalFold(True, TOPOLOGY)
    row = fold.add([Expired(0, tuple(f"k{n}" for n in range(250)))], 250).intervals[0]
    assert (row.records, row.scored, row.predicted, row.rejected_total) == (250, 0, 0, 0)
    assert row.loss_nats is row.metric is row.gate_entropy_nats is None


def test_shares_and_entropy_are_those_of_the_predictions() -> None:
    observed = np.array([weights(n) for n in range(250 + DELAY, 500 + DELAY)])
    shares = [row for row in WHOLE.shares if row.record == 500]
    assert [row.weight for row in shares] == pytest.approx(observed.mean(axis=0).tolist())
    entropy = -(observed * np.log(observed)).sum(axis=1).mean()
    assert WHOLE.intervals[1].gate_entropy_nats == pytest.approx(entropy)


def test_losses_are_those_of_the_labels() -> None:
    numbers = scored_in(250, 500)
    loss = np.array(numbers) / 1_000.0
    own = np.array([weights(n) for n in numbers])
    assert WHOLE.intervals[1].loss_nats == pytest.approx(loss.mean())
    for row in (row for row in WHOLE.shares if row.record == 500):
        assert row.loss_nats == pytest.approx(np.average(loss, weights=own[:, row.leaf]))


def test_before_the_first_label_there_are_shares_without_losses() -> None:
    fold = JournalFold(True, TOPOLOGY)
    facts = [fact for fact in facts_between(0, 30) if isinstance(fact, Predicted)]
    rows = fold.add([*facts, Expired(0, tuple("k" for _ in range(250)))], 250)
    assert len(rows.shares) == 3
    assert {row.loss_nats for row in rows.shares} == {row.error for row in rows.shares} == {None}
    assert sum(row.weight for row in rows.shares) == pytest.approx(1.0)
    assert fold.totals.use_of(0).loss_nats is None
    assert fold.totals.use_of(0).usage > 0


def test_usage_counts_predictions_and_losses_count_labels() -> None:
    fold = JournalFold(True, TOPOLOGY)
    fold.add(facts_between(0, OBSERVATIONS), clock_at(OBSERVATIONS))
    predicted = np.array([weights(n) for n in range(500 + DELAY)])
    use = fold.totals.use_of(1)
    assert use.usage == pytest.approx(predicted[:, 1].mean())
    by_interval = [(row.weight, row.loss_nats) for row in WHOLE.shares if row.leaf == 1][:2]
    counts = [row.scored for row in WHOLE.intervals][:2]
    mass = np.array([weight for weight, _ in by_interval]) * counts
    assert use.loss_nats == pytest.approx(np.average([loss for _, loss in by_interval], weights=mass))
