"""Challengers beside the champion: they see the same records, count for nothing, and must win a paired test.

A challenger that is trained from nothing first goes through recorded records, a bounded number for each live
one, so that predictions never wait for it. The former champion stays in the shadow after a promotion, and
the reverse test says whether it was right to replace it.

Shapes: N records, D features.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .adapting import restored_learner
from .challenger import PairedTest, PromotionBudget, RollbackWatch, Trial, Watch
from .events import Plan, Verdict
from .layout import Task
from .learner import Learner, Outcome
from .losses import graded_losses
from .renewal import copied, fresh, quickened, renewed
from .replay import widened

__all__ = ["Challenger", "Shadow"]

Floats = npt.NDArray[np.float64]

REPLAYED_PER_RECORD = 4
STARTS = (0, 1_000)


class Challenger:
    """A learner that wants the champion's place.

    Args:
        plan: how it was made.
        learner: the learner itself.
        tests: paired tests of champion and challenger that begin after ``STARTS`` records: who starts with
            fresh trees loses at first, and a test does not forget.
        waits: recorded records it has still to go through, (N, D) and (N,); none for a copy.
    """

    def __init__(
        self,
        plan: Plan,
        learner: Learner,
        tests: Sequence[PairedTest],
        waits: tuple[Floats, npt.NDArray[Any]],
    ) -> None:
        self.plan = plan
        self.learner = learner
        self.tests = tuple(tests)
        self.tested = 0
        self.records = 0
        self._x_ND, self._y_N = waits

    @property
    def verdict(self) -> Verdict:
        """What its tests say: better as soon as one does, not better when all are closed."""
        trials = {test.trial for test in self.tests}
        if Trial.PROMOTE in trials:
            return Verdict.BETTER
        return Verdict.RUNNING if Trial.OPEN in trials else Verdict.NOT_BETTER

    @property
    def test(self) -> PairedTest:
        """The test that speaks most for it."""
        return max(self.tests, key=lambda test: test.evidence_nats)

    @property
    def advantage(self) -> float:
        """How much less it loses than the champion, mean a record, in the test that speaks most for it."""
        begun = [test for test in self.tests if test.records]
        return max(begun, key=lambda test: test.evidence_nats).mean_difference if begun else 0.0

    @property
    def is_ready(self) -> bool:
        """It has caught up with the stream and is being tested."""
        return not len(self._y_N)

    def step(self, x_ND: Floats, y_N: npt.NDArray[Any], champion_N: Floats, spread: float) -> None:
        """See the next records: test on them if it is ready, else queue them and catch up.

        Args:
            x_ND: (N, D) encoded records.
            y_N: (N,) targets.
            champion_N: (N,) graded losses of the champion on them.
            spread: deviation of the target, for losses; see ``graded_losses``.
        """
        if self.is_ready:
            outcome = self.learner.step(x_ND, y_N)
            losses_N = _losses(outcome, y_N, self.learner.task, spread)
            for start, test in zip(STARTS, self.tests, strict=True):
                begin = max(0, start - self.tested)
                test.update_many(champion_N[begin:], losses_N[begin:])
            self.tested += len(y_N)
            self.records += len(y_N)
            return
        queued_ND = np.concatenate([widened(self._x_ND, x_ND.shape[1]), x_ND])
        queued_N = np.concatenate([self._y_N, y_N])
        now = (1 + REPLAYED_PER_RECORD) * len(y_N)
        self.learner.step(queued_ND[:now], queued_N[:now])
        self.records += min(now, len(queued_N))
        self._x_ND, self._y_N = queued_ND[now:], queued_N[now:]

    def state_dict(self) -> dict[str, Any]:
        """Everything that decides what comes next."""
        return {
            "plan": self.plan.value,
            "learner": self.learner.state_dict(),
            "tests": [test.state_dict() for test in self.tests],
            "tested": self.tested,
            "records": self.records,
            "x_ND": self._x_ND.copy(),
            "y_N": self._y_N.copy(),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Challenger:
        """The challenger of which ``state_dict`` was taken."""
        learner = restored_learner(state["learner"])
        tests = [PairedTest() for _ in STARTS]
        for test, saved in zip(tests, state["tests"], strict=True):
            test.load_state_dict(saved)
        challenger = cls(Plan(state["plan"]), learner, tests, (state["x_ND"], state["y_N"]))
        challenger.tested, challenger.records = int(state["tested"]), int(state["records"])
        return challenger


class Shadow:
    """All challengers of an episode, and the former champion after a promotion.

    Args:
        alpha: bound on the probability of any wrong promotion in the whole run.
        budget_records: most records of a paired test.
        horizon_records: records over which a promotion is watched.
    """

    def __init__(
        self, alpha: float = 0.01, budget_records: int = 4_000, horizon_records: int = 1_000
    ) -> None:
        if budget_records <= STARTS[-1]:
            raise ValueError(
                f"budget_records: got {budget_records}; it must be more than {STARTS[-1]}, "
                "after which the last test begins"
            )
        self.errors = PromotionBudget(alpha)
        self.budget_records = budget_records
        self.horizon_records = horizon_records
        self.challengers: list[Challenger] = []
        self.records = 0
        self._former: Learner | None = None
        self._watch = RollbackWatch(horizon_records)

    def begin(
        self,
        plans: Sequence[Plan],
        champion: Learner,
        leaves: Sequence[str],
        replay: tuple[Floats, npt.NDArray[Any]],
        stored: Learner | None,
    ) -> None:
        """Make the challengers that were asked for.

        Args:
            plans: how to make them.
            champion: the model in service; it stays as it is.
            leaves: leaves whose experts are to take larger steps.
            replay: recorded records (N, D) and targets (N,) that a new learner is trained on.
            stored: the model of a known concept, for the plan to restore it.
        """
        self.end_watch()
        nothing = (np.empty((0, champion.num_features)), np.empty(0))
        for plan in plans:
            waits = nothing
            match plan:
                case Plan.QUICKEN:
                    learner = quickened(champion, leaves)
                case Plan.RENEW:
                    learner = renewed(champion)
                case Plan.RESTORE if stored is not None:
                    learner = copied(stored)
                    learner.widen(champion.num_features, champion.num_outputs)
                case _:
                    learner, waits = fresh(champion), replay
            alpha = self.errors.next_alpha / len(STARTS)
            tests = [PairedTest(alpha, budget_records=self.budget_records - start) for start in STARTS]
            # Several are tested at once, so that none can hand its level on to the next.
            self.errors.settle(promoted=False)
            self.challengers.append(Challenger(plan, learner, tests, waits))

    def step(
        self,
        x_ND: Floats,
        y_N: npt.NDArray[Any],
        champion_N: Floats,
        spread: float,
        *,
        keeps_former: bool = False,
    ) -> None:
        """Let everyone in the shadow see the next records; see :meth:`Challenger.step`.

        ``keeps_former``: the former champion is asked for, and stays even if its watch ends here.
        """
        for challenger in self.challengers:
            if challenger.verdict is Verdict.RUNNING:
                challenger.learner.widen(*self._widths(x_ND, y_N, challenger.learner))
                before = challenger.records
                challenger.step(x_ND, y_N, champion_N, spread)
                self.records += challenger.records - before
        if self._former is not None:
            self._former.widen(*self._widths(x_ND, y_N, self._former))
            outcome = self._former.step(x_ND, y_N)
            losses_N = _losses(outcome, y_N, self._former.task, spread)
            self._watch.update_many(champion_N, losses_N)
            self.records += len(y_N)
            if self._watch.watch is Watch.KEEP and not keeps_former:
                self.end_watch()

    @staticmethod
    def _widths(x_ND: Floats, y_N: npt.NDArray[Any], learner: Learner) -> tuple[int, int]:
        """Features and outputs that a learner needs for these records; never fewer than it has."""
        outputs = learner.num_outputs
        if learner.task == "classification" and len(y_N):
            outputs = max(outputs, int(y_N.max()) + 1)
        return max(learner.num_features, x_ND.shape[1]), outputs

    @property
    def verdict(self) -> Verdict:
        """What the tests say together: better as soon as one is, not better when none can be any more."""
        verdicts = {challenger.verdict for challenger in self.challengers}
        for verdict in (Verdict.BETTER, Verdict.RUNNING, Verdict.NOT_BETTER):
            if verdict in verdicts:
                return verdict
        return Verdict.NONE

    @property
    def is_worse(self) -> bool:
        """The promoted model is worse than the one it replaced."""
        return self._former is not None and self._watch.watch is Watch.ROLL_BACK

    @property
    def has_former(self) -> bool:
        """There is a former champion to go back to."""
        return self._former is not None

    @property
    def is_tested(self) -> bool:
        """A challenger has caught up with the stream and is under test, or was."""
        return any(challenger.is_ready for challenger in self.challengers)

    @property
    def winner(self) -> Challenger:
        """The challenger that leads: one that is better, else one under test, and of these by evidence."""
        return max((one for one in self.challengers if one.is_ready), key=_standing)

    @property
    def advantages(self) -> dict[str, float]:
        """How much less each challenger under test loses than the champion, mean a record; by its plan."""
        return {one.plan.value: one.advantage for one in self.challengers if one.tested}

    def promote(self, champion: Learner) -> Learner:
        """The winner takes over -> it; the champion goes into the shadow."""
        winner = self.winner
        self.challengers = []
        self._former = champion
        self._watch = RollbackWatch(self.horizon_records)
        return winner.learner

    def roll_back(self) -> Learner:
        """The former champion, which has gone on learning."""
        assert self._former is not None
        former, self._former = self._former, None
        return former

    def drop(self) -> None:
        """Forget the challengers."""
        self.challengers = []

    def end_watch(self) -> None:
        """Forget the former champion."""
        self._former = None

    def summary(self) -> list[dict[str, Any]]:
        """The paired tests as JSON-able values, for journal and audit."""
        return [
            {
                "plan": challenger.plan.value,
                "verdict": challenger.verdict.value,
                "evidence_nats": challenger.test.evidence_nats,
                "threshold_nats": -math.log(challenger.test.alpha),
                "records": challenger.test.records,
                "mean_gain": challenger.test.mean_difference,
            }
            for challenger in self.challengers
        ]

    def state_dict(self) -> dict[str, Any]:
        """Everything that decides what comes next."""
        return {
            "errors": self.errors.state_dict(),
            "budget_records": self.budget_records,
            "horizon_records": self.horizon_records,
            "records": self.records,
            "challengers": [challenger.state_dict() for challenger in self.challengers],
            "former": None if self._former is None else self._former.state_dict(),
            "watch": self._watch.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a saved state."""
        self.errors.load_state_dict(state["errors"])
        self.budget_records = int(state["budget_records"])
        self.horizon_records, self.records = int(state["horizon_records"]), int(state["records"])
        self.challengers = [Challenger.from_state(saved) for saved in state["challengers"]]
        self._former = None if state["former"] is None else restored_learner(state["former"])
        self._watch = RollbackWatch(self.horizon_records)
        self._watch.load_state_dict(state["watch"])


def _standing(challenger: Challenger) -> tuple[bool, bool, float]:
    """What the leader has most of."""
    verdict, evidence = challenger.verdict, challenger.test.evidence_nats
    return verdict is Verdict.BETTER, verdict is Verdict.RUNNING, evidence


def _losses(outcome: Outcome, y_N: npt.NDArray[Any], task: Task, spread: float) -> Floats:
    """Graded losses of a learner that stands in the shadow."""
    return graded_losses(outcome.loss_nats, np.abs(outcome.predicted[:, 0] - y_N), task, spread)
