"""A stream without end, made as it is asked for, that drifts as it goes: for long runs in little memory.

Shapes: N records of a block, D features, C classes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .stream import Array

__all__ = ["endless"]

CONCEPT_RECORDS = 250_000
LABEL_NOISE = 0.05


def endless(
    block_records: int, *, num_features: int = 10, num_classes: int = 4, seed: int = 0
) -> Iterator[tuple[Array, Array]]:
    """Blocks of records (N, D) and class codes (N,): the class is the largest of C linear scores.

    The scores turn slowly all the time and are drawn anew every 250,000 records; 5% of the labels are random.
    """
    random = np.random.default_rng(seed)
    slope_DC = random.normal(size=(num_features, num_classes))
    made = 0
    while True:
        if made >= CONCEPT_RECORDS:
            slope_DC, made = random.normal(size=slope_DC.shape), 0
        slope_DC += random.normal(scale=0.01, size=slope_DC.shape)
        x_ND = random.normal(size=(block_records, num_features))
        y_N = (x_ND @ slope_DC).argmax(axis=1)
        is_noise_N = random.random(block_records) < LABEL_NOISE
        y_N[is_noise_N] = random.integers(0, num_classes, np.count_nonzero(is_noise_N))
        yield x_ND, y_N
        made += block_records
