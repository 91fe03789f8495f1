"""What to do about drift: a pure state machine, from what is watched to what is asked for.

Drift never replaces the model. It starts challengers, which must win a paired test; a promotion is
watched and can be undone; and acting must be worth it. Timers count records, so that the same
readings always give the same decisions.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from .events import Action, Decided, Diagnosis, Level, Order, Phase, Plan, Verdict, Watched

__all__ = ["TRANSITIONS", "Controller", "ControllerSettings", "Trigger"]


class Trigger(enum.StrEnum):
    """What moves the controller from one phase to the next."""

    WARNING = "a signal is at its warning level"
    CALM = "the signals are calm again"
    ALARM = "a signal reached its threshold"
    SETTLED = "enough records since the alarm to tell what changed"
    BENIGN = "the losses given the gates have not risen"
    NOT_WORTH_IT = "acting would cost more than it can bring"
    EXHAUSTED = "too many challengers lately"
    HARMFUL = "the losses given the gates have risen"
    BETTER = "a challenger is better, at the level that was asked for"
    NOT_BETTER = "no challenger is better"
    DONE = "done"
    WORSE = "the promoted model is worse than the one it replaced"
    TRIPPED = "too many promotions in a row were taken back"
    RESTED = "the cool-down is over and the new reference is complete"
    RELEASED = "released by an operator"
    RETRAIN_ORDERED = "an operator ordered a new model to be trained"
    PROMOTE_ORDERED = "an operator ordered the leading challenger to take over"
    ROLL_BACK_ORDERED = "an operator ordered the former champion back"


P, T = Phase, Trigger
TRANSITIONS: Mapping[tuple[Phase, Trigger], tuple[Phase, Action]] = {
    (P.NORMAL, T.WARNING): (P.WARN, Action.NONE),
    (P.NORMAL, T.ALARM): (P.ALARM, Action.NONE),
    (P.WARN, T.CALM): (P.NORMAL, Action.NONE),
    (P.WARN, T.ALARM): (P.ALARM, Action.NONE),
    (P.ALARM, T.SETTLED): (P.DIAGNOSE, Action.NONE),
    (P.DIAGNOSE, T.BENIGN): (P.COOL_DOWN, Action.REREFERENCE),
    (P.DIAGNOSE, T.NOT_WORTH_IT): (P.COOL_DOWN, Action.REREFERENCE),
    (P.DIAGNOSE, T.EXHAUSTED): (P.COOL_DOWN, Action.REREFERENCE),
    (P.DIAGNOSE, T.HARMFUL): (P.SHADOW, Action.CHALLENGE),
    (P.SHADOW, T.BETTER): (P.PROMOTE, Action.PROMOTE),
    (P.SHADOW, T.NOT_BETTER): (P.DROP, Action.DROP),
    (P.PROMOTE, T.DONE): (P.COOL_DOWN, Action.REREFERENCE),
    (P.DROP, T.DONE): (P.COOL_DOWN, Action.REREFERENCE),
    (P.COOL_DOWN, T.WORSE): (P.ROLL_BACK, Action.ROLL_BACK),
    (P.COOL_DOWN, T.ALARM): (P.ALARM, Action.NONE),
    (P.COOL_DOWN, T.RESTED): (P.NORMAL, Action.NONE),
    (P.ROLL_BACK, T.DONE): (P.COOL_DOWN, Action.REREFERENCE),
    (P.ROLL_BACK, T.TRIPPED): (P.HELD, Action.HOLD),
    (P.HELD, T.RELEASED): (P.COOL_DOWN, Action.REREFERENCE),
    (P.NORMAL, T.RETRAIN_ORDERED): (P.SHADOW, Action.CHALLENGE),
    (P.WARN, T.RETRAIN_ORDERED): (P.SHADOW, Action.CHALLENGE),
    (P.COOL_DOWN, T.RETRAIN_ORDERED): (P.SHADOW, Action.CHALLENGE),
    (P.SHADOW, T.PROMOTE_ORDERED): (P.PROMOTE, Action.PROMOTE),
    (P.ALARM, T.ROLL_BACK_ORDERED): (P.ROLL_BACK, Action.ROLL_BACK),
    (P.DIAGNOSE, T.ROLL_BACK_ORDERED): (P.ROLL_BACK, Action.ROLL_BACK),
    (P.COOL_DOWN, T.ROLL_BACK_ORDERED): (P.ROLL_BACK, Action.ROLL_BACK),
}
_ORDERED: Mapping[Order, Trigger] = {
    Order.RETRAIN: T.RETRAIN_ORDERED,
    Order.PROMOTE: T.PROMOTE_ORDERED,
    Order.ROLL_BACK: T.ROLL_BACK_ORDERED,
}


@dataclass(frozen=True, slots=True)
class ControllerSettings:
    """When to act.

    Args:
        settle_records: records between an alarm and the diagnosis.
        patience_records: records within which harm must prove to be worth acting on.
        cool_down_records: records of rest after every episode; doubled after each rollback in a row.
        horizon_records: records over which a better model is expected to pay.
        challenge_cost: what training and testing challengers costs, in units of the watched loss.
        challenges: most challenges within ``allowance_records``.
        allowance_records: see ``challenges``.
        rollbacks: rollbacks in a row after which the controller holds.
    """

    settle_records: int = 200
    patience_records: int = 800
    cool_down_records: int = 1_000
    horizon_records: int = 5_000
    challenge_cost: float = 10.0
    challenges: int = 10
    allowance_records: int = 100_000
    rollbacks: int = 2

    def __post_init__(self) -> None:
        least = {"settle_records": 0, "patience_records": 0, "cool_down_records": 1, "horizon_records": 1}
        for name, value in {**least, "challenges": 0, "allowance_records": 1, "rollbacks": 1}.items():
            if getattr(self, name) < value:
                raise ValueError(f"{name}: got {getattr(self, name)}; it must be at least {value}")


class Controller:
    """Turns what is watched into decisions; knows nothing but what it is told.

    Args:
        settings: when to act.
    """

    def __init__(self, settings: ControllerSettings | None = None) -> None:
        self.settings = settings or ControllerSettings()
        self.phase = Phase.NORMAL
        self.episode = 0
        self.diagnosis = Diagnosis.NONE
        self._entered_record = 0
        self._rollbacks = 0
        self._was_promoted = False
        self._saw_gate = False
        self._saw_concept = False
        self._challenges: list[int] = []

    def step(self, watched: Watched) -> list[Decided]:
        """Move on as far as this moment's readings go -> the decisions, in order.

        An order goes before what the readings say. While the model is frozen nothing else is decided: what
        was an alarm then still is when it learns again.

        Args:
            watched: the readings at a fixed record count; counts must not go back.
        """
        if watched.is_frozen and watched.order is None:
            return []
        if self.phase in (Phase.WARN, Phase.ALARM, Phase.DIAGNOSE):
            self._saw_gate |= watched.gate is Level.DRIFT
            self._saw_concept |= watched.concept is Level.DRIFT
        decisions: list[Decided] = []
        if watched.order is not None and self.takes(watched.order):
            decisions.append(self._go(_ORDERED[watched.order], watched))
        while (trigger := self._trigger(watched)) is not None:
            decisions.append(self._go(trigger, watched))
        return decisions

    def takes(self, order: Order) -> bool:
        """Whether the present phase is one in which the order can be taken."""
        return order in _ORDERED and (self.phase, _ORDERED[order]) in TRANSITIONS

    def _trigger(self, watched: Watched) -> Trigger | None:
        rested = watched.record - self._entered_record
        match self.phase:
            case Phase.NORMAL | Phase.WARN if watched.level is Level.DRIFT:
                return Trigger.ALARM
            case Phase.NORMAL:
                return Trigger.WARNING if watched.level is Level.WARNING else None
            case Phase.WARN:
                return Trigger.CALM if watched.level is Level.STABLE else None
            case Phase.ALARM:
                return Trigger.SETTLED if rested >= self.settings.settle_records else None
            case Phase.DIAGNOSE:
                return self._judge(watched, rested)
            case Phase.SHADOW:
                tested = {Verdict.BETTER: Trigger.BETTER, Verdict.NOT_BETTER: Trigger.NOT_BETTER}
                return tested.get(watched.challengers)
            case Phase.PROMOTE | Phase.DROP:
                return Trigger.DONE
            case Phase.COOL_DOWN:
                if watched.is_worse and self._was_promoted:
                    return Trigger.WORSE
                if watched.concept is Level.DRIFT and rested > 0:
                    return Trigger.ALARM
                is_over = rested >= self._cool_down_records and watched.is_referenced
                return Trigger.RESTED if is_over else None
            case Phase.ROLL_BACK:
                return Trigger.TRIPPED if self._rollbacks >= self.settings.rollbacks else Trigger.DONE
            case _:
                # A release that was asked for before there was a hold does not end it.
                return Trigger.RELEASED if watched.is_released and rested > 0 else None

    def _judge(self, watched: Watched, rested: int) -> Trigger | None:
        """Whether to act: only on harm, only where it pays, and not without end; None: not clear yet."""
        self.diagnosis = self._diagnose(watched)
        if self.diagnosis in (Diagnosis.NONE, Diagnosis.COVARIATE):
            return Trigger.BENIGN
        if watched.rise_lower * self.settings.horizon_records < self.settings.challenge_cost:
            return Trigger.NOT_WORTH_IT if rested >= self.settings.patience_records else None
        since = watched.record - self.settings.allowance_records
        self._challenges = [record for record in self._challenges if record > since]
        return Trigger.HARMFUL if len(self._challenges) < self.settings.challenges else Trigger.EXHAUSTED

    def _diagnose(self, watched: Watched) -> Diagnosis:
        if self._saw_concept and self._saw_gate:
            return Diagnosis.BOTH
        if self._saw_concept:
            return Diagnosis.LOCAL if watched.is_local else Diagnosis.GLOBAL
        return Diagnosis.COVARIATE if self._saw_gate else Diagnosis.NONE

    def _go(self, trigger: Trigger, watched: Watched) -> Decided:
        before = self.phase
        self.phase, action = TRANSITIONS[before, trigger]
        self._entered_record = watched.record
        if before is Phase.NORMAL or (
            before is Phase.COOL_DOWN and trigger in (Trigger.ALARM, Trigger.RETRAIN_ORDERED)
        ):
            self.episode += 1
            self._saw_gate, self._saw_concept = False, False
            self.diagnosis = Diagnosis.NONE
        if self.phase is Phase.ALARM:
            self._saw_gate |= watched.gate is Level.DRIFT
            self._saw_concept |= watched.concept is Level.DRIFT
        if action is Action.CHALLENGE:
            self._challenges.append(watched.record)
        self._count_rollbacks(trigger)
        detail: dict[str, Any] = {"trigger": trigger.name.lower(), "watched": watched.to_json()}
        if before is Phase.DIAGNOSE:
            detail["diagnosis"] = self.diagnosis.value
            detail["expected_gain"] = watched.rise_lower * self.settings.horizon_records
        if action is Action.CHALLENGE:
            detail["plans"] = [plan.value for plan in self.plans(watched)]
        return Decided(watched.record, self.episode, before, self.phase, action, trigger.value, detail)

    def _count_rollbacks(self, trigger: Trigger) -> None:
        match trigger:
            case Trigger.BETTER | Trigger.PROMOTE_ORDERED:
                self._was_promoted = True
            case Trigger.WORSE | Trigger.ROLL_BACK_ORDERED:
                self._rollbacks += 1
                self._was_promoted = False
            case Trigger.RESTED:
                self._rollbacks = 0 if self._was_promoted else self._rollbacks
                self._was_promoted = False
            case Trigger.RELEASED:
                self._rollbacks = 0

    @property
    def _cool_down_records(self) -> int:
        return int(self.settings.cool_down_records * 2**self._rollbacks)

    def plans(self, watched: Watched) -> tuple[Plan, ...]:
        """How challengers are made: cheap ones for local harm, a new model for all else, or as ordered."""
        if watched.order is Order.RETRAIN:
            return (Plan.RETRAIN,)
        if watched.known >= 0:
            return (Plan.RESTORE, Plan.RETRAIN)
        return (Plan.QUICKEN, Plan.RENEW) if self.diagnosis is Diagnosis.LOCAL else (Plan.RETRAIN,)

    def state_dict(self) -> dict[str, Any]:
        """Everything that decides what comes next."""
        return {
            "settings": asdict(self.settings),
            "phase": self.phase.value,
            "episode": self.episode,
            "diagnosis": self.diagnosis.value,
            "entered_record": self._entered_record,
            "rollbacks": self._rollbacks,
            "was_promoted": self._was_promoted,
            "saw_gate": self._saw_gate,
            "saw_concept": self._saw_concept,
            "challenges": list(self._challenges),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a saved state, settings included."""
        self.settings = replace(self.settings, **state["settings"])
        self.phase = Phase(state["phase"])
        self.episode = int(state["episode"])
        self.diagnosis = Diagnosis(state["diagnosis"])
        self._entered_record = int(state["entered_record"])
        self._rollbacks = int(state["rollbacks"])
        self._was_promoted = bool(state["was_promoted"])
        self._saw_gate = bool(state["saw_gate"])
        self._saw_concept = bool(state["saw_concept"])
        self._challenges = [int(record) for record in state["challenges"]]
