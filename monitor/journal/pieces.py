"""Records that wait for their reporting interval to close, and the sums over a whole interval.

Shapes: N records, K live leaves of a piece, L leaves that lived at some time in an interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.journal.schema import ShareRow
from stream_hmoe.events import Predicted, Scored

__all__ = ["Piece", "entropy_nats", "join", "share_rows"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Consecutive scored or predicted records under one topology.

    Args:
        record: (N,) record numbers.
        loss_nats: (N,) loss of every record; 0 when it was only predicted, like the error.
        error: (N,) error of every record.
        gate_weights: (N, K) weight of every leaf.
        leaf: (K,) numbers of the leaves.
    """

    record: Integers
    loss_nats: Floats
    error: Floats
    gate_weights: Floats
    leaf: Integers

    @classmethod
    def of(cls, scored: Scored, leaf: Integers) -> Piece:
        """The part of a fact that the journal needs."""
        return cls(scored.record, scored.loss_nats, scored.error, scored.gate_weights, leaf)

    @classmethod
    def of_predicted(cls, predicted: Predicted, leaf: Integers) -> Piece:
        """The same of records whose labels come later."""
        nothing = np.zeros(len(predicted.record))
        return cls(predicted.record, nothing, nothing, predicted.gate_weights, leaf)

    def part(self, start: int, stop: int) -> Piece:
        """Records ``start`` to ``stop`` (exclusive) of this piece."""
        return Piece(
            self.record[start:stop],
            self.loss_nats[start:stop],
            self.error[start:stop],
            self.gate_weights[start:stop],
            self.leaf,
        )

    def state_dict(self) -> dict[str, Any]:
        """The arrays by name."""
        return {
            "record": np.ascontiguousarray(self.record),
            "loss_nats": np.ascontiguousarray(self.loss_nats),
            "error": np.ascontiguousarray(self.error),
            "gate_weights": np.ascontiguousarray(self.gate_weights),
            "leaf": np.ascontiguousarray(self.leaf),
        }

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Any]) -> Piece:
        """The piece of which ``state_dict`` was taken."""
        return cls(**{name: np.asarray(values) for name, values in state.items()})


def join(pieces: Sequence[Piece]) -> Piece:
    """One piece of all: (N, L) weights, 0 where a leaf did not live; the same for every cut into pieces."""
    if not pieces:
        none = np.zeros(0)
        return Piece(np.zeros(0, np.int64), none, none, np.zeros((0, 0)), np.zeros(0, np.int64))
    leaf = np.unique(np.concatenate([piece.leaf for piece in pieces]))
    weights = np.zeros((sum(len(piece.record) for piece in pieces), len(leaf)))
    start = 0
    for piece in pieces:
        stop = start + len(piece.record)
        weights[start:stop, np.searchsorted(leaf, piece.leaf)] = piece.gate_weights
        start = stop
    return Piece(
        np.concatenate([piece.record for piece in pieces]),
        np.concatenate([piece.loss_nats for piece in pieces]),
        np.concatenate([piece.error for piece in pieces]),
        weights,
        leaf,
    )


def share_rows(end: int, scored: Piece, weighed: Piece) -> list[ShareRow]:
    """One row per leaf of the interval that ends before record ``end``.

    Args:
        end: the interval.
        scored: the records that losses and errors come from.
        weighed: the records that gate weights come from, the same unless labels come later.
    """
    if len(weighed.record) == 0:
        return []
    means = _means(scored)
    mass = weighed.gate_weights.sum(axis=0) / len(weighed.record)
    return [
        ShareRow(end, int(leaf), float(mass[column]), *means.get(int(leaf), (None, None)))
        for column, leaf in enumerate(weighed.leaf)
    ]


def _means(scored: Piece) -> dict[int, tuple[float, float]]:
    """Mean loss and error of every leaf that had any weight, each record weighted by its gate weight."""
    mass = scored.gate_weights.sum(axis=0)
    loss = (scored.loss_nats[:, None] * scored.gate_weights).sum(axis=0)
    error = (scored.error[:, None] * scored.gate_weights).sum(axis=0)
    return {
        int(leaf): (float(loss[column] / mass[column]), float(error[column] / mass[column]))
        for column, leaf in enumerate(scored.leaf)
        if mass[column] > 0
    }


def entropy_nats(gate_weights: Floats) -> float | None:
    """Mean over N of -sum g ln g for gate weights (N, L); None without records."""
    if len(gate_weights) == 0:
        return None
    logarithms = np.log(np.where(gate_weights > 0, gate_weights, 1.0))
    return float(-(gate_weights * logarithms).sum(axis=1).mean())
