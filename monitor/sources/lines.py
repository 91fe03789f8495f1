"""Lines of a byte stream, with a look ahead and the offset to resume from."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from monitor.problems import ConfigurationProblem
from monitor.sources.byte_stream import POLL_SECONDS, ByteStream
from stream_hmoe.errors import StreamHMoEError

__all__ = ["LineQueue", "LineReader"]

MAX_LINE_BYTES = 1 << 24
PATIENCE_SECONDS = 2.0


class LineQueue:
    """Lines that are here, each with its line end.

    Args:
        lines: the lines.
        is_complete: no more will come.
    """

    def __init__(self, lines: Iterable[bytes] = (), is_complete: bool = False) -> None:
        self._lines = deque(lines)
        self.is_complete = is_complete
        self.offset = 0
        self.line = 0

    def __len__(self) -> int:
        return len(self._lines)

    def take(self) -> bytes | None:
        """The next line; None when none is here."""
        if not self._lines:
            return None
        raw = self._lines.popleft()
        self.offset += len(raw)
        self.line += 1
        return raw

    def put_back(self, lines: Sequence[bytes]) -> None:
        """Undo the last ``take`` calls: ``lines`` in stream order."""
        self._lines.extendleft(reversed(lines))
        self.offset -= sum(map(len, lines))
        self.line -= len(lines)

    def extend(self, lines: Iterable[bytes]) -> None:
        """Add lines at the end."""
        self._lines.extend(lines)

    def first(self, limit: int) -> list[bytes]:
        """Up to ``limit`` lines, which stay."""
        return list(islice(self._lines, limit))


class LineReader:
    """Fills a queue of lines; a problem of the stream is raised after the last line before it.

    Args:
        stream: where the bytes come from.
        clock: monotonic seconds; bounds how long ``peek`` waits for a slow pipe.
    """

    def __init__(self, stream: ByteStream, clock: Callable[[], float] = time.monotonic) -> None:
        self.stream = stream
        self.queue = LineQueue()
        self._clock = clock
        self._rest = b""
        self._problem: StreamHMoEError | None = None

    def skip(self, offset: int, line: int) -> None:
        """Go on after ``offset`` bytes, which held ``line`` lines."""
        self.stream.skip(offset)
        self.queue.offset = offset
        self.queue.line = line

    def gather(self, limit: int) -> None:
        """Read until ``limit`` lines wait, the input ends, or a pipe has nothing more for now."""
        while len(self.queue) < limit and not self.queue.is_complete:
            if not self._fill(0.0 if self.queue else POLL_SECONDS):
                return

    def peek(self, limit: int) -> list[bytes]:
        """Up to ``limit`` next lines, which stay; a pipe is given two seconds once it has begun."""
        begun_seconds: float | None = None
        while len(self.queue) < limit and not self.queue.is_complete:
            self._fill(POLL_SECONDS)
            if self.queue:
                begun_seconds = self._clock() if begun_seconds is None else begun_seconds
                if self._clock() - begun_seconds > PATIENCE_SECONDS:
                    break
        return self.queue.first(limit)

    def raise_problem(self) -> None:
        """Raise what ended the stream, if it did not end well."""
        if self._problem is not None:
            raise self._problem

    def _fill(self, wait_seconds: float) -> bool:
        """Read one block, or note the end or the problem; False when a pipe has nothing for now."""
        try:
            data = self.stream.read(wait_seconds)
        except StreamHMoEError as problem:
            self._end(problem)
            return True
        if data is None:
            return False
        if data:
            self._split(data)
            return True
        if self._rest:
            self.queue.extend([self._rest])
        self._end(None)
        return True

    def _split(self, data: bytes) -> None:
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        self.queue.extend(line + b"\n" for line in lines)
        if len(self._rest) > MAX_LINE_BYTES:
            line = self.queue.line + len(self.queue) + 1
            problem = ConfigurationProblem(
                f"{self.stream.name}, line {line}: longer than {MAX_LINE_BYTES >> 20} MiB; is this a text "
                "file with one record a line? Name another --format if not"
            )
            self._end(problem)

    def _end(self, problem: StreamHMoEError | None) -> None:
        """Nothing more will come; an unfinished line before a break is part of the break."""
        self._problem = problem
        self._rest = b""
        self.queue.is_complete = True
