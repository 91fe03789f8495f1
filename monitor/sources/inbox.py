"""A write-ahead log for messages that nobody can send again: what was taken in survives the process.

An entry is in the operating system's hands before its sender hears of it, so that killing the process loses
nothing; with ``is_synced`` it is on the disk, so that a power cut loses nothing either. Senders that come at
the same time share one write.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from monitor.problems import ConfigurationProblem, Problem, TemporaryProblem
from monitor.sources.inbox_entries import Entry, pack
from monitor.sources.inbox_segments import Segment, create_segment, find_segments

__all__ = ["Announce", "Entry", "Inbox", "InboxFull"]

SEGMENTS = 16
MAX_SEGMENT_BYTES = 1 << 24

Announce = Callable[[range], None]
"""Told the numbers of new entries before any reader can meet them."""


class InboxFull(TemporaryProblem):
    """There is no room until the reader has caught up and a checkpoint was written.

    Args:
        needed_bytes: size of what was refused.
        max_bytes: the most that may wait.
    """

    def __init__(self, needed_bytes: int, max_bytes: int) -> None:
        self.needed_bytes = needed_bytes
        self.max_bytes = max_bytes
        super().__init__(
            f"the inbox is full: {needed_bytes} more bytes would pass max_inbox_bytes = {max_bytes}; "
            "try again later, or raise that limit"
        )

    @property
    def is_hopeless(self) -> bool:
        """It would not fit into an empty inbox."""
        return self.needed_bytes > self.max_bytes


class Inbox:
    """Entries in files of a folder, numbered from 0, until a reader has acknowledged them.

    Every method may be called from any thread. One process at a time may open a folder.

    Args:
        directory: the folder; made if need be.
        max_bytes: most bytes that may wait.
        is_synced: force every entry to disk before ``append`` returns.

    Attributes:
        torn_bytes: bytes behind the last whole entry that were cut off when the folder was opened.

    Raises:
        ConfigurationProblem: the folder cannot be used.
    """

    def __init__(self, directory: Path, max_bytes: int, is_synced: bool) -> None:
        self.directory = directory
        self.max_bytes = max_bytes
        self._is_synced = is_synced
        self._segment_bytes = min(MAX_SEGMENT_BYTES, max(1, max_bytes // SEGMENTS))
        self._writing = threading.Lock()  # held while the files change
        self._changed = threading.Condition()  # guards what follows
        self._queue: list[_Request] = []
        self._is_closed = False
        self._is_short = False  # somebody was refused for want of room
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._segments = find_segments(directory) or [create_segment(directory, 0, is_synced)]
            self._next_offset, self.torn_bytes = self._segments[-1].cut_torn_tail()
        except OSError as error:
            message = f"cannot keep an inbox in {directory}: {error.strerror}"
            raise ConfigurationProblem(f"{message}; choose another state folder") from error

    @property
    def next_offset(self) -> int:
        """The number that the next entry will get."""
        return self._next_offset

    @property
    def first_offset(self) -> int:
        """The smallest number that may still be read."""
        with self._changed:
            return self._segments[0].first

    @property
    def waiting_bytes(self) -> int:
        """Bytes of the files."""
        with self._changed:
            return sum(segment.size_bytes for segment in self._segments)

    def append(self, entries: Sequence[Entry], announce: Announce | None = None) -> range:
        """Keep entries, all or none -> their numbers.

        Args:
            entries: in the order in which they are to be read.
            announce: called with the numbers once the entries are safe, before a reader can meet them.

        Raises:
            InboxFull: there is no room for all of them.
            TemporaryProblem: the disk is full or broken, or the inbox was closed.
        """
        request = _Request(entries, announce)
        with self._changed:
            self._queue.append(request)
        with self._writing:
            if request.answer is None:  # no other sender has written it meanwhile
                with self._changed:
                    waiting, self._queue = self._queue, []
                self._write(waiting)
        assert request.answer is not None
        if isinstance(request.answer, Problem):
            raise request.answer
        return request.answer

    def begin_at(self, offset: int) -> None:
        """Give no number below ``offset`` from now on: a checkpoint has dealt with them."""
        with self._writing, self._changed:
            if offset > self._next_offset:
                self._next_offset = offset
                self._segments.append(create_segment(self.directory, offset, self._is_synced))

    def acknowledge(self, offset: int) -> None:
        """Delete the files that hold only entries before ``offset``.

        The newest file stays, a sixteenth of the room at most, until it is full or room is wanted.
        """
        done: list[Segment] = []
        with self._writing, self._changed:
            is_wanted = self._is_short or self._segments[-1].size_bytes >= self._segment_bytes
            if offset >= self._next_offset and is_wanted and not self._is_closed:
                self._segments.append(create_segment(self.directory, self._next_offset, self._is_synced))
                self._is_short = False
            while len(self._segments) > 1 and self._segments[1].first <= offset:
                done.append(self._segments.pop(0))
        for segment in done:  # senders need not wait for that
            segment.remove()

    def wait_for(self, offset: int, wait_seconds: float) -> bool:
        """Wait at most so long until the entry with this number is there -> whether it is."""
        with self._changed:
            self._changed.wait_for(lambda: self._next_offset > offset or self._is_closed, wait_seconds)
            return self._next_offset > offset and not self._is_closed

    def segment_of(self, offset: int) -> Segment:
        """The file that holds an entry; the oldest when the entry's file is gone."""
        with self._changed:
            before = [segment for segment in self._segments if segment.first <= offset]
            return before[-1] if before else self._segments[0]

    def segment_after(self, segment: Segment) -> Segment | None:
        """The file that follows another; None when that is the newest."""
        with self._changed:
            return next((other for other in self._segments if other.first > segment.first), None)

    def close(self) -> None:
        """Release the files; may be called twice."""
        with self._writing, self._changed:
            if not self._is_closed:
                self._is_closed = True
                for segment in self._segments:
                    segment.close()
                self._changed.notify_all()

    def _write(self, requests: Sequence[_Request]) -> None:
        """Write what several senders wait for at once; the caller holds the lock on the files."""
        room = self.max_bytes - self.waiting_bytes
        offset, parts, taken = self._next_offset, list[bytes](), list[tuple[_Request, range]]()
        for request in requests:
            numbers = range(offset, offset + len(request.entries))
            packed = b"".join(map(pack, numbers, request.entries))
            if len(packed) > room:
                request.answer = InboxFull(len(packed), self.max_bytes)
                self._is_short = True
                continue
            room -= len(packed)
            offset = numbers.stop
            parts.append(packed)
            taken.append((request, numbers))
        problem = self._store(b"".join(parts))
        for request, numbers in taken:
            request.answer = problem or numbers
        if problem is None:
            self._tell(taken, offset)

    def _tell(self, taken: Sequence[tuple[_Request, range]], next_offset: int) -> None:
        """Announce what was stored, then let the reader have it."""
        try:
            for request, numbers in taken:
                if request.announce is not None:
                    request.announce(numbers)
        finally:
            with self._changed:
                self._next_offset = next_offset
                self._changed.notify_all()

    def _store(self, data: bytes) -> Problem | None:
        if self._is_closed:
            return TemporaryProblem("the inbox is closed: the service is stopping; try again later")
        if not data:
            return None
        try:
            if self._segments[-1].size_bytes >= self._segment_bytes:
                segment = create_segment(self.directory, self._next_offset, self._is_synced)
                with self._changed:
                    self._segments.append(segment)
            self._segments[-1].write(data, self._is_synced)
        except OSError as error:
            message = f"cannot write to the inbox in {self.directory}: {error.strerror}"
            return TemporaryProblem(f"{message}; make room on the disk")
        return None


class _Request:
    """What one sender wants kept, and what became of it."""

    __slots__ = ("announce", "answer", "entries")

    def __init__(self, entries: Sequence[Entry], announce: Announce | None) -> None:
        self.entries = entries
        self.announce = announce
        self.answer: range | Problem | None = None
