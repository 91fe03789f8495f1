"""Throughput of a run: measured, and held to a wanted rate; and the memory of the process."""

from __future__ import annotations

import resource
import sys
import time
from collections import deque
from collections.abc import Callable

__all__ = ["Pace", "Throughput", "resident_memory_bytes"]

WINDOW_SECONDS = 1.0
NAP_SECONDS = 0.2
CATCH_UP_SECONDS = 1.0


class Throughput:
    """Records per second over about the last second."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque()

    def update(self, records: int, seconds: float) -> float:
        """``records`` had been read at monotonic ``seconds`` -> records per second."""
        self._marks.append((seconds, records))
        while len(self._marks) > 2 and seconds - self._marks[1][0] >= WINDOW_SECONDS:
            self._marks.popleft()
        begun_seconds, begun_records = self._marks[0]
        elapsed = seconds - begun_seconds
        return (records - begun_records) / elapsed if elapsed > 0 else 0.0


class Pace:
    """Holds a run to a rate by napping; of a delay at most a second is made up for.

    Args:
        records_per_second: the wanted rate; None is as fast as possible.
        clock: monotonic seconds.
        sleep: waits for seconds.
    """

    def __init__(
        self,
        records_per_second: float | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate = records_per_second
        self._clock = clock
        self._sleep = sleep
        self._begun_seconds = clock()

    @property
    def chunk_records(self) -> int | None:
        """Records in about a tenth of a second; None without a rate."""
        return None if self._rate is None else max(1, int(self._rate / 10))

    def wait(self, records: int, is_stopped: Callable[[], bool]) -> None:
        """Nap until ``records`` since the start are due, or the run is to stop."""
        if self._rate is None:
            return
        due_seconds = self._begun_seconds + records / self._rate
        while (left := due_seconds - self._clock()) > 0 and not is_stopped():
            self._sleep(min(left, NAP_SECONDS))
        self._begun_seconds += max(0.0, self._clock() - due_seconds - CATCH_UP_SECONDS)


def resident_memory_bytes() -> int:
    """Memory of this process now; where the system does not tell, the most it ever had."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except FileNotFoundError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
