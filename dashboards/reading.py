"""When to read the journal again: so rarely that the page never takes much from the run that it shows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from dashboards.data.snapshot import Snapshot

__all__ = ["Reading", "Wanted"]

# Reading and waiting: at most a tenth of the time of one core goes into reading.
WAIT_PER_COST = 10.0

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be shown.

    Args:
        path: the journal.
        page: name of the page.
        window: how many of the newest records; None for all.
    """

    path: Path
    page: str
    window: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Reading(Generic[Part]):
    """What was read, with what it cost.

    Args:
        wanted: what it is of.
        snapshot: what every page needs.
        part: what this page needs besides.
        at_seconds: Unix time at which it was read.
        cost_seconds: how long that took.
    """

    wanted: Wanted
    snapshot: Snapshot
    part: Part
    at_seconds: float
    cost_seconds: float

    def serves(self, wanted: Wanted, now_seconds: float, is_paused: bool) -> bool:
        """Whether this can be shown again; on a paused page it can until something else is asked for."""
        is_same = self.wanted == wanted
        return is_same and (is_paused or now_seconds - self.at_seconds < WAIT_PER_COST * self.cost_seconds)
