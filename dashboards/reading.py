"""When to read the journal again: so rarely that the page never takes much from the run that it shows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dashboards.data import Snapshot

__all__ = ["Reading"]

# Reading and waiting: at most a tenth of the time of one core goes into reading.
WAIT_PER_COST = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A snapshot, with what it cost.

    Args:
        path: the journal.
        window: how many of the newest records; None for all.
        snapshot: what was read.
        at_seconds: Unix time at which it was read.
        cost_seconds: how long that took.
    """

    path: Path
    window: int | None
    snapshot: Snapshot
    at_seconds: float
    cost_seconds: float

    def serves(self, path: Path, window: int | None, now_seconds: float, is_paused: bool) -> bool:
        """Whether this can be shown again; on a paused page it can until another window is asked for."""
        is_same = self.path == path and self.window == window
        return is_same and (is_paused or now_seconds - self.at_seconds < WAIT_PER_COST * self.cost_seconds)
