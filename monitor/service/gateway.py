"""The service as the HTTP API sees it: requests wait in a queue until the model's thread has time."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from monitor.config.schema import HttpSourceConfig, ServiceConfig
from monitor.http.gateway import Answer, Caller, Intake, Ordered, Prediction
from monitor.problems import TemporaryProblem
from monitor.service.drift_facts import newest_drifts
from monitor.service.paths import StreamPaths
from monitor.service.supervisor import Standing, StreamSupervisor
from monitor.service.worker import StreamWorker
from monitor.sources.inbox import Inbox
from monitor.sources.inbox_entries import Entry
from monitor.status import Status
from stream_hmoe.errors import OrderRefused
from stream_hmoe.events import Drifted, Order

__all__ = ["ModelGateway"]

Result = TypeVar("Result")

TURN_MESSAGES, QUICK_TURN_MESSAGES = 2_000, 100
LIVELY_SECONDS = 1.0
ALIVE_SECONDS = 60.0


class ModelGateway:
    """Carries requests to the model's thread and answers back.

    Args:
        config: what the service does.
        supervisors: its streams, by name.
    """

    def __init__(self, config: ServiceConfig, supervisors: Mapping[str, StreamSupervisor]) -> None:
        self._state = config.state
        self._supervisors = supervisors
        self._requests: deque[Callable[[], None]] = deque()
        self._wake = threading.Event()
        self._beat_seconds = math.inf  # opening the streams may take long, with a warm start above all
        self._asked_seconds = 0.0
        self._is_closed = False

    # For the model's thread.

    def serve(self) -> None:
        """Do what was asked for since the last time."""
        self._beat_seconds = time.monotonic()
        if self._requests:
            self._asked_seconds = self._beat_seconds
        self._do_requests()

    def turn_messages(self) -> int:
        """Most messages of a stream's turn: few while somebody waits for answers."""
        is_asked = self._beat_seconds - self._asked_seconds < LIVELY_SECONDS
        return QUICK_TURN_MESSAGES if is_asked else TURN_MESSAGES

    def wait(self, seconds: float) -> None:
        """Wait until somebody asks for something, at most so long."""
        if self._wake.wait(seconds):
            self._wake.clear()

    def close(self) -> None:
        """Answer everybody who still waits, and whoever comes, that it is over; may be called twice."""
        self._is_closed = True
        self._do_requests()
        for supervisor in self._supervisors.values():
            supervisor.answers.fail("the service stops")

    # For the threads of the HTTP API.

    def streams(self) -> Sequence[str]:
        """Names of the streams."""
        return tuple(self._supervisors)

    def intake(self, stream: str) -> Intake:
        """What a stream takes."""
        config = self._supervisors[stream].config
        source, labels = config.source, config.labels
        is_open = isinstance(source, HttpSourceConfig)
        is_synced = isinstance(source, HttpSourceConfig) and source.is_synced
        return Intake(is_open, config.target, labels.key, labels.time, labels.arrive == "later", is_synced)

    def status(self, stream: str) -> Status:
        """The newest status."""
        return self._supervisors[stream].board.current

    def drift_events(self, stream: str, after_record: int, limit: int) -> Sequence[Drifted]:
        """The newest changes of level after a record, from the journal."""
        return newest_drifts(StreamPaths.inside(self._state, stream).journal, after_record, limit)

    def predict(self, stream: str, features: Mapping[str, Any]) -> Future[Prediction]:
        """A prediction that changes nothing."""
        return self._ask(stream, lambda worker: worker.predict(features))

    def submit(self, stream: str, entries: Sequence[Entry]) -> Future[Sequence[Answer]]:
        """Put events into the inbox -> one answer each, once the stream has taken all of them."""
        supervisor = self._supervisors[stream]
        inbox = self._inbox(supervisor)
        future = supervisor.answers.submit(lambda expect: inbox.append(entries, expect))
        self._asked_seconds = time.monotonic()
        self._wake.set()
        return future

    def submit_and_forget(self, stream: str, entries: Sequence[Entry]) -> range:
        """Put events into the inbox -> their numbers there."""
        numbers = self._inbox(self._supervisors[stream]).append(entries)
        self._wake.set()
        return numbers

    def order(self, stream: str, order: Order, caller: Caller) -> Future[Ordered]:
        """Give an order to a stream."""

        def give(worker: StreamWorker) -> Ordered:
            try:
                worker.order(order, _named(caller), caller.reason)
            except OrderRefused as refused:
                return Ordered(False, str(refused), worker.records)
            return Ordered(True, f"{order.value}: done, or under way with the next records", worker.records)

        return self._ask(stream, give)

    def checkpoint(self, stream: str, caller: Caller) -> Future[Ordered]:
        """Have a checkpoint written now."""

        def save(worker: StreamWorker) -> Ordered:
            worker.order_checkpoint(_named(caller))
            return Ordered(True, "a checkpoint was written", worker.records)

        return self._ask(stream, save)

    def readiness(self) -> Sequence[str]:
        """Why the service is not ready."""
        return [
            f"{name}: {supervisor.reason}"
            for name, supervisor in self._supervisors.items()
            if supervisor.standing not in (Standing.RUNNING, Standing.ENDED)
        ]

    def is_alive(self) -> bool:
        """The model's thread has shown a sign of life lately."""
        return time.monotonic() - self._beat_seconds < ALIVE_SECONDS

    def _inbox(self, supervisor: StreamSupervisor) -> Inbox:
        worker = supervisor.worker
        if worker is None or worker.parts.inbox is None or self._is_closed:
            raise TemporaryProblem(f"stream {supervisor.config.name}: {supervisor.reason or 'stopping'}")
        return worker.parts.inbox

    def _ask(self, stream: str, action: Callable[[StreamWorker], Result]) -> Future[Result]:
        """Have something done by the model's thread."""
        supervisor = self._supervisors[stream]
        future: Future[Result] = Future()

        def do() -> None:
            worker = supervisor.worker
            if worker is None or self._is_closed:
                reason = f"stream {stream}: {supervisor.reason or 'stopping'}"
                future.set_exception(TemporaryProblem(reason))
                return
            try:
                future.set_result(action(worker))
            except Exception as error:  # the caller is told; the stream is as it was, or fails at its turn
                future.set_exception(error)

        self._requests.append(do)
        self._wake.set()
        if self._is_closed:  # the model's thread does not look any more
            self._do_requests()
        return future

    def _do_requests(self) -> None:
        """Do what is asked for; each request goes to one thread."""
        while True:
            try:
                do = self._requests.popleft()
            except IndexError:
                return
            do()


def _named(caller: Caller) -> str:
    return f"{caller.name or 'unnamed'} at {caller.address}"
