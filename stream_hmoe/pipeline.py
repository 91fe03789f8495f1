"""The whole flow on one page: records in, facts out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from .adaptation import Adaptation
from .estimators import HMoEClassifier, HMoERegressor
from .events import Fact, Restructured, Scored
from .profile import Profile
from .signals import RiverSignals
from .tick import TICK_RECORDS, TickBuffer

__all__ = ["Pipeline"]


class Pipeline:
    """A model, what watches it, and what decides about it.

    The facts depend on the records alone, not on the clock or on how the stream is cut into steps.

    Args:
        model: the learner.
        adaptation: watches, controller and challengers; None leaves the model to itself.
        signals: further River detectors on gates and losses; None for none.
        profile: also tell, every thousand records, what the records were like.
    """

    def __init__(
        self,
        model: HMoEClassifier | HMoERegressor,
        adaptation: Adaptation | None = None,
        signals: RiverSignals | None = None,
        profile: bool = False,
    ) -> None:
        self.model = model
        self.records_seen = 0
        self.adaptation = adaptation
        self._signals = signals
        self._tick = TickBuffer()
        self._profile = Profile() if profile else None

    def step(self, records: Sequence[Mapping[Any, Any]], targets: Sequence[Any]) -> list[Fact]:
        """Predict, score and learn records in order; at fixed record counts watch, decide and act.

        Args:
            records: N records.
            targets: their N targets.

        Returns:
            What was scored (if anything), cut where the set of experts changed; then what else happened, in
            stream order.

        Raises:
            ValueError: there are more records than targets, or fewer; nothing was learned.
        """
        if len(records) != len(targets):
            raise ValueError(f"records and targets go in pairs: got {len(records)} and {len(targets)}")
        scored: list[Scored] = []
        restructured: list[Restructured] = []
        facts: list[Fact] = []
        begin = 0
        while begin < len(records):
            first = self.records_seen
            end = min(len(records), begin + TICK_RECORDS - first % TICK_RECORDS)
            block = self.model.step(records[begin:end], targets[begin:end])
            self.records_seen += end - begin
            self._tick.add(block, first)
            if self._profile is not None:
                self._profile.add(block, first)
            facts += [replace(fact, record=first + fact.record) for fact in block.rejected]
            restructured += [replace(fact, record=first + fact.record) for fact in block.restructured]
            if len(block.scored.record):
                scored.append(replace(block.scored, record=block.scored.record + first))
                facts += [] if self._signals is None else self._signals.update(scored[-1])
            if self.records_seen % TICK_RECORDS == 0:
                facts += self._close_tick()
            begin = end
        return [*_cut(_joined(scored), restructured), *facts] if scored else facts

    def _close_tick(self) -> list[Fact]:
        tick, features = self._tick.take(), self.model.feature_names
        profiled: list[Fact] = []
        if self._profile is not None:
            profiled += self._profile.close_tick(self.records_seen, features)
        if self.adaptation is None or not len(tick.record_N):
            return profiled
        facts, self.model.learner = self.adaptation.step(
            self.records_seen, tick, self.model.learner, features
        )
        return [*profiled, *facts]

    def state_dict(self) -> dict[str, Any]:
        """Everything: with it and the same records the same facts follow."""
        return {
            "records_seen": self.records_seen,
            "model": self.model.state_dict(),
            "tick": self._tick.state_dict(),
            "adaptation": None if self.adaptation is None else self.adaptation.state_dict(),
            "signals": None if self._signals is None else self._signals.state_dict(),
            "profile": None if self._profile is None else self._profile.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a saved state.

        Raises:
            ValueError: it is of a pipeline with other parts; nothing was taken over.
        """
        for name, part in (("adaptation", self.adaptation), ("signals", self._signals)):
            if (part is None) != (state[name] is None):
                has, wanted = ("no ", "") if state[name] is None else ("", "no ")
                raise ValueError(f"the saved pipeline has {has}{name}, this one is to have {wanted}{name}")
        self.model.load_state_dict(state["model"])
        self.records_seen = int(state["records_seen"])
        self._tick.load_state_dict(state["tick"])
        if self.adaptation is not None:
            self.adaptation.load_state_dict(state["adaptation"])
        if self._profile is not None:
            self._profile.begin_at(self.records_seen)
            if state["profile"] is not None:
                self._profile.load_state_dict(state["profile"])
        if self._signals is not None:
            self._signals.begin(self.model.topology)
            self._signals.load_state_dict(state["signals"])


def _joined(scored: Sequence[Scored]) -> Scored:
    """One fact of the scored records of consecutive ticks."""
    return Scored(
        record=np.concatenate([part.record for part in scored]),
        targets=[target for part in scored for target in part.targets],
        predictions=[prediction for part in scored for prediction in part.predictions],
        probabilities=np.concatenate([part.probabilities for part in scored]),
        loss_nats=np.concatenate([part.loss_nats for part in scored]),
        error=np.concatenate([part.error for part in scored]),
        gate_weights=np.concatenate([part.gate_weights for part in scored]),
    )


def _cut(scored: Scored, restructured: Sequence[Restructured]) -> list[Fact]:
    """Scored records and restructurings in order: every part has one meaning of its gate weights."""
    facts: list[Fact] = []
    begin = 0
    for fact in restructured:
        end = int((scored.record < fact.record).sum())
        facts += [_part(scored, begin, end), fact]
        begin = end
    if begin < len(scored.record):
        facts.append(_part(scored, begin, len(scored.record)) if begin else scored)
    return facts


def _part(scored: Scored, begin: int, end: int) -> Scored:
    return Scored(*(getattr(scored, field.name)[begin:end] for field in fields(scored)))
