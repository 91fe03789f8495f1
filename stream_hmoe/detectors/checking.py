"""Gate weights from outside: checked once, with errors that say what to do.

Shapes: N records, S gates, K leaves.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

__all__ = ["checked_groups", "checked_rows", "reference_rows"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

TOLERANCE = 1e-4


def checked_rows(name: str, value: npt.ArrayLike, shape: tuple[int, int] | None = None) -> Floats:
    """(N, S, K) contiguous float64 rows that are weights.

    Args:
        name: of the argument, for the message.
        value: (N, K) array for one gate, (N, S, K) for several.
        shape: (S, K) if it is known.

    Raises:
        ValueError: if the shape is wrong, or a row is not a vector of non-negative weights that sum to 1.
    """
    rows_NSK = np.ascontiguousarray(value, dtype=np.float64)
    if rows_NSK.ndim == 2 and (shape is None or shape[0] == 1):
        rows_NSK = rows_NSK[:, None]
    if rows_NSK.ndim != 3 or rows_NSK.shape[2] < 2 or (shape is not None and rows_NSK.shape[1:] != shape):
        wanted = (
            "at least 2 leaves" if shape is None else "x".join(map(str, shape[shape[0] == 1 :])) + " leaves"
        )
        raise ValueError(f"{name}: got shape {np.shape(value)}; give (records, leaves) with {wanted}")
    bad_N = ~((rows_NSK >= 0.0).all(axis=2) & (np.abs(rows_NSK.sum(axis=2) - 1.0) <= TOLERANCE)).all(axis=1)
    if bad_N.any():
        row = int(bad_N.argmax())
        raise ValueError(
            f"{name}: row {row} is {rows_NSK[row].squeeze()}; gate weights are non-negative and sum to 1"
        )
    return rows_NSK


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


def reference_rows(reference: npt.ArrayLike, shape: tuple[int, int] | None = None) -> Floats:
    """A reference as rows: a known mean becomes one row, scaled to sum to 1."""
    array = np.asarray(reference, dtype=np.float64)
    if array.ndim == 1:
        total = float(array.sum())
        if not (math.isfinite(total) and total > 0.0):
            raise ValueError(
                f"reference: got {array}; a known mean has non-negative weights with a positive sum"
            )
        return checked_rows("reference", array[None] / total, shape)
    rows_NSK = checked_rows("reference", array, shape)
    if len(rows_NSK) < 2:
        raise ValueError(
            f"reference: got {len(rows_NSK)} records; give at least 2, or a known mean of shape (K,)"
        )
    return rows_NSK
