"""The controlled part of the flow: evidence -> decision -> action, once every tick.

The champion itself learns from every record whatever happens here. This part watches it, trains challengers
when the evidence says that something broke, and puts one in its place when a test says that it is better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .concept_watch import ConceptWatch
from .controller import Controller, ControllerSettings
from .covariate_watch import CovariateWatch
from .events import Action, Decided, Diagnosis, Drifted, Fact, Level, Phase, Plan, Watched
from .learner import Learner
from .library import Library
from .losses import bounded_errors, graded_losses
from .replay import EvenSample, Kept, RecentRecords, widened
from .shadow import Shadow
from .tick import TICK_RECORDS, Tick
from .worth import WorthCount

__all__ = ["Adaptation"]

Floats = npt.NDArray[np.float64]

RECENT_RECORDS = 10_000
SAMPLED_RECORDS = 2_000
TRIED_RECORDS = 200
WORTH_RECORDS = 250


class Adaptation:
    """Watches a learner and decides, at fixed record counts, what is to replace it.

    Args:
        arl: wanted average number of records between false alarms, of both watches together.
        settings: when to act.
    """

    def __init__(self, arl: float = 10_000, settings: ControllerSettings | None = None) -> None:
        self.controller = Controller(settings)
        self.gates = CovariateWatch(2.0 * arl)
        self.concept = ConceptWatch(2.0 * arl)
        self.shadow = Shadow(horizon_records=self.controller.settings.cool_down_records)
        self.library = Library()
        self.worth = WorthCount()
        self._recent = RecentRecords(RECENT_RECORDS)
        self._sample = EvenSample(SAMPLED_RECORDS)
        self._accepted: dict[str, Any] | None = None
        self._levels = {"gate": Level.STABLE, "concept": Level.STABLE}
        self.is_released = False

    def step(
        self, record: int, tick: Tick, champion: Learner, features: Sequence[str]
    ) -> tuple[list[Fact], Learner]:
        """Watch one tick, decide, act.

        Args:
            record: records seen, those of the tick included.
            tick: its scored records.
            champion: the model in service, which has learned them.
            features: names of the encoded features.

        Returns:
            What happened, and the model in service from here on.
        """
        spread = _deviation(champion)
        loss_N = bounded_errors(tick.error_N, champion.task, spread)
        records = Kept(tick.record_N, tick.x_ND, tick.y_N, loss_N)
        self._recent.add(records)
        self._sample.add(records)
        self.worth.update(tick.record_N, tick.x_ND, tick.y_N, loss_N, spread)
        graded_N = graded_losses(tick.loss_nats_N, tick.error_N, champion.task, spread)
        self.shadow.step(tick.x_ND, tick.y_N, graded_N, spread)
        self.gates.update(record, tick.x_ND, champion, features)
        if self.concept.update(record, tick.x_ND, graded_N, champion):
            self._accept(record, champion)
        watched = self._watch(record, spread)
        facts: list[Fact] = [watched, *self._level_changes(watched)]
        for decision in self.controller.step(watched):
            decision, champion = self._act(decision, watched, champion, spread)
            facts.append(decision)
        if record % WORTH_RECORDS == 0 and self.worth.is_begun:
            facts.append(self.worth.fact(record, self.shadow.records))
        return facts, champion

    def _accept(self, record: int, champion: Learner) -> None:
        """The losses were taken as a reference: this model is the one of an accepted concept."""
        self._accepted = champion.state_dict()
        if not self.worth.is_begun:
            self.worth.begin(record, champion)

    def _watch(self, record: int, spread: float) -> Watched:
        gate, concept, harm = self.gates.evidence, self.concept.evidence, self.concept.harm
        watched = Watched(
            record,
            evidence=(gate, concept),
            gate=gate.level,
            concept=concept.level,
            change_point=self.gates.change_point,
            leaves=self.gates.leaves,
            challengers=self.shadow.verdict,
            is_worse=self.shadow.is_worse,
            is_referenced=self.concept.is_referenced,
            is_released=self.is_released,
        )
        self.is_released = False
        if harm is None:
            return watched
        may_challenge = self.controller.phase not in (Phase.SHADOW, Phase.HELD)
        known = self._known(harm.change_point, spread) if may_challenge else -1
        return replace(
            watched,
            change_point=harm.change_point,
            rise=harm.rise,
            rise_lower=harm.rise_lower,
            leaves=harm.leaves,
            is_local=harm.is_local,
            known=known,
        )

    def _known(self, change_point: int, spread: float) -> int:
        """A stored model that explains the newest records since the change."""
        newest = self._recent.kept().from_record(change_point).chosen(slice(-TRIED_RECORDS, None))
        return self.library.best(newest.x_ND, newest.y_N, newest.loss_N, spread)

    def _level_changes(self, watched: Watched) -> list[Drifted]:
        """A fact for every watch whose level is another one than at the last tick."""
        details = {"gate": self.gates.detail, "concept": self._harm_detail}
        facts = []
        for name, evidence in zip(("gate", "concept"), watched.evidence, strict=True):
            if evidence.level is not self._levels[name]:
                self._levels[name] = evidence.level
                particulars = details[name]() if evidence.level is not Level.STABLE else {}
                facts.append(
                    Drifted(
                        watched.record - 1,
                        evidence.signal,
                        evidence.level,
                        evidence.evidence_nats,
                        {"threshold_nats": evidence.threshold_nats, **particulars},
                    )
                )
        return facts

    def _harm_detail(self) -> dict[str, Any]:
        harm = self.concept.harm
        return {} if harm is None else {**asdict(harm), "leaves": list(harm.leaves)}

    def _act(
        self, decision: Decided, watched: Watched, champion: Learner, spread: float
    ) -> tuple[Decided, Learner]:
        """Do what was decided -> the decision with what came of it, and the model in service."""
        detail = {**decision.detail, "tests": self.shadow.summary()}
        match decision.action:
            case Action.CHALLENGE:
                self._challenge(watched, champion)
            case Action.PROMOTE:
                detail["promoted"] = self.shadow.winner.plan.value
                champion = self.shadow.promote(champion)
            case Action.ROLL_BACK:
                champion = self.shadow.roll_back()
            case Action.DROP:
                self.shadow.drop()
            case Action.REREFERENCE:
                self._rereference(decision.record)
        if decision.before is Phase.COOL_DOWN and decision.after is Phase.NORMAL:
            self.shadow.end_watch()
        return replace(decision, detail=detail), champion

    def _challenge(self, watched: Watched, champion: Learner) -> None:
        plans = self.controller.plans(watched)
        # Asked for first: storing one more may push the longest unused out.
        stored = self.library.model(watched.known) if Plan.RESTORE in plans else None
        if self._accepted is not None:
            self.library.store(self._accepted)
        newer = self._recent.kept().from_record(watched.change_point)
        older = self._still_valid(watched)
        width = champion.num_features
        x_ND = np.concatenate([widened(older.x_ND, width), widened(newer.x_ND, width)])
        self.shadow.begin(
            plans, champion, watched.leaves, (x_ND, np.concatenate([older.y_N, newer.y_N])), stored
        )

    def _still_valid(self, watched: Watched) -> Kept:
        """The sampled records from before a local change that lie in leaves without evidence."""
        older = self._sample.kept().before_record(watched.change_point)
        if not watched.is_local:
            return older.chosen(slice(0, 0))
        return older.chosen(~self.concept.lies_in(older.x_ND, watched.leaves))

    def _rereference(self, record: int) -> None:
        """Covariate drift alone leaves the reference of the losses as it is: it holds given the gates."""
        self.gates.rereference()
        if self.controller.diagnosis is not Diagnosis.COVARIATE:
            self.concept.rereference(record)

    def state_dict(self) -> dict[str, Any]:
        """Everything that decides what comes next."""
        return {
            "controller": self.controller.state_dict(),
            "gates": self.gates.state_dict(),
            "concept": self.concept.state_dict(),
            "shadow": self.shadow.state_dict(),
            "library": self.library.state_dict(),
            "worth": self.worth.state_dict(),
            "recent": self._recent.state_dict(),
            "sample": self._sample.state_dict(),
            "accepted": self._accepted,
            "levels": {name: int(level) for name, level in self._levels.items()},
            "is_released": self.is_released,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a saved state."""
        self.controller.load_state_dict(state["controller"])
        self.gates.load_state_dict(state["gates"])
        self.concept.load_state_dict(state["concept"])
        self.shadow.load_state_dict(state["shadow"])
        self.library.load_state_dict(state["library"])
        self.worth.load_state_dict(state["worth"])
        self._recent.load_state_dict(state["recent"])
        self._sample.load_state_dict(state["sample"])
        self._accepted = state["accepted"]
        self._levels = {name: Level(level) for name, level in state["levels"].items()}
        self.is_released = bool(state["is_released"])


def _deviation(learner: Learner) -> float:
    """Running standard deviation of the target; 1 for classes, and while it has not varied."""
    deviation = float(np.sqrt(max(learner.target_3[2], 0.0)))
    return deviation if learner.task == "regression" and deviation > 0.0 else 1.0


assert WORTH_RECORDS % TICK_RECORDS == 0
