"""What all records of a pipeline go through, however they come: the clock, the ticks, the counts.

The clock counts records that are dealt with: learned, held back, rejected or expired. Whatever is watched and
decided happens at fixed counts of it, so that no cut of the stream into steps changes anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .adaptation import Adaptation
from .estimators import HMoEClassifier, HMoERegressor
from .events import Drifted, Fact, Predicted, Rejected, Restructured, Scored
from .profile import Profile
from .signals import RiverSignals
from .tick import TICK_RECORDS, ObservedBuffer, Tick, TickBuffer
from .waiting import WaitingRows

__all__ = ["Flow", "Passed", "Tally"]

Floats = npt.NDArray[np.float64]


@dataclass(slots=True)
class Tally:
    """The counts of an ``Account`` that only grow; what waits is counted where it waits."""

    received: int = 0
    learned: int = 0
    held_back: int = 0
    expired: int = 0
    rejected: int = 0
    duplicates: int = 0
    labels_received: int = 0
    labels_joined: int = 0
    labels_duplicate: int = 0
    labels_corrected: int = 0
    labels_unmatched: int = 0
    labels_rejected: int = 0
    label_delay_seconds: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Passed:
    """What became of a block of examples.

    Args:
        rejected: those that could not be used.
        scored: the others; None if there are none.
        restructured: changes of the set of experts among them.
        drifted: what the River detectors say.
        decided: what came of the tick, if it is over.
    """

    rejected: Sequence[Rejected]
    scored: Scored | None
    restructured: Sequence[Restructured]
    drifted: Sequence[Drifted]
    decided: Sequence[Fact]


class Flow:
    """The model with what watches it and decides about it, at one place of the stream.

    Args:
        model: the learner.
        adaptation: watches, controller and challengers; None for none.
        signals: further River detectors; None for none.
        waiting: the records that wait for their labels.
        profile: tells what the records were like; None for none.
    """

    def __init__(
        self,
        model: HMoEClassifier | HMoERegressor,
        adaptation: Adaptation | None,
        signals: RiverSignals | None,
        waiting: WaitingRows,
        profile: Profile | None,
    ) -> None:
        self.model = model
        self.adaptation = adaptation
        self.signals = signals
        self.waiting = waiting
        self.profile = profile
        self.records_seen = 0
        self.is_frozen = False
        self.tally = Tally()
        self._tick = TickBuffer()
        self._observed = ObservedBuffer()

    @property
    def until_tick(self) -> int:
        """Records from now until the tick is over."""
        return TICK_RECORDS - self.records_seen % TICK_RECORDS

    @property
    def is_tick_over(self) -> bool:
        """The clock has come to the end of a tick."""
        return self.records_seen % TICK_RECORDS == 0

    def pass_examples(self, records: Sequence[Mapping[Any, Any]], targets: Sequence[Any]) -> Passed:
        """Predict and score records of one tick, and learn them unless the model is frozen.

        Args:
            records: N records, at least one, no more than ``until_tick``.
            targets: their N targets.
        """
        first, is_learned = self.records_seen, not self.is_frozen
        through, topology = self.model.step if is_learned else self.model.score, self.model.topology
        block = through(records, targets)
        for change in block.restructured:
            self.waiting.carry_over(change, topology)
            topology = change.topology
        self.records_seen += len(records)
        self._tick.add(block, first, is_learned=is_learned)
        if self.profile is not None:
            self.profile.add(block, first)
        count, rejected = len(block.scored.record), len(block.rejected)
        self.tally.received += len(records)
        self.tally.rejected += rejected
        self.tally.learned += count if is_learned else 0
        self.tally.held_back += 0 if is_learned else count
        scored = replace(block.scored, record=block.scored.record + first) if count else None
        return Passed(
            rejected=[replace(fact, record=first + fact.record) for fact in block.rejected],
            scored=scored,
            restructured=[replace(fact, record=first + fact.record) for fact in block.restructured],
            drifted=self.look_at(scored) if scored is not None else [],
            decided=self.close_tick() if self.is_tick_over else [],
        )

    def look_at(self, scored: Scored) -> Sequence[Drifted]:
        """Let the River detectors see scored records -> what they say."""
        return [] if self.signals is None else self.signals.update(scored)

    def add_late(self, facts: Sequence[Predicted | Scored | Restructured], rows: Tick) -> None:
        """Records that were scored when their label came.

        Args:
            facts: what was said of them, and changes of the set of experts among them.
            rows: the same records, for those who watch.
        """
        self._tick.add_rows(rows)
        if self.profile is None:
            return
        begin = 0
        for fact in facts:
            if isinstance(fact, Restructured):
                self.profile.note_changes([fact.record])
            elif isinstance(fact, Scored):
                end = begin + len(fact.record)
                self.profile.add_scored(fact, rows.x_ND[begin:end])
                begin = end

    def close_tick(self) -> list[Fact]:
        """Watch, decide and act on the records of the tick."""
        tick, features = self._tick.take(), self.model.feature_names
        profiled = [] if self.profile is None else self.profile.close_tick(self.records_seen, features)
        if self.adaptation is None or not len(tick.record_N):
            return [*profiled]
        facts, self.model.learner = self.adaptation.step(
            self.records_seen, tick, self.model.learner, features, is_frozen=self.is_frozen
        )
        return [*profiled, *facts]

    @property
    def until_observed(self) -> int:
        """Observations until the watch over the gates looks at them."""
        return TICK_RECORDS - len(self._observed)

    def add_observed(self, x_ND: Floats) -> list[Fact]:
        """Observations that were predicted, no more than ``until_observed`` -> what the gates say."""
        if self.adaptation is None:
            return []
        self._observed.add(x_ND)
        if len(self._observed) < TICK_RECORDS:
            return []
        x_ND, features = self._observed.take(), self.model.feature_names
        return self.adaptation.observe(self.records_seen, x_ND, self.model.learner, features)

    def state_dict(self) -> dict[str, Any]:
        """Everything that decides what comes next."""
        return {
            "records_seen": self.records_seen,
            "model": self.model.state_dict(),
            "tick": self._tick.state_dict(),
            "adaptation": None if self.adaptation is None else self.adaptation.state_dict(),
            "signals": None if self.signals is None else self.signals.state_dict(),
            "profile": None if self.profile is None else self.profile.state_dict(),
            "is_frozen": self.is_frozen,
            "tally": asdict(self.tally),
            "observed": self._observed.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a saved state.

        Raises:
            ValueError: it is of a pipeline with other parts; nothing was taken over.
        """
        for name, part in (("adaptation", self.adaptation), ("signals", self.signals)):
            if (part is None) != (state[name] is None):
                has, wanted = ("no ", "") if state[name] is None else ("", "no ")
                raise ValueError(f"the saved pipeline has {has}{name}, this one is to have {wanted}{name}")
        self.model.load_state_dict(state["model"])
        self.records_seen = int(state["records_seen"])
        self._tick.load_state_dict(state["tick"])
        if self.adaptation is not None:
            self.adaptation.load_state_dict(state["adaptation"])
        if self.signals is not None:
            self.signals.begin(self.model.topology)
            self.signals.load_state_dict(state["signals"])
        self._load_later_parts(state)

    def _load_later_parts(self, state: Mapping[str, Any]) -> None:
        """What states of earlier versions do not have: of their records only the number is known."""
        self.is_frozen = bool(state.get("is_frozen", False))
        earlier = {"received": self.records_seen, "learned": self.records_seen}
        known = {field.name for field in fields(Tally)}
        counts = state.get("tally", earlier)
        self.tally = Tally(**{name: count for name, count in counts.items() if name in known})
        if self.profile is not None:
            self.profile.begin_at(self.records_seen)
            if state.get("profile") is not None:
                self.profile.load_state_dict(state["profile"])
        self._observed = ObservedBuffer()
        if "observed" in state:
            self._observed.load_state_dict(state["observed"])
