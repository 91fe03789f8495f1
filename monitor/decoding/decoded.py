"""What decoders give: events in stream order, where each came from, and what could not be used."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from monitor.shortened import shortened
from monitor.sources.messages import Message
from stream_hmoe.events import Event

__all__ = ["WHOLE", "Bad", "BadKind", "Decoded", "Decoder", "Unusable", "shown", "shown_bytes"]

WHOLE = -1
"""Row of an event that is all that its message holds."""

MAX_SHOWN = 80
MAX_FIELD = 200


class BadKind(enum.StrEnum):
    """What is wrong, roughly: few enough for a label of a metric."""

    UNREADABLE = "unreadable"
    TOO_BIG = "too big"
    NO_RECORD = "no record"
    MISSING = "missing field"
    TYPE = "wrong type"
    RANGE = "out of range"
    UNKNOWN = "unknown field"


class Unusable(Exception):
    """A message, or a record of it, cannot be used; becomes a ``Bad``.

    Args:
        kind: what is wrong, roughly.
        field: the field at fault; empty when the whole is. A long name is cut.
        value: its value, as short text.
        reason: what is wrong, in words that are the same for every value.
        remedy: what the sender or the operator can do.
    """

    def __init__(self, kind: BadKind, field: str, value: str, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.field = field if len(field) <= MAX_FIELD else f"{field[:MAX_FIELD]}..."
        self.value = value
        self.reason = reason
        self.remedy = remedy


class Bad(NamedTuple):
    """A message, or one record of it, that cannot be used.

    Args:
        message: number of the message in the batch.
        row: number of the record in the message; ``WHOLE`` for all of it.
        after: how many events of the batch come before it.
        kind: what is wrong, roughly.
        field: the field at fault; empty when the whole is.
        value: its value, as short text.
        reason: what is wrong, in words that are the same for every value.
        remedy: what the sender or the operator can do.
    """

    message: int
    row: int
    after: int
    kind: BadKind
    field: str
    value: str
    reason: str
    remedy: str


@dataclass(slots=True)
class Decoded:
    """What a batch of messages holds, in the order of the batch.

    Args:
        events: observations, labels and examples.
        origins: number of the message in the batch that each event came from.
        rows: number of the record in that message; ``WHOLE`` where it is all of it.
        keys: what each event is called: its own key, or ``log@offset`` (``log@offset#row``) without one.
        bad: what cannot be used.
    """

    events: list[Event] = field(default_factory=list)
    origins: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)

    def refuse(self, message: int, row: int, flaw: Unusable) -> None:
        """Note what cannot be used."""
        what = (flaw.kind, flaw.field, flaw.value, flaw.reason, flaw.remedy)
        self.bad.append(Bad(message, row, len(self.events), *what))


class Decoder(Protocol):
    """Turns the bytes of messages into events; each message is decoded by itself."""

    def decode(self, batch: Sequence[Message]) -> Decoded:
        """Decode messages in order; whatever the bytes are, this does not raise."""

    def part(self, message: Message, row: int) -> bytes:
        """One record of a message as a message body of its own: for the dead letters.

        Args:
            message: one that was decoded.
            row: as in ``Decoded.rows`` and ``Bad.row``.
        """


def shown(value: Any) -> str:
    """A value as short text, however big or deep it is."""
    if isinstance(value, str):
        text = repr(value[:MAX_SHOWN])
    elif isinstance(value, dict):
        text = f"an object with {len(value)} fields"
    elif isinstance(value, list):
        text = f"an array with {len(value)} entries"
    elif isinstance(value, bytes):
        return shown_bytes(value)
    elif value is None or isinstance(value, bool):
        text = {None: "null", True: "true", False: "false"}[value]
    elif isinstance(value, int) and abs(value) >= 10**MAX_SHOWN:
        text = "a whole number of many digits"
    else:
        text = str(value)
    return shortened(text, MAX_SHOWN)


def shown_bytes(body: bytes, around: int = 0) -> str:
    """Some bytes as short text, beginning shortly before ``around``."""
    begin = max(0, around - MAX_SHOWN // 4)
    return repr(body[begin : begin + MAX_SHOWN].decode("utf-8", "replace"))
