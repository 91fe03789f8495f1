"""The fold gives the rows of the stream, whatever the blocks and restarts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.journal.fold import JournalFold
from monitor.journal.schema import EventKind, Rows
from stream_hmoe.events import Drifted, Evidence, Level, Phase, Rejected, Watched, Worth
from tests.monitor.journal import made_control
from tests.monitor.journal.made_facts import (
    GROWS_AT,
    RECORDS,
    REJECTED_EVERY,
    TOPOLOGY,
    facts_between,
    scored,
)


def fold_all(cuts: Sequence[int], restarts: Sequence[int] = ()) -> Rows:
    """Fold the whole stream in blocks that end at ``cuts``, beginning anew from the state at ``restarts``."""
    fold = JournalFold(True, TOPOLOGY)
    parts = []
    start = 0
    for stop in sorted({*cuts, *restarts, RECORDS}):
        parts.append(fold.add(facts_between(start, stop), stop))
        start = stop
        if stop in restarts:
            state = fold.state_dict()
            fold = JournalFold(True, TOPOLOGY)
            fold.load_state_dict(state)
    parts.append(fold.finish())
    return joined(parts)


def joined(parts: Sequence[Rows]) -> Rows:
    return Rows(
        **{
            field.name: tuple(row for part in parts for row in getattr(part, field.name))
            for field in fields(Rows)
        }
    )


WHOLE = fold_all([])


@given(
    cuts=st.lists(st.integers(1, RECORDS - 1), max_size=30),
    restarts=st.lists(st.integers(1, RECORDS - 1), max_size=4),
)
def test_rows_do_not_depend_on_blocks_and_restarts(cuts: list[int], restarts: list[int]) -> None:
    rows = fold_all(cuts, restarts)
    assert rows.intervals == WHOLE.intervals
    assert rows.shares == WHOLE.shares
    assert rows.topology == WHOLE.topology
    assert rows.evidence == WHOLE.evidence
    assert rows.worth == WHOLE.worth
    assert rows.events == WHOLE.events


def test_intervals_close_every_250_records_and_at_the_end() -> None:
    assert [row.record for row in WHOLE.intervals] == [250, 500, 750, 1_000, RECORDS]
    assert [row.records for row in WHOLE.intervals] == [250, 250, 250, 250, 130]
    assert sum(row.scored for row in WHOLE.intervals) + WHOLE.intervals[-1].rejected_total == RECORDS


def test_numbers_of_an_interval_are_those_of_its_records() -> None:
    numbers = [n for n in range(250) if n % REJECTED_EVERY]
    block = scored(numbers, 3)
    row = WHOLE.intervals[0]
    assert row.loss_nats == pytest.approx(block.loss_nats.mean())
    assert row.metric == pytest.approx(1 - block.error.mean())
    entropy = -(block.gate_weights * np.log(block.gate_weights)).sum(axis=1).mean()
    assert row.gate_entropy_nats == pytest.approx(entropy)
    share = WHOLE.shares[1]
    weight = block.gate_weights[:, 1]
    assert (share.record, share.leaf) == (250, 1)
    assert share.weight == pytest.approx(weight.mean())
    assert share.error == pytest.approx((weight * block.error).sum() / weight.sum())


def test_metric_counts_from_the_start_and_over_a_window_of_four_intervals() -> None:
    error = scored([n for n in range(610) if n % REJECTED_EVERY], 3).error
    late = scored([n for n in range(610, RECORDS) if n % REJECTED_EVERY], 4).error
    everything = np.concatenate([error, late])
    assert WHOLE.intervals[-1].metric == pytest.approx(1 - everything.mean())
    window = everything[WHOLE.intervals[0].scored :]
    assert WHOLE.intervals[-1].metric_window == pytest.approx(1 - window.mean())


def test_regression_reports_the_mean_absolute_error() -> None:
    fold = JournalFold(False, TOPOLOGY)
    block = scored(range(250), 3)
    row = fold.add([block], 250).intervals[0]
    assert row.metric == pytest.approx(block.error.mean())


def test_a_leaf_keeps_its_number_when_the_model_changes_shape() -> None:
    names = {(row.record, row.leaf): row.name for row in WHOLE.topology}
    assert names[(0, 2)] == names[(GROWS_AT, 2)] == "trees/0"
    assert (GROWS_AT, 1) not in names
    assert {names[(GROWS_AT, leaf)] for leaf in (3, 4)} == {"trees/1", "trees/2"}


def test_shares_of_an_interval_sum_to_one_across_a_change_of_shape() -> None:
    for row in WHOLE.intervals:
        shares = [share.weight for share in WHOLE.shares if share.record == row.record]
        assert sum(shares) == pytest.approx(1)
    assert len([share for share in WHOLE.shares if share.record == 750]) == 5


def test_the_level_of_an_interval_is_its_highest() -> None:
    assert [row.level for row in WHOLE.intervals] == [2, 0, 2, 2, 2]
    only_then = JournalFold(True, TOPOLOGY)
    only_then.add([Drifted(3, "loss", Level.DRIFT, 1.0), Drifted(4, "loss", Level.STABLE, 0.0)], 250)
    assert only_then.levels == {"loss": 2}
    only_then.add([], 500)
    assert only_then.levels == {"loss": 0}
    assert only_then.drift_counts == {"loss": 1}


def test_a_line_rejected_after_the_last_record_of_an_interval_counts_in_the_next() -> None:
    late = Rejected(250, "line", "x", "not JSON", "mend it")
    together, apart = JournalFold(True, TOPOLOGY), JournalFold(True, TOPOLOGY)
    rows = together.add([scored(range(250), 3), late], 250)
    assert rows == joined([apart.add([scored(range(250), 3)], 250), apart.add([late], 250)])
    assert rows.intervals[0].rejected_total == 0
    assert together.rejected_total == 1
    last = together.finish()
    assert [event.kind for event in last.events] == [EventKind.REJECTED]
    assert not last.intervals


def test_an_interval_of_rejected_records_has_no_means() -> None:
    fold = JournalFold(True, TOPOLOGY)
    rejected = [Rejected(n, "f", "x", "bad", "mend it") for n in range(250)]
    row = fold.add(rejected, 250).intervals[0]
    assert (row.scored, row.loss_nats, row.metric, row.gate_entropy_nats) == (0, None, None, None)
    assert row.rejected_total == 250


def test_so_far_includes_the_interval_under_way() -> None:
    fold = JournalFold(True, TOPOLOGY)
    fold.add(facts_between(0, 300), 300)
    error = scored([n for n in range(300) if n % REJECTED_EVERY], 3).error
    tally = fold.so_far()
    assert tally.scored + tally.rejected == 300
    assert tally.metric == pytest.approx(1 - error.mean())


def test_totals_say_what_every_leaf_did() -> None:
    fold = JournalFold(True, TOPOLOGY)
    fold.add(facts_between(0, 500), 500)
    block = scored([n for n in range(500) if n % REJECTED_EVERY], 3)
    use = fold.totals.use_of(2)
    assert use.usage == pytest.approx(block.gate_weights[:, 2].mean())
    assert use.loss_nats == pytest.approx(np.average(block.loss_nats, weights=block.gate_weights[:, 2]))
    assert fold.totals.use_of(17).loss_nats is None


def test_one_row_of_evidence_per_interval_and_signal_the_strongest() -> None:
    rows = {(row.record, row.signal): row for row in WHOLE.evidence}
    assert len(rows) == len(WHOLE.evidence) == 2 * len(WHOLE.intervals)
    strongest = rows[500, "gate weights"]
    assert strongest.evidence_nats == pytest.approx(1.3 * made_control.THRESHOLD_NATS, abs=1e-4)
    assert strongest.level == 2
    assert rows[250, "gate weights"].level == 0


def test_a_reading_after_the_last_record_of_an_interval_belongs_to_it() -> None:
    fold = JournalFold(True, TOPOLOGY)
    fold.add([made_control.reading(250, 0.9), made_control.reading(251, 0.2)], 300)
    rows = fold.add([], 500)
    assert [round(row.evidence_nats or 0.0, 1) for row in rows.evidence if row.signal == "gate weights"] == [
        1.8
    ]


def test_evidence_that_is_no_number_is_stored_as_none() -> None:
    fold = JournalFold(True, TOPOLOGY)
    none_yet = Evidence("gate weights", -math.inf, math.inf, Level.STABLE)
    rows = fold.add([Watched(50, (none_yet,))], 250)
    assert [(row.evidence_nats, row.threshold_nats) for row in rows.evidence] == [(None, None)]


def test_worth_is_told_once_an_interval_and_reckoned_up_to_all_records() -> None:
    assert [row.record for row in WHOLE.worth] == [250, 500, 750, 1_000, RECORDS]
    row = WHOLE.worth[1]
    assert row.errors_avoided == pytest.approx(0.1 * 100 * 450 / 100)
    assert row.challenger_records == 500 // 3
    unsampled = JournalFold(True, TOPOLOGY).add([Worth(50, 0, 0, 0.0, 0.0, 0)], 250)
    assert unsampled.worth[0].errors_avoided is None


def test_every_decision_is_an_event_of_one_plain_sentence() -> None:
    decisions = [event for event in WHOLE.events if event.kind is EventKind.DECISION]
    assert [event.message for event in decisions] == [
        "episode 1: gate weights may be drifting, so it is watched",
        "episode 1: gate weights drifted since about record 310; what changed is being found out",
        "episode 1: enough was seen since the alarm to tell what changed",
        "episode 1: covariate and concept drift: challengers (retrain) are trained and tested in the shadow",
        "episode 1: the challenger (renew) is better and takes over",
        "episode 1: rest until a new reference is complete",
        "episode 1: the rest is over and watching goes on as before",
        "episode 2: gate weights may be drifting, so it is watched",
        "episode 2: the signals are calm again, so nothing was done",
    ]


def test_the_fold_knows_where_the_controller_stands() -> None:
    fold = JournalFold(True, TOPOLOGY)
    assert fold.control.phase is None
    fold.add(facts_between(0, 500), 500)
    assert fold.control.phase is Phase.SHADOW
    assert fold.control.decision_counts == {"train challengers": 1}
    assert [evidence.signal for evidence in fold.control.evidence] == ["gate weights", "loss given gate"]
    again = JournalFold(True, TOPOLOGY)
    again.load_state_dict(fold.state_dict())
    assert again.control.state_dict() == fold.control.state_dict()
    assert again.control.worth == fold.control.worth
