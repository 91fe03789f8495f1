"""What became of the events of a turn: predictions for their sink, answers for those who wait, decisions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from monitor.decoding import WHOLE, Bad
from monitor.http.gateway import Answer, Prediction, Refusal
from monitor.plain_values import plain
from monitor.service.answers import Answers
from monitor.service.counts import Counts
from monitor.service.intake import Arrived
from monitor.sources.messages import Message
from stream_hmoe.estimators import HMoEClassifier
from stream_hmoe.events import (
    Decided,
    Drifted,
    EventOutcome,
    Example,
    Fact,
    Observation,
    Predicted,
    Restructured,
    Scored,
    Taken,
)
from stream_hmoe.pipeline import Pipeline

__all__ = ["EventResults", "answer_unreadable", "decision_records", "predict"]

Made = tuple[int, Any, float]
"""Record count, prediction, and its probability or standard deviation."""


class EventResults:
    """The events that were taken together, each with its outcome and its prediction.

    Args:
        stream: name of the stream.
        arrived: what came.
        taken: what the pipeline made of the events.
        begin: number of the first of them in the turn.
        is_class: classes are predicted, not numbers.
    """

    def __init__(self, stream: str, arrived: Arrived, taken: Taken, begin: int, *, is_class: bool) -> None:
        self._stream = stream
        self._arrived = arrived
        self._taken = taken
        self._begin = begin
        self._certainty = "probability" if is_class else "deviation"

    def prediction_records(self) -> Iterator[tuple[str, dict[str, Any], str]]:
        """(id, record, key) of every prediction; the id is the same whenever the message is read."""
        decoded = self._arrived.decoded
        for index, made in self._made():
            at = self._begin + index
            identifier = f"{self._stream}/{self._name(at)}"
            record, prediction, certainty = made
            values = {
                "id": identifier,
                "key": decoded.keys[at],
                "record": record,
                "prediction": prediction,
                self._certainty: certainty,
            }
            yield identifier, values, decoded.keys[at]

    def answer(self, answers: Answers) -> None:
        """Tell those who wait what became of their messages.

        A message with record and label holds two events: its answer is what became of the label, with the
        prediction of the record.
        """
        made = dict(self._made())
        decoded = self._arrived.decoded
        found: dict[int, Answer] = {}
        for index, outcome in enumerate(self._taken.outcomes):
            origin = decoded.origins[self._begin + index]
            answer = self._answer(index, outcome, made.get(index))
            found[origin] = _with_label(found[origin], answer) if origin in found else answer
        for origin, answer in found.items():
            answers.give(int(self._arrived.message(origin, WHOLE).offset), answer)

    def _answer(self, index: int, outcome: EventOutcome, made: Made | None) -> Answer:
        refusal = None
        if outcome is EventOutcome.REJECTED:
            flaw = self._taken.rejections[index]
            refusal = Refusal(flaw.field, flaw.value, flaw.reason, flaw.remedy)
        prediction = None if made is None else _prediction(*made, is_class=self._certainty == "probability")
        return Answer(outcome, prediction, refusal)

    def _made(self) -> Iterator[tuple[int, Made]]:
        """The prediction of every event that has one, with the number of the event."""
        events = self._arrived.decoded.events
        observations = _rows(fact for fact in self._taken.facts if isinstance(fact, Predicted))
        examples = _rows(fact for fact in self._taken.facts if isinstance(fact, Scored))
        for index, outcome in enumerate(self._taken.outcomes):
            if outcome not in (EventOutcome.PREDICTED, EventOutcome.LEARNED, EventOutcome.HELD_BACK):
                continue
            event = events[self._begin + index]
            if isinstance(event, Observation):
                yield index, next(observations)
            elif isinstance(event, Example):
                yield index, next(examples)

    def _name(self, at: int) -> str:
        decoded = self._arrived.decoded
        message, row = self._arrived.message(decoded.origins[at], WHOLE), decoded.rows[at]
        return f"{message.log}@{message.offset}" + ("" if row == WHOLE else f"#{row}")


def answer_unreadable(answers: Answers, message: Message, bad: Bad) -> None:
    """Tell whoever sent a message that it holds no event."""
    refusal = Refusal(bad.field, bad.value, bad.reason, bad.remedy)
    answers.give(int(message.offset), Answer(EventOutcome.REJECTED, None, refusal))


def decision_records(
    stream: str, facts: Sequence[Fact], counts: Counts
) -> Iterator[tuple[str, dict[str, Any]]]:
    """(id, record) of every drift, decision and change of experts; the id is its number in the stream."""
    kinds = {Drifted: "drift", Decided: "decision", Restructured: "experts"}
    for fact in facts:
        kind = kinds.get(type(fact))
        if kind is not None:
            counts.announced += 1
            identifier = f"{stream}/decision/{counts.announced}"
            values: Mapping[str, Any] = plain(asdict(fact))
            yield identifier, {"id": identifier, "kind": kind, **values}


def predict(pipeline: Pipeline, features: Mapping[str, Any]) -> Prediction:
    """A prediction that changes nothing.

    Raises:
        BadRecord: the features cannot be used.
    """
    model, record = pipeline.model, pipeline.records_seen
    if isinstance(model, HMoEClassifier):
        probabilities = model.predict_proba_one(features)
        best = max(probabilities, key=lambda label: probabilities[label], default=None)
        return Prediction(best, probabilities.get(best), None, record)
    mean, deviation = model.predict_moments_one(features)
    return Prediction(mean, None, deviation, record)


def _with_label(record: Answer, label: Answer) -> Answer:
    """One answer for a message that held a record and its label: what became of the label, if it could."""
    return record if record.refusal is not None else replace(label, prediction=record.prediction)


def _prediction(record: int, value: Any, certainty: float, *, is_class: bool) -> Prediction:
    return Prediction(value, certainty if is_class else None, None if is_class else certainty, record)


def _rows(facts: Iterable[Predicted | Scored]) -> Iterator[Made]:
    for fact in facts:
        yield from zip(fact.record.tolist(), fact.predictions, fact.probabilities.tolist(), strict=True)
