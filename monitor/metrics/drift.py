"""What is watched, what was decided about it, and whether the stream goes on."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.metrics.families import Families
from monitor.status import Halt, Status
from stream_hmoe.events import Action, Phase

__all__ = ["MAX_SIGNALS", "collect_control", "collect_drift", "collect_state"]

MAX_SIGNALS = 64
UNDER_WAY = (Phase.SHADOW, Phase.PROMOTE, Phase.DROP, Phase.ROLL_BACK)
ENDED = {
    Action.PROMOTE: ("challenge", "promoted"),
    Action.DROP: ("challenge", "dropped"),
    Action.ROLL_BACK: ("roll_back", "done"),
    Action.REREFERENCE: ("rereference", "done"),
    Action.HOLD: ("hold", "done"),
}


def collect_drift(status: Status, start: Status, families: Families) -> None:
    """Add evidence, levels and drifts of the watched signals; counters count from ``start``."""
    stream = status.stream
    for evidence in status.evidence[:MAX_SIGNALS]:
        families.add("hmoe_drift_score", evidence.evidence_nats, stream=stream, signal=evidence.signal)
        families.add("hmoe_drift_threshold", evidence.threshold_nats, stream=stream, signal=evidence.signal)
    # A signal that was quiet so far counts 0: the first drift must be an increase.
    watched = {evidence.signal: 0 for evidence in status.evidence}
    for signal, level in _first({**watched, **status.levels}).items():
        families.add("hmoe_drift_level", level, stream=stream, signal=signal)
    for signal, count in _first({**watched, **status.drift_counts}).items():
        new = count - start.drift_counts.get(signal, 0)
        families.add("hmoe_drift_detections_total", new, stream=stream, signal=signal)


def collect_control(status: Status, start: Status, families: Families) -> None:
    """Add where the controller stands and what it did; counters count from ``start``."""
    if status.phase is None:
        return
    stream = status.stream
    for phase in Phase:
        families.add("hmoe_controller_phase", phase is status.phase, stream=stream, phase=phase.value)
    families.add("hmoe_adaptation_in_progress", status.phase in UNDER_WAY, stream=stream)
    challenges = _new(Action.CHALLENGE, status, start)
    families.add("hmoe_challenges_total", challenges, stream=stream)
    for ended, (action, result) in ENDED.items():
        count = _new(ended, status, start)
        families.add("hmoe_adaptations_total", count, stream=stream, action=action, result=result)
    for plan, gain in status.advantages.items():
        families.add("hmoe_challenger_advantage", gain, stream=stream, plan=plan)
    if status.worth is not None:
        before = 0 if start.worth is None else start.worth.challenger_records
        families.add("hmoe_challenger_records_total", status.worth.challenger_records - before, stream=stream)


def collect_state(status: Status, families: Families) -> None:
    """Add whether the stream stands still or only the learning does."""
    families.add("hmoe_frozen", status.is_frozen, stream=status.stream)
    kind = (status.halt or Halt.OTHER) if status.halted else None
    for halt in Halt:
        families.add("hmoe_stream_halted", halt is kind, stream=status.stream, reason=halt.value)


def _new(action: Action, status: Status, start: Status) -> int:
    return status.decision_counts.get(action.value, 0) - start.decision_counts.get(action.value, 0)


def _first(values: Mapping[str, int]) -> dict[str, int]:
    return dict(list(values.items())[:MAX_SIGNALS])
