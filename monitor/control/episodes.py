"""Episodes of control: from the first warning or alarm after a calm time until the controller rests again."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest
from typing import Any

import pandas as pd

from monitor.journal.schema import EventKind
from stream_hmoe.events import Action, Level, Phase

__all__ = ["Episode", "Step", "episodes_of", "metric_at", "steps_of"]

_IN_SHORT = {
    "benign": "no harm was done",
    "not_worth_it": "acting was not worth it",
    "exhausted": "too many challengers lately",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One decision of the controller.

    Args:
        record: records seen when it was made.
        sentence: what was decided and why.
        detail: the particulars of its event.
    """

    record: int
    sentence: str
    detail: Mapping[str, Any]

    @property
    def after(self) -> Phase:
        """The phase that was entered."""
        return Phase(self.detail["after"])


@dataclass(frozen=True, slots=True)
class Episode:
    """A drift, or what looked like one, and what was done about it.

    Args:
        number: 1 for the first of the stream.
        begin: records seen at its first decision.
        alarm: records seen at the alarm; None when it stayed a warning.
        end: records seen when the controller was at rest again; None while it is under way.
        phase: where the controller stood after its last decision.
        change_point: record at which the change began, as estimated; None without an estimate.
        signals: what moved, the first alarm first.
        evidence: the strongest evidence of each signal up to the diagnosis, with its threshold.
        leaves: the experts that the evidence points at.
        features: the features that it points at.
        moves: leaves whose share of the records moved: leaf, before, after, features and their shifts.
        diagnosis: what kind of change it was; empty before it is known.
        rise: mean rise of the loss since the change; None before the diagnosis.
        rise_lower: its lower confidence bound.
        expected_gain: losses that acting was expected to save; None before the diagnosis.
        plans: how the challengers were made.
        tests: the paired tests: plan, verdict, evidence_nats, threshold_nats, records, mean_gain.
        action: what was done.
        outcome: what came of it.
        steps: every decision.
        metric_before: the metric's window before the change; None where the journal does not reach.
        metric_at_alarm: the same at the alarm.
        metric_after: the same at the end, or now.
    """

    number: int
    begin: int
    alarm: int | None
    end: int | None
    phase: str
    change_point: int | None
    signals: tuple[str, ...]
    evidence: tuple[Mapping[str, Any], ...]
    leaves: tuple[str, ...]
    features: tuple[str, ...]
    moves: tuple[Mapping[str, Any], ...]
    diagnosis: str
    rise: float | None
    rise_lower: float | None
    expected_gain: float | None
    plans: tuple[str, ...]
    tests: tuple[Mapping[str, Any], ...]
    action: str
    outcome: str
    steps: tuple[Step, ...]
    metric_before: float | None
    metric_at_alarm: float | None
    metric_after: float | None


def episodes_of(events: pd.DataFrame, intervals: pd.DataFrame, evidence: pd.DataFrame) -> list[Episode]:
    """The episodes of a journal, oldest first; one whose beginning is not among the events is left out.

    Args:
        events: the journal's events, decisions and drifts at least.
        intervals: the journal's intervals: record and metric_window.
        evidence: the journal's evidence; without it only what the decisions themselves say of it is known.
    """
    steps = steps_of(events)
    drifts = events[(events["kind"] == EventKind.DRIFT.value) & (events["level"] == int(Level.DRIFT))]
    found = [list(group) for _, group in groupby(steps, key=lambda step: step.detail["episode"])]
    next_begins = [group[0].record for group in found[1:]]
    whole = [(group, end) for group, end in zip_longest(found, next_begins) if _is_whole(group)]
    return [_episode(group, end, drifts, intervals, evidence) for group, end in whole]


def _is_whole(steps: Sequence[Step]) -> bool:
    """It begins in calm, or with harm that was seen while the one before cooled down."""
    before, after = steps[0].detail["before"], steps[0].after
    return before == Phase.NORMAL or (before == Phase.COOL_DOWN and after is Phase.ALARM)


def steps_of(events: pd.DataFrame) -> list[Step]:
    """The decisions among events, in their order."""
    chosen = events[events["kind"] == EventKind.DECISION.value]
    columns = (chosen[name].tolist() for name in ("record", "message", "detail"))
    return [
        Step(int(record), message, json.loads(detail))
        for record, message, detail in zip(*columns, strict=True)
    ]


def metric_at(intervals: pd.DataFrame, record: int | None, is_before: bool = False) -> float | None:
    """The metric's window when ``record`` records were seen, or of the last interval that ended before.

    Args:
        intervals: record and metric_window, oldest first.
        record: None gives None.
        is_before: take the last interval that holds nothing from ``record`` on.
    """
    if record is None:
        return None
    chosen = (
        intervals[intervals["record"] <= record] if is_before else intervals[intervals["record"] >= record]
    )
    if chosen.empty:
        return None
    value = chosen["metric_window"].iloc[-1 if is_before else 0]
    return None if pd.isna(value) else float(value)


