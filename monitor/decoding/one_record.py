"""Messages that hold one record each: what every format of them has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from monitor.decoding.decoded import WHOLE, BadKind, Decoded, Unusable
from monitor.decoding.records import RecordReader
from monitor.sources.messages import Message

__all__ = ["MAX_BYTES", "OneRecordDecoder"]

MAX_BYTES = 1 << 20


class OneRecordDecoder(ABC):
    """Turns each message into the events of its record.

    Args:
        reader: makes events of records.
        max_bytes: longer messages are refused.
    """

    def __init__(self, reader: RecordReader, max_bytes: int = MAX_BYTES) -> None:
        self._reader = reader
        self._max_bytes = max_bytes

    def decode(self, batch: Sequence[Message]) -> Decoded:
        """Decode messages in order; whatever the bytes are, this does not raise."""
        decoded = Decoded()
        for index, message in enumerate(batch):
            try:
                self._require_short(message.body)
                record = self._record(message.body)
            except Unusable as flaw:
                decoded.refuse(index, WHOLE, flaw)
            else:
                self._reader.add(record, message, index, WHOLE, decoded)
        return decoded

    def part(self, message: Message, row: int) -> bytes:
        """The message: it holds one record."""
        return message.body

    @abstractmethod
    def _record(self, body: bytes) -> dict[str, Any]:
        """The record of a message.

        Raises:
            Unusable: there is none.
        """

    def _require_short(self, body: bytes) -> None:
        if len(body) > self._max_bytes:
            reason = f"the message has more than {self._max_bytes} bytes"
            remedy = "Send smaller records: a record is names and single values."
            raise Unusable(BadKind.TOO_BIG, "", f"{len(body)} bytes", reason, remedy)
