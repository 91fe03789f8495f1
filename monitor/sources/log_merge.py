"""Joins several logs into one order that depends on what the logs hold, not on when it arrived.

Each log keeps its own order. Among the logs the message with the smallest (time, rank) comes next: time is
the greatest time seen so far in its log, so that a late message delays nobody, and rank settles equal times.
That is decided only while every log has a message waiting or is known to be at its end; otherwise nothing is
given, until the log that is waited for is passed over.

A log that was at its end may grow: what comes then is ordered against what is waiting at that moment, and may
stand elsewhere when the logs are read again. While every log is ahead of its reader the order never changes.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from monitor.sources.messages import Message

__all__ = ["MESSAGE_COST_BYTES", "Log", "LogMerge", "Rank"]

Rank = tuple[int, str, int]
"""Which log comes first at equal times: channel, name, partition."""

MESSAGE_COST_BYTES = 400
"""What a waiting message takes beside its body and key."""


@dataclass(slots=True, eq=False)
class Log:
    """One log and its messages that wait to be given.

    Args:
        name: as in ``Message.log``.
        rank: its place among the logs at equal times.
        given_time: greatest time among the messages that were given, Unix milliseconds.
        is_at_end: it holds nothing beyond what is waiting, as far as known.
        is_passed_over: nobody waits for it until it has a message again.
        waiting: messages with the greatest time up to each.
        waiting_bytes: what they take in memory.
        last: the last message that was given.
        newest_time: greatest time among all messages, given or waiting, Unix milliseconds.
    """

    name: str
    rank: Rank
    given_time: int = 0
    is_at_end: bool = False
    is_passed_over: bool = False
    waiting: deque[tuple[int, Message]] = field(default_factory=deque)
    waiting_bytes: int = 0
    last: Message | None = None
    newest_time: int = field(init=False)

    def __post_init__(self) -> None:
        self.newest_time = self.given_time

    @property
    def is_awaited(self) -> bool:
        """Nothing can be given before this log says what it holds."""
        return not (self.waiting or self.is_at_end or self.is_passed_over)


class LogMerge:
    """The logs and their common order."""

    def __init__(self) -> None:
        self.logs: list[Log] = []
        self._heads: list[tuple[int, Rank, Log]] = []

    def open(self, log: Log) -> None:
        """Take in one more log, with nothing waiting."""
        self.logs.append(log)

    def add(self, log: Log, messages: Iterable[tuple[int, Message]]) -> None:
        """Messages of a log, in its order, with their own times in Unix milliseconds.

        Afterwards the log counts as unfinished until ``is_at_end`` is set again.
        """
        had_head = bool(log.waiting)
        newest, total = log.newest_time, log.waiting_bytes
        for time, message in messages:
            newest = max(newest, time)
            total += _cost_bytes(message)
            log.waiting.append((newest, message))
        log.newest_time, log.waiting_bytes = newest, total
        log.is_at_end = log.is_passed_over = False
        if log.waiting and not had_head:
            heapq.heappush(self._heads, (log.waiting[0][0], log.rank, log))

    @property
    def awaited(self) -> Sequence[Log]:
        """Logs that hold up the others; none while there is nothing to hold up."""
        return [log for log in self.logs if log.is_awaited] if self._heads else []

    @property
    def waiting_bytes(self) -> int:
        """What all waiting messages take in memory."""
        return sum(log.waiting_bytes for log in self.logs)

    def take(self, limit: int) -> list[Message]:
        """The next messages in the common order, at most ``limit``."""
        taken: list[Message] = []
        heads = self._heads
        if any(log.is_awaited for log in self.logs):
            return taken
        while heads and len(taken) < limit:
            time, rank, log = heads[0]
            message = log.waiting.popleft()[1]
            taken.append(message)
            log.last, log.given_time = message, time
            log.waiting_bytes -= _cost_bytes(message)
            if log.waiting:
                heapq.heapreplace(heads, (log.waiting[0][0], rank, log))
                continue
            heapq.heappop(heads)
            if log.is_awaited:
                break
        return taken


def _cost_bytes(message: Message) -> int:
    return MESSAGE_COST_BYTES + len(message.body) + (0 if message.key is None else len(message.key))
