"""When a stream changes, and how its rows are drawn so that any of them can be drawn first.

Shapes: N rows, all numbered from the start of the stream.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = [
    "CHUNK",
    "Change",
    "ChangePoint",
    "Generated",
    "checked",
    "chunk_generator",
    "draw",
    "seed_from",
    "stage_of",
]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Generated = tuple[npt.NDArray[np.generic], ...]

CHUNK = 4096


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """A change that a stream is known to make.

    Args:
        record: 0-based number of the first record that may be drawn from the new distribution.
        kind: ``"abrupt"``, ``"gradual"``, ``"incremental"``, ``"recurring"`` or ``"covariate"``.
        description: what changes, for people.
        ends: number of the first record that is drawn from the new distribution only.
    """

    record: int
    kind: str
    description: str
    ends: int


class Change(NamedTuple):
    """A span of records over which one concept gives way to the next; abrupt when it is empty."""

    record: int
    ends: int


def stage_of(changes: Sequence[Change], record_N: Integers) -> tuple[Integers, Floats]:
    """Return which concept each record leaves (N,) and how far it has gone to the next, 0 to 1 (N,)."""
    starts = np.array([change.record for change in changes], dtype=np.int64)
    ends = np.array([change.ends for change in changes], dtype=np.int64)
    begun_N = np.searchsorted(starts, record_N, side="right")
    complete_N = np.searchsorted(ends, record_N, side="right")
    under_way_N = begun_N > complete_N
    blend_N = np.zeros(len(record_N))
    current = complete_N[under_way_N]
    span = ends[current] - starts[current] + 1  # the first record already has a chance
    blend_N[under_way_N] = (record_N[under_way_N] - starts[current] + 1) / span
    return complete_N.astype(np.int64), blend_N


def checked(changes: Sequence[tuple[int, int]]) -> tuple[Change, ...]:
    """Return the changes.

    Raises:
        ValueError: they overlap, or are not in order.
    """
    ordered = tuple(Change(*change) for change in changes)
    borders = [0, *(border for change in ordered for border in change)]
    if borders != sorted(borders):
        raise ValueError(f"changes must follow each other without overlap, got {changes}")
    return ordered


def seed_from(seed: int | np.random.Generator) -> int:
    """Return a seed, drawn from the generator if one is given."""
    return int(seed.integers(2**63)) if isinstance(seed, np.random.Generator) else seed


def chunk_generator(seed: int, chunk: int) -> np.random.Generator:
    """Return the randomness of one chunk of rows, whichever chunks were drawn before."""
    return np.random.default_rng([seed, chunk])


def draw(
    make: Callable[[np.random.Generator, Integers], Generated], seed: int, first: int, last: int
) -> Generated:
    """Return rows first to last (exclusive), the same whether drawn at once or in pieces.

    Args:
        make: draws the columns of a whole chunk from its generator and its record numbers (CHUNK,).
        seed: of the stream.
        first: number of the first row.
        last: number of the row after the last.

    Raises:
        ValueError: the span runs backwards or starts before 0.
    """
    if not 0 <= first <= last:
        raise ValueError(f"rows need 0 <= first <= last, got {first} and {last}")
    chunks = range(first // CHUNK, max(first // CHUNK + 1, -(-last // CHUNK)))
    made = [
        make(chunk_generator(seed, chunk), np.arange(chunk * CHUNK, (chunk + 1) * CHUNK)) for chunk in chunks
    ]
    start = first - chunks.start * CHUNK
    columns = (np.concatenate(parts) for parts in zip(*made, strict=True))
    return tuple(column[start : start + last - first] for column in columns)
