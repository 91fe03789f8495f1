"""What logs and inboxes give: messages with a place in the log, and the position to resume after them.

A new kind of log is one file with one class that follows ``MessageSource``; turning bytes into events is
not its business.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from monitor.sources.chunk import Position

__all__ = ["Batch", "Channel", "Message", "MessageSource"]


class Channel(enum.StrEnum):
    """What a message may hold."""

    EVENTS = "events"
    LABELS = "labels"


class Message(NamedTuple):
    """One message of a log.

    Args:
        channel: whether it came from the events or from the labels.
        log: the ordered log that it stands in, for example ``"payments/3"`` (topic and partition).
        offset: its place in that log, as text; with ``log`` it names the message for ever.
        key: the message's own key; None when it has none.
        body: the bytes as they came.
        time_seconds: when the log says that it happened, Unix time; 0 when it does not say.
    """

    channel: Channel
    log: str
    offset: str
    key: bytes | None
    body: bytes
    time_seconds: float


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive messages, perhaps none, in the order in which they are to be learned.

    Args:
        messages: the messages.
        position: where to resume after them.
        skipped: messages that were gone from a log before they could be read, by log.
        is_end: the source has nothing more and never will have.
    """

    messages: Sequence[Message]
    position: Position
    skipped: Mapping[str, int] = field(default_factory=dict)
    is_end: bool = False


class MessageSource(Protocol):
    """Logs that can be read again from a position."""

    def poll(self, limit: int, wait_seconds: float) -> Batch:
        """Up to ``limit`` messages; waits at most so long for the first.

        The order depends on the logs alone while all of them have messages waiting.

        Raises:
            Problem: the source cannot go on; what was given before stands.
        """

    def acknowledge(self, position: Position) -> None:
        """A checkpoint holds this position: nothing before it will be asked for again."""

    def lag(self) -> Mapping[str, int]:
        """Messages that wait in every log, as far as known."""

    def close(self) -> None:
        """Release the source; may be called twice."""
