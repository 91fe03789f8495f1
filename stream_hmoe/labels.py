"""Observations that wait for their label, and labels that wait for their observation: joined by key, bounded.

What waits is bounded by number and by age. Age goes by the running maximum of the times in the stream, never
by a clock: a time that jumps back changes nothing, and a stream that stands still ages nothing. A key is
remembered for a while after its observation was dealt with, so that what comes twice is known for what it is.
"""

from __future__ import annotations

import json
import math
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .events import EventOutcome
from .waiting import FIRST_SLOTS, WaitingRows

__all__ = ["EarlyLabel", "LabelSettings", "PendingLabels"]

Floats = npt.NDArray[np.float64]
Text = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class LabelSettings:
    """How long observations and labels wait for each other.

    An observation that waits takes 8 bytes for each of its features and classes, 4 for each leaf.

    Args:
        max_pending: most observations that wait, most labels that wait, and most keys that are remembered
            after their observation was dealt with; the oldest go first.
        max_age_seconds: how long they wait, by the times of the stream; None is for ever.
        max_pending_numbers: most features and classes of all observations that wait, together: where there
            are many of them, fewer observations wait.
    """

    max_pending: int = 100_000
    max_age_seconds: float | None = None
    max_pending_numbers: int = 1 << 25

    def __post_init__(self) -> None:
        if self.max_pending < 1:
            raise ValueError(f"max_pending: got {self.max_pending}; it must be at least 1")
        if self.max_age_seconds is not None and not self.max_age_seconds > 0.0:
            raise ValueError(f"max_age_seconds: got {self.max_age_seconds}; it must be above 0, or None")
        if self.max_pending_numbers < 1:
            raise ValueError(f"max_pending_numbers: got {self.max_pending_numbers}; it must be at least 1")


class EarlyLabel(NamedTuple):
    """A label that came before its observation.

    Args:
        value: the class or the number.
        time_seconds: when it became known.
        arrival_seconds: the time of the stream when it came.
    """

    value: Any
    time_seconds: float
    arrival_seconds: float


