"""Facts that happen now and then as event rows: one sentence for people, particulars for machines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from monitor.journal.schema import EventKind, EventRow
from monitor.plain_values import plain
from stream_hmoe.events import Decided, Drifted, Level, Phase, Restructured

__all__ = ["decision_detail", "decision_event", "drift_event", "restructure_event"]

_WATCHED = ("change_point", "rise", "rise_lower", "leaves", "is_local", "known", "challengers", "evidence")


def decision_event(fact: Decided) -> EventRow:
    """A step of the controller."""
    detail = decision_detail(fact)
    return EventRow(
        record=fact.record,
        kind=EventKind.DECISION,
        message=f"episode {fact.episode}: {_decision_sentence(fact, detail)}",
        detail=json.dumps(detail, allow_nan=False),
    )


def decision_detail(fact: Decided) -> dict[str, Any]:
    """Everything about a decision in one flat JSON object.

    Keys: episode, before, after, action, reason; what comes with the decision: trigger, diagnosis,
    expected_gain, plans, tests; what the controller saw: change_point, rise, rise_lower, leaves, is_local,
    known, challengers, evidence.
    """
    added = plain(fact.detail)
    watched: Mapping[str, Any] = added.pop("watched", {})
    return {
        "episode": fact.episode,
        "before": fact.before.value,
        "after": fact.after.value,
        "action": fact.action.value,
        "reason": fact.reason,
        **{name: watched[name] for name in _WATCHED if name in watched},
        **added,
    }


def drift_event(fact: Drifted) -> EventRow:
    """A signal changed its level."""
    said = {Level.STABLE: "is stable again", Level.WARNING: "may be drifting", Level.DRIFT: "drifted"}
    return EventRow(
        record=fact.record,
        kind=EventKind.DRIFT,
        message=f"{fact.signal} {said[fact.level]}",
        signal=fact.signal,
        level=int(fact.level),
        statistic=float(fact.statistic),
        detail=json.dumps(plain(fact.detail), allow_nan=False),
    )


def restructure_event(fact: Restructured) -> EventRow:
    """The set of leaves changed."""
    leaves = len(fact.topology.leaves)
    # With a family tree the reason tells how many experts live; the topology lists free slots too.
    message = fact.reason if fact.lineage is not None else f"{leaves} experts from here on: {fact.reason}"
    return EventRow(
        record=fact.record,
        kind=EventKind.RESTRUCTURED,
        message=message,
        statistic=float(leaves),
    )


def _decision_sentence(fact: Decided, detail: Mapping[str, Any]) -> str:
    """What the controller does now and why."""
    found = str(detail.get("diagnosis", "the diagnosis is open"))
    match fact.before, fact.after:
        case _, Phase.WARN:
            return f"{_moved(detail, Level.WARNING)} may be drifting, so it is watched"
        case Phase.WARN, Phase.NORMAL:
            return "the signals are calm again, so nothing was done"
        case _, Phase.ALARM:
            return f"{_moved(detail, Level.DRIFT)} drifted{_since(detail)}; what changed is being found out"
        case Phase.ALARM, Phase.DIAGNOSE:
            return "enough was seen since the alarm to tell what changed"
        case Phase.DIAGNOSE, Phase.SHADOW:
            plans = " and ".join(detail.get("plans", [])) or "challengers"
            return f"{found}: challengers ({plans}) are trained and tested in the shadow"
        case Phase.DIAGNOSE, _:
            return f"{found}: {fact.reason}, so the model stays and a new reference is taken"
        case Phase.SHADOW, Phase.PROMOTE:
            return f"{_winner(detail)} is better and takes over"
        case Phase.SHADOW, Phase.DROP:
            return "no challenger is better, so the model stays"
        case _, Phase.ROLL_BACK:
            return "the promoted model is worse than the one before it, which comes back"
        case _, Phase.HELD:
            return f"{fact.reason}: nothing more is done until an operator releases it"
        case _, Phase.COOL_DOWN:
            return "rest until a new reference is complete"
        case Phase.COOL_DOWN, Phase.NORMAL:
            return "the rest is over and watching goes on as before"
        case _:
            return fact.reason


def _moved(detail: Mapping[str, Any], level: Level) -> str:
    evidence: Sequence[Mapping[str, Any]] = detail.get("evidence", [])
    names = [str(entry["signal"]) for entry in evidence if entry["level"] >= level]
    if len(names) > 3:
        names = [*names[:2], f"{len(names) - 2} other signals"]
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]])) or "a watched signal"


def _since(detail: Mapping[str, Any]) -> str:
    record = int(detail.get("change_point", -1))
    return f" since about record {record:,}" if record >= 0 else ""


def _winner(detail: Mapping[str, Any]) -> str:
    if "promoted" in detail:
        return f"the challenger ({detail['promoted']})"
    better = [test for test in detail.get("tests", []) if test.get("verdict") == "better"]
    best = max(better, key=lambda test: float(test.get("evidence_nats", 0.0)), default=None)
    return "a challenger" if best is None else f"the challenger ({best.get('plan', 'unnamed')})"
