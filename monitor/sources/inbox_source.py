"""Messages of an inbox, in the order in which they were taken in."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice, takewhile

from monitor.sources.chunk import Position
from monitor.sources.inbox import Inbox
from monitor.sources.inbox_entries import Stored, whole_entries
from monitor.sources.messages import Batch, Message

__all__ = ["LOG", "InboxSource"]

LOG = "inbox"
READ_BYTES = 1 << 18


class InboxSource:
    """The one reader of an inbox; closing it closes the inbox.

    Args:
        inbox: where the messages are.
        position: where to resume, as a batch said; None begins with the oldest that is there.
    """

    def __init__(self, inbox: Inbox, position: Position | None) -> None:
        self._inbox = inbox
        self._offset = inbox.first_offset if position is None else int(position["offset"])
        inbox.begin_at(self._offset)
        self._segment = inbox.segment_of(self._offset)
        self._at = 0

    def poll(self, limit: int, wait_seconds: float) -> Batch:
        """Up to ``limit`` messages; waits at most so long for the first.

        Entries that were damaged on the disk are counted as skipped.
        """
        before, messages, end = self._offset, list[Message](), self._offset
        if self._inbox.wait_for(self._offset, wait_seconds):
            while len(messages) < limit and end < self._inbox.next_offset:
                more, end = self._read(limit - len(messages), end)
                messages += more
        self._offset = end
        lost = end - before - len(messages)
        return Batch(messages, {"offset": end}, {LOG: lost} if lost else {})

    def acknowledge(self, position: Position) -> None:
        """A checkpoint holds this position: files with nothing after it are deleted."""
        self._inbox.acknowledge(int(position["offset"]))

    def lag(self) -> Mapping[str, int]:
        """Messages that wait."""
        return {LOG: self._inbox.next_offset - self._offset}

    def close(self) -> None:
        """Close the inbox; may be called twice."""
        self._inbox.close()

    def _read(self, limit: int, offset: int) -> tuple[list[Message], int]:
        """Messages from where the reader stands, and the number after them; goes on to the next file."""
        # In this order: a file that is followed by another one, and entries below the next number, are done.
        known = self._inbox.next_offset
        following = self._inbox.segment_after(self._segment)
        data = self._read_bytes()
        is_damaged = next(whole_entries(data), None) is None
        announced = takewhile(lambda item: item.offset < known, whole_entries(data))
        stored = list(islice(announced, limit))
        if stored:
            self._at += stored[-1].end
            messages = [_message(item) for item in stored if item.offset >= offset]
            return messages, max(stored[-1].offset + 1, offset)
        if is_damaged and following is not None:
            self._segment, self._at = following, 0
            return [], max(following.first, offset)
        self._at += len(data) if is_damaged else 0
        return [], known

    def _read_bytes(self) -> bytes:
        """Some bytes of the file from here on, with a whole entry in them if there is one."""
        count = READ_BYTES
        data = self._segment.read(self._at, count)
        while len(data) == count and next(whole_entries(data), None) is None:
            count *= 4
            data = self._segment.read(self._at, count)
        return data


def _message(stored: Stored) -> Message:
    entry = stored.entry
    return Message(entry.channel, LOG, str(stored.offset), entry.key, entry.body, entry.time_seconds)
