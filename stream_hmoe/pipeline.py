"""The whole flow on one page: records in, facts out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from river.base import DriftDetector

from .estimators import HMoEClassifier, HMoERegressor
from .events import Fact, Restructured, Scored
from .signals import GateSignals

__all__ = ["Pipeline"]


class Pipeline:
    """A model and what watches its gates.

    The facts depend on the records alone, not on the clock or on how the stream is cut into steps.

    Args:
        model: the learner.
        detector: a River drift detector to watch every gate signal with; the default is ADWIN.
    """

    def __init__(self, model: HMoEClassifier | HMoERegressor, detector: DriftDetector | None = None) -> None:
        self.model = model
        self.records_seen = 0
        self._signals = GateSignals(model.topology, detector)

    def step(self, records: Sequence[Mapping[Any, Any]], targets: Sequence[Any]) -> list[Fact]:
        """Predict, score and learn records in order, then watch the gates.

        Args:
            records: N records.
            targets: their N targets.

        Returns:
            What was scored (if anything), cut where the set of experts changed; what was rejected, and
            which signals changed level.
        """
        first = self.records_seen
        block = self.model.step(records, targets)
        self.records_seen += len(records)
        rejected = [replace(fact, record=first + fact.record) for fact in block.rejected]
        if not len(block.scored.record):
            return [*rejected]
        scored = replace(block.scored, record=block.scored.record + first)
        restructured = [replace(fact, record=first + fact.record) for fact in block.restructured]
        return [
            *_cut(scored, restructured),
            *rejected,
            *self._signals.update(scored.record, scored.gate_weights),
        ]

    def state_dict(self) -> dict[str, Any]:
        """Everything: with it and the same records the same facts follow."""
        return {
            "records_seen": self.records_seen,
            "model": self.model.state_dict(),
            "signals": self._signals.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a saved state."""
        self.records_seen = int(state["records_seen"])
        self.model.load_state_dict(state["model"])
        self._signals.load_state_dict(state["signals"])


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
