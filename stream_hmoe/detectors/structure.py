"""Which part of each old leaf goes to which new leaf when the set of leaves changes.

Shapes: K old leaves, L new leaves.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["shares_of"]


def shares_of(
    mapping: Sequence[Sequence[int]], old_leaves: int, leaves: int | None = None
) -> npt.NDArray[np.float64]:
    """(L, K) share of old leaf k that new leaf l takes over: equal parts for the children of a split.

    Args:
        mapping: for each old leaf, the new leaves that come from it; none if it was pruned.
        old_leaves: K.
        leaves: L; default, one more than the largest leaf that is named.

    Raises:
        ValueError: the mapping is not about K leaves, or names a leaf that is not there.
    """
    if len(mapping) != old_leaves:
        raise ValueError(
            f"the mapping is about {len(mapping)} leaves, there are {old_leaves}: name each once"
        )
    named = [new for news in mapping for new in news]
    count = max(named, default=-1) + 1 if leaves is None else leaves
    if count < 1 or min(named, default=0) < 0 or max(named, default=0) >= count:
        raise ValueError(f"the mapping names leaves {sorted(set(named))}, of {count}: number them from 0")
    share_LK = np.zeros((count, old_leaves))
    for old, news in enumerate(mapping):
        for new in set(news):
            share_LK[new, old] = 1.0 / len(set(news))
    return share_LK
