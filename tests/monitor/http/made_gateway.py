"""A small service behind the HTTP API: a real inbox and a real model in a thread of its own."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from monitor.http.gateway import Answer, Caller, Intake, Ordered, Prediction, Refusal
from monitor.sources.inbox import Entry, Inbox
from monitor.sources.inbox_source import InboxSource
from monitor.sources.messages import Channel, Message
from monitor.status import LeafShare, Status, StatusBoard
from monitor.targets import Task
from stream_hmoe.errors import BadRecord
from stream_hmoe.estimators import HMoEClassifier
from stream_hmoe.events import Account, Drifted, EventOutcome, Level, Order, Scored
from stream_hmoe.pipeline import Pipeline

BLOCK_MESSAGES = 16
SHARES = (
    LeafShare("trees/0", "trees", 0.5),
    LeafShare("trees/1", "trees", 0.25),
    LeafShare("plains/0", "plains", 0.25),
)
DRIFTS = (
    Drifted(100, "gate entropy", Level.DRIFT, 1.5, {"leaves": ("trees/0",)}),
    Drifted(200, "gate entropy", Level.STABLE, float("nan")),
)


@dataclass
class Mail:
    """What waits for the model's thread; the inbox's entries are told of by an empty one."""

    work: Callable[[], None] = field(default=lambda: None)


class ModelGateway:
    """One stream that predicts the field ``label`` and joins records by ``id``.

    Args:
        directory: of the inbox.
        max_inbox_bytes: its limit.
        is_synced: force it to disk.
    """

    def __init__(self, directory: Path, max_inbox_bytes: int = 1 << 24, is_synced: bool = False) -> None:
        self.pipeline = Pipeline(HMoEClassifier())
        self.inbox = Inbox(directory, max_inbox_bytes, is_synced)
        self.source = InboxSource(self.inbox, None)
        self._is_synced = is_synced
        self._model = threading.Lock()
        self.orders: list[tuple[str, Caller]] = []
        self.account = Account()
        self.board = StatusBoard(self._status())
        self._pending: dict[str, Mapping[str, Any]] = {}
        self._waiting: dict[int, _Waiting] = {}
        self._mail: queue.SimpleQueue[Mail | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="model", daemon=True)
        self._thread.start()

    def stop_reading(self) -> None:
        """Let everything lie in the inbox."""
        self._mail.put(None)
        self._thread.join()

    def close(self) -> None:
        self.stop_reading()
        self.source.close()

    def streams(self) -> Sequence[str]:
        return ("cars",)

    def intake(self, stream: str) -> Intake:
        return Intake(True, "label", "id", None, is_later=True, is_synced=self._is_synced)

    def status(self, stream: str) -> Status:
        return self.board.current

    def drift_events(self, stream: str, after_record: int, limit: int) -> Sequence[Drifted]:
        return [fact for fact in DRIFTS if fact.record > after_record][-limit:]

    def predict(self, stream: str, features: Mapping[str, Any]) -> Future[Prediction]:
        if not self._model.acquire(blocking=False):
            return self._ask(lambda: self._predict(features))
        future: Future[Prediction] = Future()
        try:
            future.set_result(self._predict(features))
        except BadRecord as bad:
            future.set_exception(bad)
        finally:
            self._model.release()
        return future

    def submit(self, stream: str, entries: Sequence[Entry]) -> Future[Sequence[Answer]]:
        waiting = _Waiting(len(entries))

        def announce(numbers: range) -> None:
            for number in numbers:
                self._waiting[number] = waiting
            self._mail.put(Mail())

        self.inbox.append(entries, announce)
        return waiting.future

    def submit_and_forget(self, stream: str, entries: Sequence[Entry]) -> range:
        return self.inbox.append(entries, lambda numbers: self._mail.put(Mail()))

    def order(self, stream: str, order: Order, caller: Caller) -> Future[Ordered]:
        return self._ask(lambda: self._obey(order.value, caller, order is not Order.PROMOTE))

    def checkpoint(self, stream: str, caller: Caller) -> Future[Ordered]:
        return self._ask(lambda: self._obey("checkpoint", caller, True))

    def readiness(self) -> Sequence[str]:
        return ()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def settle(self) -> None:
        """Return when everything that was sent before has been taken."""
        while self.source.lag()["inbox"]:
            self._ask(lambda: None).result()
        self._ask(lambda: None).result()  # the last messages may have been read, but not yet taken

    def _ask(self, work: Callable[[], Any]) -> Future[Any]:
        future: Future[Any] = Future()

        def answer() -> None:
            try:
                future.set_result(work())
            except BadRecord as bad:
                future.set_exception(bad)

        self._mail.put(Mail(answer))
        return future

    def _work(self) -> None:
        while (mail := self._mail.get()) is not None:
            self._work_on(mail)
            while (batch := self.source.poll(BLOCK_MESSAGES, 0.0)).messages:
                with self._model:
                    self._take(batch.messages)
                self.source.acknowledge(batch.position)
                self._answer_others()

    def _work_on(self, mail: Mail) -> None:
        with self._model:
            mail.work()

    def _answer_others(self) -> None:
        """Predictions do not wait for the whole inbox."""
        while not self._mail.empty():
            mail = self._mail.get()
            if mail is None:
                self._mail.put(None)
                return
            self._work_on(mail)

    def _take(self, messages: Sequence[Message]) -> None:
        for message in messages:
            answer = self._event(message)
            waiting = self._waiting.pop(int(message.offset), None)
            if waiting is not None:
                waiting.add(answer)
        self.board.current = self._status()

    def _event(self, message: Message) -> Answer:
        values = json.loads(message.body)
        key = values.pop("id", None)
        if message.channel is Channel.LABELS:
            features = self._pending.pop(key, None)
            if features is None:
                return Answer(EventOutcome.UNMATCHED)
            return self._learn(features, values["label"], EventOutcome.JOINED)
        if key in self._pending:
            return Answer(EventOutcome.DUPLICATE)
        if "label" in values:
            return self._learn(values, values.pop("label"), EventOutcome.JOINED)
        try:
            prediction = self._predict(values)
        except BadRecord as bad:
            return _refused(bad.field, str(bad.value), bad.reason, bad.remedy)
        self._pending[key] = values
        return Answer(EventOutcome.PREDICTED, prediction)

    def _learn(self, features: Mapping[str, Any], target: Any, outcome: EventOutcome) -> Answer:
        for fact in self.pipeline.step([features], [target]):
            if isinstance(fact, Scored):
                record, value = int(fact.record[0]), fact.predictions[0]
                return Answer(outcome, Prediction(value, float(fact.probabilities[0]), None, record))
        return _refused("label", str(target), "the record could not be used", "Send another.")

    def _predict(self, features: Mapping[str, Any]) -> Prediction:
        probabilities = self.pipeline.model.predict_proba_one(features)  # type: ignore[union-attr]
        best = max(probabilities, key=lambda label: probabilities[label], default=None)
        value = 0.0 if best is None else probabilities[best]
        return Prediction(best, value, None, self.pipeline.records_seen)

    def _obey(self, order: str, caller: Caller, is_accepted: bool) -> Ordered:
        message = "done" if is_accepted else "there is no challenger to promote"
        if is_accepted:
            self.orders.append((order, caller))
        return Ordered(is_accepted, message, self.pipeline.records_seen)

    def _status(self) -> Status:
        return Status(
            Task.CLASSIFICATION,
            records=self.pipeline.records_seen,
            shares=SHARES,
            stream="cars",
            account=self.account,
        )


class _Waiting:
    """Answers of a request's events, until all are there."""

    def __init__(self, count: int) -> None:
        self.future: Future[Sequence[Answer]] = Future()
        self._count = count
        self._answers: list[Answer] = []

    def add(self, answer: Answer) -> None:
        self._answers.append(answer)
        if len(self._answers) == self._count:
            self.future.set_result(self._answers)


def _refused(name: str, value: str, reason: str, remedy: str) -> Answer:
    return Answer(EventOutcome.REJECTED, refusal=Refusal(name, value, reason, remedy))
