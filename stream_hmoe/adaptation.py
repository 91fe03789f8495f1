"""The controlled part of the flow: evidence -> decision -> action, once every tick.

The champion itself learns from every record whatever happens here. This part watches it, trains challengers
when the evidence says that something broke, and puts one in its place when a test says that it is better.

While the model is frozen both watches go on, but nothing learns, here neither: challengers and a former
champion stand still, as does their test, and records that were held back are no memory to train from later.
Nothing is decided either, unless an operator wants the former champion back.
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
from .errors import OrderRefused
from .events import (
    Action,
    Decided,
    Diagnosis,
    Drifted,
    Evidence,
    Fact,
    Level,
    Order,
    Phase,
    Plan,
    Watched,
)
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
        self._order: Order | None = None

    def order(self, order: Order, *, is_frozen: bool) -> None:
        """Note an operator's order, for the next tick.

        Args:
            order: RETRAIN, PROMOTE, ROLL_BACK or RELEASE.
            is_frozen: the model is frozen.

        Raises:
            OrderRefused: it cannot be done now.
        """
        why = self._why_not(order, is_frozen)
        if why:
            raise OrderRefused(f"{order.value}: {why}")
        if order is Order.RELEASE:
            self.is_released = True
        else:
            self._order = order

    def _why_not(self, order: Order, is_frozen: bool) -> str:
        """What speaks against an order, and what would help; empty when nothing does."""
        if self._order is not None:
            return f"the order to {self._order.value} is still waiting for its turn; wait some records"
        if is_frozen and order is not Order.ROLL_BACK:
            return "the model is frozen; unfreeze it first"
        phase = self.controller.phase
        if order is Order.RELEASE:
            return "" if phase is Phase.HELD else f"nothing is held, the phase is {phase.value!r}"
        if order is Order.PROMOTE and not self.shadow.challengers:
            return f"there is no challenger, the phase is {phase.value!r}; retrain makes one"
        if order is Order.PROMOTE and not self.shadow.is_tested:
            return "no challenger has caught up with the stream yet; wait until one is under test"
        if order is Order.ROLL_BACK and not self.shadow.has_former:
            return "there is no former champion; one is kept only for a while after a promotion"
        if not self.controller.takes(order):
            return f"it cannot be done in the phase {phase.value!r}; wait until the controller is at rest"
        return ""

    def observe(self, record: int, x_ND: Floats, champion: Learner, features: Sequence[str]) -> list[Fact]:
        """Let the watch over the gates see records whose labels are still to come.

        Args:
            record: records dealt with so far.
            x_ND: (N, D) encoded records.
            champion: the model in service.
            features: names of the encoded features.

        Returns:
            The change of its level, if there was one; what it means is decided when labels come.
        """
        self.gates.update(record, x_ND, champion, features)
        return list(self._level_changes(record, {"gate": self.gates.evidence}))

    def step(
        self,
        record: int,
        tick: Tick,
        champion: Learner,
        features: Sequence[str],
        *,
        is_frozen: bool = False,
    ) -> tuple[list[Fact], Learner]:
        """Watch one tick, decide, act.

        Args:
            record: records seen, those of the tick included.
            tick: its scored records.
            champion: the model in service, which has learned them.
            features: names of the encoded features.
            is_frozen: the model is frozen.

        Returns:
            What happened, and the model in service from here on.
        """
        spread = _deviation(champion)
        loss_N = bounded_errors(tick.error_N, champion.task, spread)
        self.worth.update(tick.record_N, tick.x_ND, tick.y_N, loss_N, spread)
        self._learned(tick.chosen(tick.is_learned_N), loss_N[tick.is_learned_N], champion, spread)
        self.gates.update(record, tick.chosen(~tick.is_late_N).x_ND, champion, features)
        graded_N = graded_losses(tick.loss_nats_N, tick.error_N, champion.task, spread)
        if self.concept.update(record, tick.x_ND, graded_N, champion):
            self._accept(record, champion)
        watched = self._watch(record, spread, is_frozen)
        levels = dict(zip(("gate", "concept"), watched.evidence, strict=True))
        facts: list[Fact] = [watched, *self._level_changes(record, levels)]
        for decision in self.controller.step(watched):
            decision, champion = self._act(decision, watched, champion, spread)
            facts.append(decision)
        if record % WORTH_RECORDS == 0 and self.worth.is_begun:
            facts.append(self.worth.fact(record, self.shadow.records))
        return facts, champion

    def _learned(self, tick: Tick, loss_N: Floats, champion: Learner, spread: float) -> None:
        """What the champion has learned, others learn or remember."""
        if not len(tick.record_N):
            return
        records = Kept(tick.record_N, tick.x_ND, tick.y_N, loss_N)
        self._recent.add(records)
        self._sample.add(records)
        paired_N = graded_losses(tick.paired_loss_nats_N, tick.paired_error_N, champion.task, spread)
        keeps_former = self._order is Order.ROLL_BACK
        self.shadow.step(tick.x_ND, tick.y_N, paired_N, spread, keeps_former=keeps_former)

    def _accept(self, record: int, champion: Learner) -> None:
        """The losses were taken as a reference: this model is the one of an accepted concept."""
        self._accepted = champion.state_dict()
        if not self.worth.is_begun:
            self.worth.begin(record, champion)

    def _watch(self, record: int, spread: float, is_frozen: bool) -> Watched:
        # An order that may not be done while the model is frozen waits.
        order = None if is_frozen and self._order is not Order.ROLL_BACK else self._order
        is_released = self.is_released and not is_frozen
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
            is_released=is_released,
            order=order,
            is_frozen=is_frozen,
        )
        self.is_released = self.is_released and not is_released
        self._order = None if order is not None else self._order
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

    def _level_changes(self, record: int, levels: Mapping[str, Evidence]) -> list[Drifted]:
        """A fact for every watch whose level is another one than when it was last looked at."""
        details = {"gate": self.gates.detail, "concept": self._harm_detail}
        facts = []
        for name, evidence in levels.items():
            if evidence.level is not self._levels[name]:
                self._levels[name] = evidence.level
                particulars = details[name]() if evidence.level is not Level.STABLE else {}
                facts.append(
                    Drifted(
                        max(record - 1, 0),
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
                champion = _as_wide(self.shadow.promote(champion), champion)
            case Action.ROLL_BACK:
                champion = _as_wide(self.shadow.roll_back(), champion)
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
            "order": None if self._order is None else self._order.value,
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
        order = state.get("order")
        self._order = None if order is None else Order(order)


def _as_wide(learner: Learner, champion: Learner) -> Learner:
    """The learner, with room for all that the champion knows: one that was no longer tested may lack some."""
    learner.widen(
        max(learner.num_features, champion.num_features), max(learner.num_outputs, champion.num_outputs)
    )
    return learner


def _deviation(learner: Learner) -> float:
    """Running standard deviation of the target; 1 for classes, and while it has not varied."""
    deviation = float(np.sqrt(max(learner.target_3[2], 0.0)))
    return deviation if learner.task == "regression" and deviation > 0.0 else 1.0


assert WORTH_RECORDS % TICK_RECORDS == 0
