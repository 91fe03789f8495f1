"""Encoded records kept to learn from again: the newest ones in order, and an even sample of all.

Shapes: N records, D features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

__all__ = ["EvenSample", "Kept", "RecentRecords", "widened"]

Floats = npt.NDArray[np.float64]
Hashes = npt.NDArray[np.uint64]

HIGHEST_HASH = np.iinfo(np.uint64).max


def widened(x_ND: Floats, num_features: int) -> Floats:
    """The same records with more features, which are missing (NaN) in them."""
    if x_ND.shape[1] == num_features:
        return x_ND
    return np.pad(x_ND, ((0, 0), (0, num_features - x_ND.shape[1])), constant_values=np.nan)


class Kept(NamedTuple):
    """Records that were kept, in stream order.

    Args:
        record_N: (N,) record numbers.
        x_ND: (N, D) encoded records; a feature that came later is missing (NaN).
        y_N: (N,) targets as the learner takes them.
        loss_N: (N,) losses of the predictions made before they were learned.
    """

    record_N: npt.NDArray[np.int64]
    x_ND: Floats
    y_N: Floats
    loss_N: Floats

    def chosen(self, rows: npt.NDArray[Any] | slice) -> Kept:
        """Some of the records, by index, mask or slice."""
        return Kept(self.record_N[rows], self.x_ND[rows], self.y_N[rows], self.loss_N[rows])

    def from_record(self, record: int) -> Kept:
        """The records from number ``record`` on."""
        return self.chosen(slice(int(np.searchsorted(self.record_N, record)), None))

    def before_record(self, record: int) -> Kept:
        """The records before number ``record``."""
        return self.chosen(slice(0, int(np.searchsorted(self.record_N, record))))


NOTHING = Kept(np.empty(0, np.int64), np.empty((0, 0)), np.empty(0), np.empty(0))


def _joined(parts: Sequence[Kept]) -> Kept:
    width = max((part.x_ND.shape[1] for part in parts), default=0)
    parts = [NOTHING._replace(x_ND=np.empty((0, width))), *parts]
    return Kept(
        np.concatenate([part.record_N for part in parts]),
        np.concatenate([widened(part.x_ND, width) for part in parts]),
        np.concatenate([part.y_N for part in parts]),
        np.concatenate([part.loss_N for part in parts]),
    )


class RecentRecords:
    """The newest records.

    Args:
        capacity: how many are kept.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._parts: list[Kept] = []
        self._count = 0

    def add(self, records: Kept) -> None:
        """Keep the next records of the stream; the oldest go."""
        if not len(records.y_N):
            return
        self._parts.append(records)
        self._count += len(records.y_N)
        while self._count - len(self._parts[0].y_N) >= self.capacity:
            self._count -= len(self._parts.pop(0).y_N)

    def kept(self) -> Kept:
        """The newest ``capacity`` records."""
        together = _joined(self._parts).chosen(slice(-self.capacity, None))
        self._parts, self._count = [together], len(together.y_N)
        return together

    def state_dict(self) -> dict[str, Any]:
        """All of it."""
        return {name: column.copy() for name, column in self.kept()._asdict().items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Take over saved records; returns itself."""
        together = Kept(**{name: np.array(column) for name, column in state.items()})
        self._parts, self._count = [together], len(together.y_N)
        return self


class EvenSample:
    """An even sample of all records seen, drawn by hashing their numbers: no random state, no order.

    The ``capacity`` records with the smallest hashes are kept (bottom-k sampling, Cohen and Kaplan 2007),
    so that the same stream gives the same sample, however it is cut.

    Args:
        capacity: how many are kept.
        seed: another seed gives another sample.
    """

    def __init__(self, capacity: int, seed: int = 0) -> None:
        self.capacity = capacity
        self.seed = seed
        self._parts: list[Kept] = []
        self._count = 0
        self._border = HIGHEST_HASH

    def add(self, records: Kept) -> None:
        """Look at the next records of the stream."""
        chosen = _hashes(records.record_N, self.seed) <= self._border
        if chosen.any():
            self._parts.append(records.chosen(chosen))
            self._count += int(chosen.sum())
            if self._count > 2 * self.capacity:
                self.kept()

    def kept(self) -> Kept:
        """The sampled records."""
        together = _joined(self._parts)
        hash_N = _hashes(together.record_N, self.seed)
        if len(hash_N) >= self.capacity:
            self._border = np.partition(hash_N, self.capacity - 1)[self.capacity - 1]
            together = together.chosen(hash_N <= self._border)
        self._parts, self._count = [together], len(together.y_N)
        return together

    def state_dict(self) -> dict[str, Any]:
        """All of it."""
        return {
            "seed": self.seed,
            "kept": {name: column.copy() for name, column in self.kept()._asdict().items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Take over a saved sample; returns itself."""
        self.seed = int(state["seed"])
        self._border = HIGHEST_HASH
        self._parts = [Kept(**{name: np.array(column) for name, column in state["kept"].items()})]
        self._count = len(self._parts[0].y_N)
        self.kept()
        return self


def _hashes(record_N: npt.NDArray[np.int64], seed: int) -> Hashes:
    """A well-mixed 64-bit number for each record number (the finaliser of SplitMix64, Steele et al. 2014)."""
    # From 1, since the finaliser maps 0 to 0: record 0 would be in every sample.
    mixed = (record_N.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed)
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
