"""What the HTTP API asks of the service behind it; the model's thread answers through futures.

Futures are never cancelled from here: whoever made one resolves it, whether or not anybody still waits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

from monitor.sources.inbox_entries import Entry
from monitor.status import Status
from stream_hmoe.events import Drifted, EventOutcome, Order

__all__ = ["Answer", "Caller", "Gateway", "Intake", "Ordered", "Prediction", "Refusal"]


@dataclass(frozen=True, slots=True)
class Intake:
    """What a stream takes over HTTP.

    Args:
        is_open: it reads from the inbox; otherwise it learns from another source and only predicts here.
        target: the field that is predicted.
        key: the field that names a record, and joins it with its label when that comes later.
        time: the field with the time of an event; None when there is none.
        is_later: labels come later, under the key of their record; otherwise every record brings its own.
        is_synced: keeping an event waits for the disk: other requests are not to wait for it too.
    """

    is_open: bool
    target: str
    key: str
    time: str | None
    is_later: bool
    is_synced: bool = False


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says of a record.

    Args:
        value: the class or the number; None before any class is known.
        probability: that of the class; None for numbers.
        deviation: predictive standard deviation of the number; None for classes.
        record: the stream's record count when it was made.
    """

    value: Any
    probability: float | None
    deviation: float | None
    record: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an event could not be used: the field, its value, what is wrong, what the sender can do."""

    field: str
    value: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an event when the stream took it.

    Args:
        outcome: where it went.
        prediction: the prediction that was made for it; None when there was none to make.
        refusal: why it was rejected; None otherwise.
    """

    outcome: EventOutcome
    prediction: Prediction | None = None
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, for the audit.

    Args:
        name: as the caller says; empty when it does not say.
        address: where the request came from.
        reason: why, as the caller says; empty when it does not say.
    """

    name: str
    address: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Ordered:
    """What became of an order.

    Args:
        is_accepted: it is done, or begun.
        message: what was done, or why not, in a sentence.
        record: the stream's record count at that moment.
    """

    is_accepted: bool
    message: str
    record: int


class Gateway(Protocol):
    """The service as the HTTP API sees it; its methods are called from several threads.

    ``streams`` names what exists; the other methods are only called with such a name.
    """

    def streams(self) -> Sequence[str]:
        """Names of the streams, at least one; at once."""

    def intake(self, stream: str) -> Intake:
        """What a stream takes; at once."""

    def status(self, stream: str) -> Status:
        """The newest status; at once."""

    def drift_events(self, stream: str, after_record: int, limit: int) -> Sequence[Drifted]:
        """The newest ``limit`` changes of level after a record, in order; may read files."""

    def predict(self, stream: str, features: Mapping[str, Any]) -> Future[Prediction]:
        """A prediction that changes nothing; returns at once, best with a result when the model is idle.

        The future raises ``BadRecord`` when the features cannot be used.
        """

    def submit(self, stream: str, entries: Sequence[Entry]) -> Future[Sequence[Answer]]:
        """Put events into the inbox -> one answer each, once the stream has taken all of them.

        An entry that holds a record and its label counts as what became of the label, with the prediction.
        Whatever happens afterwards, the events are not lost.

        Raises:
            InboxFull: there is no room.
            TemporaryProblem: they could not be kept.
        """

    def submit_and_forget(self, stream: str, entries: Sequence[Entry]) -> range:
        """Put events into the inbox -> their numbers there, as dead letters and predictions name them.

        Raises:
            InboxFull: there is no room.
            TemporaryProblem: they could not be kept.
        """

    def order(self, stream: str, order: Order, caller: Caller) -> Future[Ordered]:
        """Give an order to a stream, which writes it into the audit; returns at once."""

    def checkpoint(self, stream: str, caller: Caller) -> Future[Ordered]:
        """Have a checkpoint written now; returns at once."""

    def readiness(self) -> Sequence[str]:
        """Why the service is not ready, a sentence each; empty when it is. At once."""

    def is_alive(self) -> bool:
        """The model's thread has shown a sign of life lately; at once."""
