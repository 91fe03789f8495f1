"""Gate weights from outside: checked once, with errors that say what to do.

Shapes: N records, K leaves.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

__all__ = ["checked_groups", "checked_rows", "reference_rows"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

TOLERANCE = 1e-4


def checked_rows(name: str, value: npt.ArrayLike, leaves: int | None = None) -> Floats:
    """(N, K) contiguous float64 rows that are weights.

    Args:
        name: of the argument, for the message.
        value: (N, K) array.
        leaves: K if it is known.

    Raises:
        ValueError: if the shape is wrong, or a row is not a vector of non-negative weights that sum to 1.
    """
    rows_NK = np.ascontiguousarray(value, dtype=np.float64)
    if rows_NK.ndim != 2 or rows_NK.shape[1] < 2 or (leaves is not None and rows_NK.shape[1] != leaves):
        wanted = "at least 2" if leaves is None else str(leaves)
        raise ValueError(f"{name}: got shape {rows_NK.shape}; give (records, leaves) with {wanted} leaves")
    bad_N = ~(rows_NK >= 0.0).all(axis=1) | ~(np.abs(rows_NK.sum(axis=1) - 1.0) <= TOLERANCE)
    if bad_N.any():
        row = int(bad_N.argmax())
        raise ValueError(
            f"{name}: row {row} is {rows_NK[row]}; gate weights are non-negative and sum to 1; leave it out"
        )
    return rows_NK


def checked_groups(groups: npt.ArrayLike | None, leaves: int) -> Integers | None:
    """(K,) groups numbered from 0 in order of their labels; ``None`` stays ``None``.

    Raises:
        ValueError: if there is not one group for each leaf.
    """
    if groups is None:
        return None
    labels_K = np.asarray(groups)
    if labels_K.shape != (leaves,):
        raise ValueError(
            f"groups: got shape {labels_K.shape}; give one group for each of the {leaves} leaves"
        )
    return np.unique(labels_K, return_inverse=True)[1].astype(np.int64)


def reference_rows(reference: npt.ArrayLike, leaves: int | None = None) -> Floats:
    """A reference as rows: a known mean becomes one row, scaled to sum to 1."""
    array = np.asarray(reference, dtype=np.float64)
    if array.ndim == 1:
        total = float(array.sum())
        if not (math.isfinite(total) and total > 0.0):
            raise ValueError(
                f"reference: got {array}; a known mean has non-negative weights with a positive sum"
            )
        return checked_rows("reference", array[None] / total, leaves)
    rows_NK = checked_rows("reference", array, leaves)
    if len(rows_NK) < 2:
        raise ValueError(
            f"reference: got {len(rows_NK)} records; give at least 2, or a known mean of shape (K,)"
        )
    return rows_NK
