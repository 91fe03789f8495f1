"""Encoded records that wait for their label, with the predictions made of them: columns, not objects.

A hundred thousand may wait, and each checkpoint holds them all. So every row is a slot of a few arrays, and a
saved state is these arrays in order of arrival, whatever slots they were in. Gate weights are kept in single
precision; in a state only those above 0 are, with one bit for each of the others.

Shapes: S slots, N rows, D features, C columns of a prediction, K leaves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .events import Restructured, Topology
from .replay import widened

__all__ = ["FIRST_SLOTS", "WaitingRows"]

Floats = npt.NDArray[np.float64]
Slots = npt.NDArray[np.intp]

FIRST_SLOTS = 256


class WaitingRows:
    """Rows by slot; a slot that was released is given out again after ``reclaim``."""

    def __init__(self) -> None:
        self._x_SD: Floats = np.empty((0, 0))
        self._predicted_SC: Floats = np.zeros((0, 0))
        self._weight_SK: npt.NDArray[np.float32] = np.zeros((0, 0), np.float32)
        self.widths: list[int] = []
        self.times_seconds: list[float] = []
        self.arrivals_seconds: list[float] = []
        self._free: list[int] = []
        self._released: list[int] = []

    def admit(self, x_D: Floats, time_seconds: float, arrival_seconds: float) -> int:
        """Keep a row -> its slot.

        Args:
            x_D: (D,) the record, encoded with all that it brought.
            time_seconds: when it happened.
            arrival_seconds: the time of the stream when it came.
        """
        if not self._free:
            self._grow()
        slot, width = self._free.pop(), x_D.size
        if width > self._x_SD.shape[1]:
            self._x_SD = widened(self._x_SD, width)
        row_D = self._x_SD[slot]
        row_D[:width] = x_D
        row_D[width:] = np.nan
        self.widths[slot] = width
        self.times_seconds[slot] = time_seconds
        self.arrivals_seconds[slot] = arrival_seconds
        return slot

    def release(self, slot: int) -> None:
        """The row is no longer wanted, once what is under way is done."""
        self._released.append(slot)

    def reclaim(self) -> None:
        """Nothing is under way: slots that were released may be given out again."""
        self._free += self._released
        self._released = []

    def encoded(self, slots: Slots, num_features: int) -> Floats:
        """(N, D) records as a model of D features takes them; features that came later are missing."""
        return widened(self._x_SD[slots], max(num_features, self._x_SD.shape[1]))[:, :num_features]

    def keep(self, slots: Slots, predicted_NC: Floats, weight_NK: Floats) -> None:
        """Note the predictions that were made of some rows, and the weights of the leaves in them."""
        self.make_room(predicted_NC.shape[1])
        columns = predicted_NC.shape[1]
        self._predicted_SC[slots, :columns] = predicted_NC
        self._predicted_SC[slots, columns:] = 0.0
        if self._weight_SK.shape[1] != weight_NK.shape[1]:
            self._weight_SK = np.zeros((len(self.widths), weight_NK.shape[1]), np.float32)
        self._weight_SK[slots] = weight_NK

    def make_room(self, columns: int) -> None:
        """Let predictions have so many columns; a class that was not known then had probability 0."""
        more = columns - self._predicted_SC.shape[1]
        if more > 0:
            self._predicted_SC = np.pad(self._predicted_SC, ((0, 0), (0, more)))

    def predicted(self, slots: Slots) -> Floats:
        """(N, C) the predictions that were made of some rows."""
        return self._predicted_SC[slots]

    def weights(self, slots: Slots) -> Floats:
        """(N, K) the weights of the leaves in them."""
        return self._weight_SK[slots].astype(np.float64)

    def carry_over(self, change: Restructured, before: Topology) -> None:
        """Hand the weights of leaves to those that serve their records now, so that all rows mean the same.

        Args:
            change: the change of the set of leaves.
            before: the leaves until then.
        """
        if change.lineage is None or not self._weight_SK.size:
            return
        place = {leaf: k for k, leaf in enumerate(change.topology.leaves)}
        old_SK, new_SK = self._weight_SK, self._weight_SK.copy()
        moves = [(before.leaves.index(leaf), heirs) for leaf, heirs in change.lineage.heirs if heirs]
        new_SK[:, [k for k, _ in moves]] = 0.0
        for k, heirs in moves:
            for heir in heirs:
                new_SK[:, place[heir]] += old_SK[:, k] / np.float32(len(heirs))
        self._weight_SK = new_SK

    def _grow(self) -> None:
        slots = len(self.widths)
        more = max(FIRST_SLOTS, slots)
        self._x_SD = np.concatenate([self._x_SD, np.full((more, self._x_SD.shape[1]), np.nan)])
        self._predicted_SC = np.pad(self._predicted_SC, ((0, more), (0, 0)))
        self._weight_SK = np.pad(self._weight_SK, ((0, more), (0, 0)))
        self.widths += [0] * more
        self.times_seconds += [0.0] * more
        self.arrivals_seconds += [0.0] * more
        self._free = list(range(slots + more - 1, slots - 1, -1))

    def state_dict(self, order: Sequence[int]) -> dict[str, Any]:
        """The rows of some slots, in order."""
        slots = np.array(order, dtype=np.intp)
        weight_NK = self._weight_SK[slots]
        is_used_NK = weight_NK > 0.0
        rows = (self.widths, self.times_seconds, self.arrivals_seconds)
        width_N, time_N, arrival_N = ([column[slot] for slot in order] for column in rows)
        return {
            "x_ND": self._x_SD[slots],
            "predicted_NC": self._predicted_SC[slots],
            "leaves": weight_NK.shape[1],
            "used_bits": np.packbits(is_used_NK),
            "used_weights": weight_NK[is_used_NK],
            "width_N": np.array(width_N, dtype=np.int64),
            "time_seconds_N": np.array(time_N, dtype=np.float64),
            "arrival_seconds_N": np.array(arrival_N, dtype=np.float64),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over saved rows: row n is in slot n."""
        count, leaves = len(state["width_N"]), int(state["leaves"])
        is_used_NK = np.unpackbits(state["used_bits"], count=count * leaves).astype(np.bool_)
        self._x_SD = np.array(state["x_ND"], dtype=np.float64)
        self._predicted_SC = np.array(state["predicted_NC"], dtype=np.float64)
        self._weight_SK = np.zeros((count, leaves), np.float32)
        self._weight_SK[is_used_NK.reshape(count, leaves)] = state["used_weights"]
        self.widths = state["width_N"].tolist()
        self.times_seconds = state["time_seconds_N"].tolist()
        self.arrivals_seconds = state["arrival_seconds_N"].tolist()
        self._free, self._released = [], []
