"""Predictions now and learning later, in stream order, gathered into runs of the compiled code.

A stream with late labels says: predict this, learn that, predict the next. One call of the compiled code
for each would cost more than the work in it. So what is to be done is noted, and done in one go when somebody
must see the result. A record is predicted again right before it is learned: that loss is what a challenger's
is compared with, while what is reported is the prediction that was made at first.

Shapes: N rows, of which O observed and L labelled; D features, C columns of a prediction, K leaves.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .estimators import HMoEClassifier, HMoERegressor
from .events import Predicted, Restructured, Scored
from .learner import Outcome
from .tick import Tick
from .waiting import WaitingRows

__all__ = ["DelayedRows", "Done"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]


class Done(NamedTuple):
    """What came of the rows that were noted.

    Args:
        facts: predictions, scores and changes of the set of experts, in order.
        tick: the labelled records, for those who watch.
        observed_OD: the observed records, for the watch over the gates.
    """

    facts: list[Predicted | Scored | Restructured]
    tick: Tick
    observed_OD: Floats


class DelayedRows:
    """Rows to be predicted or learned, in order.

    Args:
        model: who predicts and learns.
        waiting: the rows themselves.
    """

    def __init__(self, model: HMoEClassifier | HMoERegressor, waiting: WaitingRows) -> None:
        self._model = model
        self._waiting = waiting
        self._begin()

    def _begin(self) -> None:
        self._slots: list[int] = []
        self._records: list[int] = []
        self._taught: list[float | None] = []  # what the learner is to learn
        self._truths: list[float | None] = []  # what the learner would take the label for
        self._given: list[Any] = []  # the key of an observation, the label of one that has it
        self._is_observed: list[bool] = []

    def __len__(self) -> int:
        return len(self._slots)

    def observe(self, slot: int, key: str, record: int) -> None:
        """Predict a row; its label is still to come."""
        self._note(slot, record, None, None, key, True)

    def learn(self, slot: int, target: Any, known: float, record: int) -> None:
        """Score the prediction that was made of a row, and learn it."""
        self._note(slot, record, known, known, target, False)

    def hold_back(self, slot: int, target: Any, known: float | None, record: int) -> None:
        """Score the prediction that was made of a row; it is not learned."""
        self._note(slot, record, None, known, target, False)

    def _note(
        self,
        slot: int,
        record: int,
        taught: float | None,
        truth: float | None,
        given: Any,
        is_observed: bool,
    ) -> None:
        self._slots.append(slot)
        self._records.append(record)
        self._taught.append(taught)
        self._truths.append(truth)
        self._given.append(given)
        self._is_observed.append(is_observed)

    def do(self) -> Done:
        """Do all that was noted -> what came of it."""
        inner = self._model.incremental
        learner, before = inner.learner, inner.learner.topology
        slot_N = np.array(self._slots, dtype=np.intp)
        x_ND = self._waiting.encoded(slot_N, learner.num_features)
        learned_before = learner.records
        if learner.num_outputs > 0:
            outcome = learner.step_labelled(x_ND, inner.targets.column(self._taught), weights=True)
        else:
            outcome = learner.predict(x_ND, weights=True)
        self._waiting.make_room(inner.num_columns)
        is_observed_N = np.array(self._is_observed, dtype=np.bool_)
        is_learned_N = np.array([value is not None for value in self._taught], dtype=np.bool_)
        learned_L = np.flatnonzero(is_learned_N)
        facts: list[Predicted | Scored | Restructured] = []
        begin = 0
        for news in learner.news:
            if news.record > learned_before:
                # Numbered by records learned so far; it came right after the last of them.
                last = int(learned_L[news.record - learned_before - 1])
                facts += self._part(slot_N, is_observed_N, outcome, begin, last + 1)
                facts.append(Restructured(self._records[last] + 1, news.reason, news.topology, news.lineage))
                self._waiting.carry_over(news, before)
                begin, before = last + 1, news.topology
        facts += self._part(slot_N, is_observed_N, outcome, begin, len(slot_N))
        tick = self._tick(x_ND, outcome, is_learned_N, np.flatnonzero(~is_observed_N), facts)
        observed_OD = x_ND[is_observed_N]
        self._waiting.reclaim()
        self._begin()
        return Done(facts, tick, observed_OD)

    def _part(
        self, slot_N: Rows, is_observed_N: npt.NDArray[np.bool_], outcome: Outcome, begin: int, end: int
    ) -> list[Predicted | Scored | Restructured]:
        """Keep and score the predictions of rows between which the set of experts did not change."""
        part = is_observed_N[begin:end]
        observed_O, labelled_L = begin + np.flatnonzero(part), begin + np.flatnonzero(~part)
        facts: list[Predicted | Scored | Restructured] = []
        if len(observed_O):
            predicted_OC, weight_OK = outcome.predicted[observed_O], outcome.leaf_weights[observed_O]
            self._waiting.keep(slot_N[observed_O], predicted_OC, weight_OK)
            facts.append(self._predicted(observed_O, predicted_OC, weight_OK))
        if len(labelled_L):
            facts.append(self._scored(labelled_L, slot_N[labelled_L]))
        return facts

    def _predicted(self, observed_O: Rows, predicted_OC: Floats, weight_OK: Floats) -> Predicted:
        answers, probability_O = self._model.incremental.targets.answers(predicted_OC)
        rows = observed_O.tolist()
        return Predicted(
            record=np.array([self._records[row] for row in rows], dtype=np.int64),
            keys=[self._given[row] for row in rows],
            predictions=answers,
            probabilities=probability_O,
            gate_weights=weight_OK,
        )

    def _scored(self, labelled_L: Rows, slot_L: Rows) -> Scored:
        """The predictions made then, held against the labels."""
        targets = self._model.incremental.targets
        rows = labelled_L.tolist()
        labels = [self._given[row] for row in rows]
        predicted_LC = self._waiting.predicted(slot_L)
        answers, probability_L = targets.answers(predicted_LC)
        truths = [self._truths[row] for row in rows]
        losses = [targets.loss(row_C, truth) for row_C, truth in zip(predicted_LC, truths, strict=True)]
        return Scored(
            record=np.array([self._records[row] for row in rows], dtype=np.int64),
            targets=labels,
            predictions=answers,
            probabilities=probability_L,
            loss_nats=np.array(losses),
            error=targets.errors(answers, labels),
            gate_weights=self._waiting.weights(slot_L),
        )

    def _tick(
        self,
        x_ND: Floats,
        outcome: Outcome,
        is_learned_N: npt.NDArray[np.bool_],
        labelled_L: Rows,
        facts: list[Predicted | Scored | Restructured],
    ) -> Tick:
        scored = [fact for fact in facts if isinstance(fact, Scored)]
        truths = [self._truths[row] for row in labelled_L.tolist()]
        y_L = self._model.incremental.targets.column(truths)
        has_outcome = bool(len(outcome.loss_nats))
        predicted_LC = outcome.predicted[labelled_L]
        if self._model.learner.task == "regression":
            paired_error_L = np.abs(predicted_LC[:, 0] - y_L)
        else:
            best_L = predicted_LC.argmax(axis=1) if predicted_LC.shape[1] else np.full(len(y_L), -2)
            paired_error_L = (best_L != y_L).astype(np.float64)
        return Tick(
            record_N=np.concatenate([np.empty(0, np.int64), *(fact.record for fact in scored)]),
            x_ND=x_ND[labelled_L],
            y_N=y_L.astype(np.float64),
            error_N=np.concatenate([np.empty(0), *(fact.error for fact in scored)]),
            loss_nats_N=np.concatenate([np.empty(0), *(fact.loss_nats for fact in scored)]),
            paired_error_N=paired_error_L,
            paired_loss_nats_N=outcome.loss_nats[labelled_L] if has_outcome else np.zeros(len(labelled_L)),
            is_late_N=np.ones(len(labelled_L), np.bool_),
            is_learned_N=is_learned_N[labelled_L],
        )
