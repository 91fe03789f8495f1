"""Records and targets -> learner: what the classifier and the regressor have in common.

Encoding, growing and learning stay in step here: a record is predicted with what was known before
it, and only then may its new features or its new class widen the model. The encoder may know more columns
than the model: those of records that wait for their label. They come last, so that the model's own are the
beginning of every encoded record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .adapting import restored_learner
from .errors import BadCheckpoint, BadRecord
from .events import Rejected, Restructured
from .features import FeatureEncoder
from .learner import Learner, Outcome
from .replay import widened
from .targets import Targets

__all__ = ["Incremental", "Run"]

Floats = npt.NDArray[np.float64]
FRAME_ROWS = 4096


class Run:
    """Outcomes of consecutive records, joined to whole columns at the end (classes may have appeared)."""

    def __init__(self) -> None:
        self.records: list[int] = []
        self.parts: list[Outcome] = []
        self._encoded: list[Floats] = []
        self.targets: list[float | None] = []

    def keep(self, x_ND: Floats, targets: Sequence[float | None]) -> None:
        """Note what the next records were learned as; a class that was not learned is None."""
        self._encoded.append(x_ND)
        self.targets.extend(targets)

    def encoded(self, num_features: int) -> Floats:
        """(N, D) the records as they were learned; features that came later are missing in them."""
        parts = [widened(x_ND, num_features) for x_ND in self._encoded]
        return np.concatenate([np.empty((0, num_features)), *parts])

    def join(self, columns: int) -> Outcome:
        """One outcome over all records; classes that were not known yet have probability 0."""
        if not self.parts:
            return Outcome(np.empty((0, columns)), np.empty(0), np.empty((0, 0)))
        if len(self.parts) == 1 and self.parts[0].predicted.shape[1] == columns:
            return self.parts[0]
        predicted = [np.pad(p.predicted, ((0, 0), (0, columns - p.predicted.shape[1]))) for p in self.parts]
        loss = np.concatenate([p.loss_nats for p in self.parts])
        return Outcome(np.concatenate(predicted), loss, np.concatenate([p.leaf_weights for p in self.parts]))


class Incremental:
    """An encoder, the targets' meaning, and the learner, kept in step.

    Args:
        encoder: records to vectors.
        targets: targets to what the learner takes.
        learner: the model.
    """

    def __init__(self, encoder: FeatureEncoder, targets: Targets, learner: Learner) -> None:
        self.encoder = encoder
        self.targets = targets
        self.learner = learner

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the columns that the model knows."""
        return self.encoder.names[: self.learner.num_features]

    @property
    def num_columns(self) -> int:
        """Numbers in a prediction: one for every class known, or mean and deviation."""
        return 2 if self.learner.task == "regression" else self.targets.num_outputs

    def predict(self, record: Mapping[Any, Any], *, weights: bool = False) -> Outcome:
        """Prediction for one record from the present state."""
        return self.learner.predict(self._known(self.encoder.encode(record))[None], weights=weights)

    def predict_one(self, record: Mapping[Any, Any]) -> Floats:
        """Class probabilities (C,), or mean and deviation (2,); the next call overwrites them."""
        return self.learner.predict_one(self._known(self.encoder.encode(record)))

    def predict_many(self, records: pd.DataFrame | Sequence[Mapping[Any, Any]]) -> Outcome:
        """Predictions for many records from the present state."""
        return self.learner.predict(self.encoder.encode_many(records)[:, : self.learner.num_features])

    def observe(self, record: Mapping[Any, Any]) -> Floats:
        """(D,) a record whose label is still to come, with all that it brings; the model learns nothing.

        Raises:
            BadRecord: the record cannot be used; nothing has changed.
        """
        x_D = self.encoder.encode(record)
        self.encoder.learn(record)
        return x_D if x_D.size == self.encoder.width else self.encoder.encode(record)

    def _known(self, x_D: Floats) -> Floats:
        """The columns of an encoded record that the model knows."""
        return x_D if x_D.size == self.learner.num_features else x_D[: self.learner.num_features]

    def learn(self, record: Mapping[Any, Any], target: object) -> None:
        """Learn one record; after an error nothing has changed.

        Raises:
            BadRecord: the record or the target cannot be used.
        """
        self.targets.known(target)
        self._learn(record, target)

    def step(
        self, records: Sequence[Mapping[Any, Any]], targets: Sequence[Any]
    ) -> tuple[Run, list[Rejected]]:
        """Predict, score, then learn each record in order; records that cannot be used are reported.

        Args:
            records: N records.
            targets: their N targets.

        Returns:
            The scored records (numbered from 0) and the rejected ones.
        """
        run, rejected = Run(), list[Rejected]()
        x_ND = np.empty((len(records), self.learner.num_features))
        y_N: list[float] = []
        for n, (record, target) in enumerate(zip(records, targets, strict=True)):
            try:
                y = self.targets.known(target)
                x_D = self.encoder.encode(record)
                self.encoder.learn(record)
            except BadRecord as bad:
                rejected.append(Rejected(n, bad.field, bad.shown, bad.reason, bad.remedy))
                continue
            run.records.append(n)
            if y is not None and self.encoder.width == x_D.size == self.learner.num_features:
                x_ND[len(y_N)] = x_D
                y_N.append(y)
                continue
            self._flush(run, x_ND, y_N)
            self._step_over_news(run, self._known(x_D), record, target, weights=True)
            run.keep(self.encoder.encode(record)[None], [self.targets.learn(target)])
            x_ND = np.empty((len(records) - n, self.learner.num_features))
        self._flush(run, x_ND, y_N)
        return run, rejected

    def score(
        self, records: Sequence[Mapping[Any, Any]], targets: Sequence[Any]
    ) -> tuple[Run, list[Rejected]]:
        """As ``step``, by the model as it is: nothing is learned, not even a feature or a class."""
        run, rejected = Run(), list[Rejected]()
        x_ND = np.empty((len(records), self.learner.num_features))
        known: list[float | None] = []
        for n, (record, target) in enumerate(zip(records, targets, strict=True)):
            try:
                y = self.targets.known(target)
                x_ND[len(known)] = self._known(self.encoder.encode(record))
            except BadRecord as bad:
                rejected.append(Rejected(n, bad.field, bad.shown, bad.reason, bad.remedy))
                continue
            run.records.append(n)
            known.append(y)
        outcome = self.learner.predict(x_ND[: len(known)], weights=True)
        loss_N = [self.targets.loss(row, y) for row, y in zip(outcome.predicted, known, strict=True)]
        run.keep(x_ND[: len(known)], known)
        run.parts.append(outcome._replace(loss_nats=np.array(loss_N, dtype=np.float64)))
        return run, rejected

    def restructured(self, run: Run, learned_before: int) -> tuple[Restructured, ...]:
        """Changes of the set of experts during a run, numbered like its records.

        Args:
            run: records scored by ``step``.
            learned_before: the learner's records before that step.
        """
        return tuple(
            replace(fact, record=run.records[fact.record - learned_before - 1] + 1)
            for fact in self.learner.news
            if fact.record > learned_before
        )

    def step_frame(self, frame: pd.DataFrame, targets: Sequence[Any], *, weights: bool) -> Run:
        """The same for the rows of a DataFrame, in whole columns; the first bad value raises.

        Raises:
            BadRecord: a value cannot be used; the rows before its part of the frame have been learned.
        """
        run = Run()
        for begin in range(0, len(frame), FRAME_ROWS):
            part = frame.iloc[begin : begin + FRAME_ROWS]
            self._step_part(run, part, targets[begin : begin + FRAME_ROWS], weights)
        run.records = list(range(len(frame)))
        return run

    def _step_part(self, run: Run, part: pd.DataFrame, targets: Sequence[Any], weights: bool) -> None:
        begin = 0
        if self.encoder.width > self.learner.num_features:
            self.learner.widen(self.encoder.width, self.targets.num_outputs)
        for row in self._news(part, targets):
            self._step_known(run, part.iloc[begin:row], targets[begin:row], weights)
            record = part.iloc[row : row + 1].to_dict("records")[0]
            self.targets.known(targets[row])
            x_D = self.encoder.encode(record)
            self._step_over_news(run, x_D, record, targets[row], weights=weights)
            begin = row + 1
        self._step_known(run, part.iloc[begin:], targets[begin:], weights)

    def _step_known(self, run: Run, part: pd.DataFrame, targets: Sequence[Any], weights: bool) -> None:
        if len(part):
            y_N = self.targets.column([self.targets.learn(target) for target in targets])
            run.parts.append(self.learner.step(self.encoder.encode_many(part), y_N, weights=weights))

    def _news(self, part: pd.DataFrame, targets: Sequence[Any]) -> list[int]:
        """Rows that bring a new feature, category, gap or class, or may do so."""
        rows = set(self.encoder.rows_with_news(part))
        seen = set[Any]()
        for row, target in enumerate(targets):
            if target not in seen:
                seen.add(target)
                if self.targets.known(target) is None:
                    rows.add(row)
        return sorted(rows)

    def _step_over_news(
        self, run: Run, x_D: Floats, record: Mapping[Any, Any], target: object, *, weights: bool
    ) -> None:
        """Score the record with what was known before it, then widen and learn."""
        outcome = self.learner.predict(x_D[None], weights=weights)
        loss = self.targets.loss(outcome.predicted[0], self.targets.known(target))
        self._learn(record, target)
        run.parts.append(Outcome(outcome.predicted, np.array([loss]), outcome.leaf_weights))

    def _learn(self, record: Mapping[Any, Any], target: object) -> None:
        self.encoder.learn(record)
        y = self.targets.learn(target)
        self.learner.widen(self.encoder.width, self.targets.num_outputs)
        self.learner.learn_one(self.encoder.encode(record), y)

    def _flush(self, run: Run, x_ND: Floats, y_N: list[Any]) -> None:
        if y_N:
            run.keep(x_ND[: len(y_N)], y_N)
            run.parts.append(self.learner.step(x_ND[: len(y_N)], self.targets.column(y_N), weights=True))
            y_N.clear()

    def state_dict(self) -> dict[str, Any]:
        """Encoder, targets and learner."""
        return {
            "encoder": self.encoder.state_dict(),
            "targets": self.targets.state_dict(),
            "learner": self.learner.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a saved state.

        Raises:
            BadCheckpoint: it is that of a model for the other task, or a part of it is damaged.
        """
        task = state["learner"]["task"]
        if task != self.learner.task:
            raise BadCheckpoint(f"the state is that of a {task} model, not of a {self.learner.task} model")
        self.encoder.load_state_dict(state["encoder"])
        self.targets.load_state_dict(state["targets"])
        self.learner = restored_learner(state["learner"])