def _episode(
    steps: Sequence[Step],
    next_begin: int | None,
    drifts: pd.DataFrame,
    intervals: pd.DataFrame,
    evidence: pd.DataFrame,
) -> Episode:
    alarm = next((step.record for step in steps if step.after is Phase.ALARM), None)
    end = steps[-1].record if steps[-1].after is Phase.NORMAL else next_begin
    told = _newest(steps)
    judged = next((step.detail for step in steps if step.detail["before"] == Phase.DIAGNOSE), {})
    begin = steps[0].record
    own = drifts[(drifts["record"] >= begin - 1) & (drifts["record"] < (end or math.inf))]
    change = int(told.get("change_point", -1))
    onset = change if change >= 0 else begin
    last = int(intervals["record"].iloc[-1]) if len(intervals) else None
    strongest = _strongest(steps, evidence)
    return Episode(
        number=int(steps[0].detail["episode"]),
        begin=begin,
        alarm=alarm,
        end=end,
        phase=steps[-1].after.value,
        change_point=change if change >= 0 else None,
        signals=_signals(strongest, own),
        evidence=strongest,
        leaves=tuple(told.get("leaves", ())),
        features=_features(own),
        moves=_moves(own),
        diagnosis=str(judged.get("diagnosis", "")),
        rise=_number(judged.get("rise")),
        rise_lower=_number(judged.get("rise_lower")),
        expected_gain=_number(judged.get("expected_gain")),
        plans=tuple(judged.get("plans", ())),
        tests=_tests(steps),
        action=_action(steps, judged),
        outcome=_outcome(steps, judged),
        steps=tuple(steps),
        metric_before=metric_at(intervals, onset, is_before=True),
        metric_at_alarm=metric_at(intervals, alarm),
        metric_after=metric_at(intervals, last if end is None or last is None else min(end, last)),
    )


def _until_diagnosis(steps: Sequence[Step]) -> Sequence[Step]:
    """The steps up to the diagnosis, all of them if there is none."""
    number = next((n for n, step in enumerate(steps) if step.detail["before"] == Phase.DIAGNOSE), len(steps))
    return steps[: number + 1]


def _newest(steps: Sequence[Step]) -> dict[str, Any]:
    """What is known of the change up to the diagnosis: of each item the newest that says anything."""
    told: dict[str, Any] = {}
    for step in _until_diagnosis(steps):
        for name in ("change_point", "leaves"):
            value = step.detail.get(name)
            if value not in (None, -1, []):
                told[name] = value
    return told


def _strongest(steps: Sequence[Step], evidence: pd.DataFrame) -> tuple[Mapping[str, Any], ...]:
    """Of every signal the entry that exceeds its threshold most, up to the diagnosis."""
    told = _until_diagnosis(steps)
    first, last = told[0].record, told[-1].record
    ends = evidence["record"][evidence["record"] >= last]
    within = evidence[evidence["record"].between(first, ends.min() if len(ends) else last)]
    columns = ["signal", "evidence_nats", "threshold_nats", "level"]
    entries: list[Mapping[str, Any]] = [entry for step in told for entry in step.detail.get("evidence", [])]
    entries += [dict(zip(columns, row, strict=True)) for row in within[columns].dropna().to_numpy().tolist()]
    best: dict[str, Mapping[str, Any]] = {}
    for entry in entries:
        if not math.isfinite(_excess(entry)):
            continue
        found = best.get(entry["signal"])
        if found is None or _excess(entry) > _excess(found):
            best[entry["signal"]] = entry
    return tuple(best.values())


def _excess(entry: Mapping[str, Any]) -> float:
    return float(entry["evidence_nats"]) - float(entry["threshold_nats"])


def _signals(evidence: Sequence[Mapping[str, Any]], drifts: pd.DataFrame) -> tuple[str, ...]:
    drifted = [str(entry["signal"]) for entry in evidence if entry["level"] >= Level.DRIFT]
    warned = [str(entry["signal"]) for entry in evidence if entry["level"] == Level.WARNING]
    return tuple(dict.fromkeys([*drifts["signal"].tolist(), *drifted])) or tuple(warned)


def _features(drifts: pd.DataFrame) -> tuple[str, ...]:
    found = [json.loads(detail).get("features", ()) for detail in drifts["detail"].tolist()]
    return tuple(dict.fromkeys(str(name) for names in found for name in names))


def _moves(drifts: pd.DataFrame) -> tuple[Mapping[str, Any], ...]:
    """The newest account of which leaves moved."""
    found = [json.loads(detail).get("moves", ()) for detail in drifts["detail"].tolist()]
    return tuple(next((moves for moves in reversed(found) if moves), ()))


def _tests(steps: Sequence[Step]) -> tuple[Mapping[str, Any], ...]:
    found = [step.detail["tests"] for step in steps if step.detail.get("tests")]
    return tuple(found[0]) if found else ()


def _action(steps: Sequence[Step], judged: Mapping[str, Any]) -> str:
    """What was done, in a few words."""
    asked = [step.detail["action"] for step in steps]
    if Action.CHALLENGE.value in asked:
        return f"challengers: {', '.join(judged.get('plans', ())) or 'trained'}"
    if judged:
        return "new reference"
    return "watched"


def _outcome(steps: Sequence[Step], judged: Mapping[str, Any]) -> str:
    """What came of it, in a few words."""
    entered = {step.after for step in steps}
    if Phase.HELD in entered:
        return "held: promotions were taken back too often"
    if Phase.ROLL_BACK in entered:
        return "promoted, then taken back"
    if Phase.PROMOTE in entered:
        return "promoted" if Phase.NORMAL in entered else "promoted, still watched"
    if Phase.DROP in entered:
        return "no challenger was better, the model stayed"
    if Phase.COOL_DOWN in entered:
        return f"the model stayed: {_IN_SHORT.get(str(judged.get('trigger')), judged['reason'])}"
    if Phase.NORMAL in entered:
        return "calm again by itself"
    return f"under way: {steps[-1].after.value}"


def _number(value: float | str | None) -> float | None:
    return None if value is None else float(value)
