"""Encoded records kept to learn from again: the newest ones in order, and an even sample of all.

Shapes: N records, D features.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt

__all__ = ["EvenSample", "RecentRecords", "widened"]

Floats = npt.NDArray[np.float64]


def widened(x_ND: Floats, num_features: int) -> Floats:
    """The same records with more features, which are missing (NaN) in them."""
    return np.pad(x_ND, ((0, 0), (0, num_features - x_ND.shape[1])), constant_values=np.nan)


class RecentRecords:
    """The newest records with their targets, as a ring.

    Args:
        capacity: how many are kept.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._x_ND = np.empty((0, 0))
        self._y_N = np.empty(0)
        self._loss_N = np.empty(0)
        self._record_N = np.empty(0, np.int64)

    def __len__(self) -> int:
        return len(self._y_N)

    def add(self, record_N: npt.NDArray[np.int64], x_ND: Floats, y_N: Floats, loss_N: Floats) -> None:
        """Keep the next records; the oldest go.

        Args:
            record_N: (N,) record numbers, growing.
            x_ND: (N, D) encoded records; D may only grow.
            y_N: (N,) targets as the learner takes them.
            loss_N: (N,) losses of the predictions made before they were learned.
        """
        if not len(y_N):
            return
        old_ND = widened(self._x_ND, x_ND.shape[1]) if self._x_ND.shape[1] < x_ND.shape[1] else self._x_ND
        self._x_ND = np.concatenate([old_ND, x_ND])[-self.capacity :]
        self._y_N = np.concatenate([self._y_N, y_N])[-self.capacity :]
        self._loss_N = np.concatenate([self._loss_N, loss_N])[-self.capacity :]
        self._record_N = np.concatenate([self._record_N, record_N])[-self.capacity :]

    def since(self, record: int) -> tuple[Floats, Floats, Floats]:
        """Records from number ``record`` on, in order -> (N, D), targets (N,) and losses (N,)."""
        begin = int(np.searchsorted(self._record_N, record))
        return self._x_ND[begin:], self._y_N[begin:], self._loss_N[begin:]

    def state_dict(self) -> dict[str, Any]:
        """All of it."""
        arrays = {"x_ND": self._x_ND, "y_N": self._y_N, "loss_N": self._loss_N, "record_N": self._record_N}
        return {name: array.copy() for name, array in arrays.items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Take over saved records; returns itself."""
        self._x_ND = np.array(state["x_ND"], dtype=np.float64)
        self._y_N = np.array(state["y_N"], dtype=np.float64)
        self._loss_N = np.array(state["loss_N"], dtype=np.float64)
        self._record_N = np.array(state["record_N"], dtype=np.int64)
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
        self._x_ND = np.empty((0, 0))
        self._y_N = np.empty(0)
        self._loss_N = np.empty(0)
        self._record_N = np.empty(0, np.int64)

    def __len__(self) -> int:
        return len(self._y_N)

    def add(self, record_N: npt.NDArray[np.int64], x_ND: Floats, y_N: Floats, loss_N: Floats) -> None:
        """Look at the next records; see :meth:`RecentRecords.add`."""
        if self._x_ND.shape[1] < x_ND.shape[1]:
            self._x_ND = widened(self._x_ND, x_ND.shape[1])
        hash_N = _hashes(record_N, self.seed)
        if len(self) == self.capacity:
            chosen = hash_N < _hashes(self._record_N, self.seed).max()
            record_N, x_ND, y_N, loss_N = record_N[chosen], x_ND[chosen], y_N[chosen], loss_N[chosen]
        if not len(record_N):
            return
        record_N = np.concatenate([self._record_N, record_N])
        kept = np.sort(np.argsort(_hashes(record_N, self.seed), kind="stable")[: self.capacity])
        self._record_N = record_N[kept]
        self._x_ND = np.concatenate([self._x_ND, x_ND])[kept]
        self._y_N = np.concatenate([self._y_N, y_N])[kept]
        self._loss_N = np.concatenate([self._loss_N, loss_N])[kept]

    def before(self, record: int) -> tuple[Floats, Floats, Floats]:
        """The sampled records before number ``record``, in order -> (N, D), targets (N,) and losses (N,)."""
        end = int(np.searchsorted(self._record_N, record))
        return self._x_ND[:end], self._y_N[:end], self._loss_N[:end]

    def state_dict(self) -> dict[str, Any]:
        """All of it."""
        return {
            "seed": self.seed,
            "x_ND": self._x_ND.copy(),
            "y_N": self._y_N.copy(),
            "loss_N": self._loss_N.copy(),
            "record_N": self._record_N.copy(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Take over a saved sample; returns itself."""
        self.seed = int(state["seed"])
        self._x_ND = np.array(state["x_ND"], dtype=np.float64)
        self._y_N = np.array(state["y_N"], dtype=np.float64)
        self._loss_N = np.array(state["loss_N"], dtype=np.float64)
        self._record_N = np.array(state["record_N"], dtype=np.int64)
        return self


def _hashes(record_N: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.uint64]:
    """A well-mixed 64-bit number for each record number (the finaliser of SplitMix64, Steele et al. 2014)."""
    mixed = record_N.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed)
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
