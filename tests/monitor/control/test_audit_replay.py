"""The controller decides again on what an audit says was seen, and comes to the same."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.audit_log import AuditLog
from monitor.control.audit_replay import audit_lines, compare_lines, replay
from stream_hmoe.controller import ControllerSettings
from stream_hmoe.events import Decided, Order, Verdict, Watched
from stream_hmoe.pipeline import Pipeline
from tests.monitor.journal.made_control import decided, reading
from tests.stream_hmoe.drifting import adaptation, model, stream

SETTINGS = ControllerSettings(settle_records=100, cool_down_records=150, rollbacks=1, challenges=2)

moments = st.builds(
    replace,
    st.builds(reading, st.just(0), st.sampled_from([0.1, 0.7, 1.2]), st.sampled_from([0.1, 1.2])),
    rise_lower=st.sampled_from([0.0, 0.1, float("nan")]),
    is_local=st.booleans(),
    known=st.sampled_from([-1, 2]),
    challengers=st.sampled_from(list(Verdict)),
    is_worse=st.booleans(),
    is_referenced=st.booleans(),
    is_released=st.booleans(),
    order=st.sampled_from([None, None, Order.RETRAIN, Order.PROMOTE, Order.ROLL_BACK]),
    is_frozen=st.booleans(),
)


def audit_of(watched: list[Watched]) -> list[str]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "audit.jsonl"
        with AuditLog(path, None) as log:
            log.begin(SETTINGS)
            log.add(decided(watched, SETTINGS))
        return audit_lines(path)


@settings(max_examples=60)
@given(st.lists(moments, max_size=40))
def test_whatever_is_seen_the_decisions_come_again(seen: list[Watched]) -> None:
    lines = audit_of([replace(watched, record=50 * (n + 1)) for n, watched in enumerate(seen)])
    found = replay(lines)
    assert found.is_same, found.difference
    assert found.decisions == sum(json.loads(line)["kind"] == "decided" for line in lines)


def test_the_decisions_of_orders_come_again(tmp_path: Path) -> None:
    """Of a run on which an operator trained, promoted and took back, frozen in between."""
    records, running = stream("classification", 3_200), Pipeline(model(), adaptation(settings=SETTINGS))
    orders = {
        2_020: Order.RETRAIN,
        2_100: Order.FREEZE,
        2_190: Order.UNFREEZE,
        2_730: Order.PROMOTE,
        2_790: Order.ROLL_BACK,
    }
    made = 0
    with AuditLog(tmp_path / "audit.jsonl", None) as log:
        log.begin(SETTINGS)
        for end, order in [*orders.items(), (3_200, None)]:
            facts = running.step(*records.part(running.records_seen, end))
            made += sum(isinstance(fact, Decided) for fact in facts)
            log.add(facts)
            if order is not None:
                running.order(order)
    found = replay(audit_lines(tmp_path / "audit.jsonl"))
    assert found.is_same, found.difference
    assert found.decisions == made >= 5


def test_what_is_still_being_written_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    lines = audit_of([reading(50, 0.7)])
    path.write_text("\n".join(lines) + "\n" + lines[-1][:20])
    assert audit_lines(path) == lines


def test_an_empty_audit_is_not_the_same_as_a_good_one() -> None:
    assert "settings" in replay([]).difference


def test_two_audits_differ_where_a_value_does() -> None:
    one, other = audit_of([reading(50, 0.7)]), audit_of([reading(50, 0.8)])
    assert compare_lines(one, one) == ""
    assert compare_lines(one, other).startswith("line 2: payload.evidence was recorded as")
    assert "3 lines" in compare_lines(one, one[:-1])