class PendingLabels:
    """The join of observations and labels by key.

    It knows which key waits in which row, not what is in the rows.

    Args:
        settings: what may wait, and how long.
    """

    def __init__(self, settings: LabelSettings | None = None) -> None:
        self.settings = settings or LabelSettings()
        self.rows = WaitingRows()
        self._now_seconds = 0.0
        self._first_seconds = math.inf
        self._slots: OrderedDict[str, int] = OrderedDict()
        self._early: OrderedDict[str, EarlyLabel] = OrderedDict()
        # The label of each key dealt with; None where the label did not come in time.
        self._dealt_with: OrderedDict[str, Any] = OrderedDict()

    def __len__(self) -> int:
        """Observations that wait."""
        return len(self._slots)

    @property
    def num_early(self) -> int:
        """Labels that wait."""
        return len(self._early)

    def is_known(self, key: str) -> bool:
        """An observation with this key waits, or was dealt with lately."""
        return key in self._slots or key in self._dealt_with

    def advance(self, time_seconds: float) -> bool:
        """An event of this time came -> whether the time of the stream has moved on; 0 says nothing."""
        if not self._now_seconds < time_seconds < math.inf:
            return False
        self._first_seconds = min(self._first_seconds, time_seconds)
        self._now_seconds = time_seconds
        return True

    def admit(self, key: str, x_D: Floats, time_seconds: float) -> int:
        """Let an observation wait -> the slot of its row.

        Args:
            key: its key, which is not known.
            x_D: (D,) the record, encoded.
            time_seconds: when it happened.
        """
        slot = self.rows.admit(x_D, time_seconds, self._now_seconds)
        self._slots[key] = slot
        return slot

    def find(self, key: str) -> int | None:
        """The slot of the observation that waits under this key, if one does."""
        return self._slots.get(key)

    def deal_with(self, key: str, value: Any) -> None:
        """The observation under this key has its label: it waits no longer."""
        self.rows.release(self._slots.pop(key))
        self._remember(key, value)

    def expire_oldest(self) -> str:
        """Give up waiting for the label of the observation that has waited longest -> its key."""
        key, slot = self._slots.popitem(last=False)
        self.rows.release(slot)
        self._remember(key, None)
        return key

    @property
    def is_overdue(self) -> bool:
        """The observation that has waited longest has waited too long."""
        if not self._slots:
            return False
        return self._is_too_old(self.rows.arrivals_seconds[next(iter(self._slots.values()))])

    def is_full(self, row_numbers: int) -> bool:
        """There is no room for one more observation.

        Args:
            row_numbers: features and classes of one.
        """
        most = self.settings.max_pending_numbers // max(row_numbers, 1)
        return len(self._slots) >= max(1, min(self.settings.max_pending, most))

    def is_loose(self, row_numbers: int) -> bool:
        """The rows take far more room than they may, since there were more of them when they were shorter."""
        slots = len(self.rows.widths)
        is_large = slots * row_numbers > 3 * self.settings.max_pending_numbers
        return is_large and slots > 2 * max(len(self._slots), FIRST_SLOTS)

    def tighten(self) -> None:
        """Give up the room of rows that wait no longer; none of them may be under way."""
        self.rows.load_state_dict(self.rows.state_dict(list(self._slots.values())))
        self._slots = OrderedDict((key, slot) for slot, key in enumerate(self._slots))

    def judge(self, key: str, value: Any) -> EventOutcome | None:
        """What a label is for which no observation waits; None when it may be early.

        The first label of a key is the one that counts, also while it waits for its observation.
        """
        if key in self._dealt_with:
            first = self._dealt_with[key]
            if first is None:
                return EventOutcome.UNMATCHED
        elif key in self._early:
            first = self._early[key].value
        else:
            return None
        return EventOutcome.DUPLICATE if first == value else EventOutcome.CORRECTED

    def hold(self, key: str, value: Any, time_seconds: float) -> int:
        """Let a label wait for its observation -> labels that had to go for it."""
        self._early[key] = EarlyLabel(value, time_seconds, self._now_seconds)
        gone = 0
        while len(self._early) > self.settings.max_pending:
            self._early.popitem(last=False)
            gone += 1
        return gone

    def drop_overdue_labels(self) -> int:
        """Give up waiting for observations that never came -> labels that go."""
        gone = 0
        while self._early and self._is_too_old(next(iter(self._early.values())).arrival_seconds):
            self._early.popitem(last=False)
            gone += 1
        return gone

    def claim(self, key: str) -> EarlyLabel | None:
        """The label that has been waiting for this observation, if one has."""
        return self._early.pop(key, None) if self._early else None

    def _remember(self, key: str, value: Any) -> None:
        self._dealt_with[key] = value
        while len(self._dealt_with) > self.settings.max_pending:
            self._dealt_with.popitem(last=False)

    def _is_too_old(self, arrival_seconds: float) -> bool:
        limit = self.settings.max_age_seconds
        # What came before the stream told any time is as old as the first time it told.
        return limit is not None and self._now_seconds - max(arrival_seconds, self._first_seconds) > limit

    def state_dict(self) -> dict[str, Any]:
        """All that waits and is remembered, the oldest first."""
        return {
            "now_seconds": self._now_seconds,
            "first_seconds": self._first_seconds,
            "keys": _packed(list(self._slots)),
            "rows": self.rows.state_dict(list(self._slots.values())),
            "early": _packed([[key, *label] for key, label in self._early.items()]),
            "dealt_with": _packed([list(self._dealt_with), list(self._dealt_with.values())]),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a saved state; the settings stay."""
        self._now_seconds, self._first_seconds = float(state["now_seconds"]), float(state["first_seconds"])
        self.rows.load_state_dict(state["rows"])
        self._slots = OrderedDict((key, slot) for slot, key in enumerate(_unpacked(state["keys"])))
        early = _unpacked(state["early"])
        self._early = OrderedDict((key, EarlyLabel(*label)) for key, *label in early)
        self._dealt_with = OrderedDict(zip(*_unpacked(state["dealt_with"]), strict=True))


def _packed(values: list[Any]) -> Text:
    """Plain values as bytes of JSON: one array, where a checkpoint would look at every value by itself."""
    return np.frombuffer(json.dumps(values, separators=(",", ":")).encode(), dtype=np.uint8).copy()


def _unpacked(text: Text) -> Any:
    return json.loads(text.tobytes())
