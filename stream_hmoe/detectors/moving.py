"""Evidence that follows the model: when the gate moves, and when leaves are split, merged, pruned or grown.

Capital may be handed from bettor to bettor at any record without harm to the average run length, as long
as none is made. Counts follow the means.

Shapes: V views, K old leaves, L new leaves, J ratios, Q starts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..evidence import Bets, Capital, Reference, known

__all__ = ["adopt", "carry", "edited_leaves", "restructured"]

Floats = npt.NDArray[np.float64]

KEPT = (
    "start_VQB",
    "total_VQ",
    "birth_VQ",
    "order_VQ",
    "starts_V",
    "bank_V4",
    "summed_1",
    "log_evidence_1",
    "records_1",
    "units_1",
)


def edited_leaves(mapping: Sequence[Sequence[int]], old_leaves: int, leaves: int | None) -> int:
    """How many leaves there are after an edit.

    Args:
        mapping: new leaves of each old leaf.
        old_leaves: K.
        leaves: at least so many, where the last ones have no parent.

    Raises:
        ValueError: if the mapping does not fit.
    """
    if len(mapping) != old_leaves:
        raise ValueError(f"mapping: got {len(mapping)} entries; give one for each of the {old_leaves} leaves")
    new_leaves = max([leaves or 0, *(1 + max(children) for children in mapping if children)])
    if new_leaves < 2:
        raise ValueError(
            "mapping: fewer than 2 leaves would be left; a gate without a choice cannot be watched"
        )
    return new_leaves


def carry(capital: Capital, old: Bets, new: Bets) -> None:
    """Move every start's counts with the mean, N_i += n_i (p_new - p_old), in place.

    Counts stay non-negative and keep their total.

    Args:
        capital: of the bettors.
        old: bets against the old mean.
        new: bets against the new mean.
    """
    moved_VQK = capital.count_VQK + capital.total_VQ[:, :, None] * (new.mean_VK - old.mean_VK)[:, None, :]
    _set_counts(capital, np.maximum(moved_VQK, 0.0), new.mean_VK)


def restructured(
    references: Sequence[Reference], mapping: Sequence[Sequence[int]], leaves: int
) -> tuple[list[Reference], Floats]:
    """References after an edit, until they are measured again, and (K, L) which part of a leaf goes where.

    Args:
        references: of each view.
        mapping: new leaves of each old leaf.
        leaves: L.
    """
    part_KL = np.zeros((len(mapping), leaves))
    for old, children in enumerate(mapping):
        for child in children:
            part_KL[old, child] += 1.0 / len(children)
    renewed = []
    for reference in references:
        mean_L = known(reference.mean_K @ part_KL).mean_K
        variance_L = np.minimum(reference.variance_K @ part_KL, mean_L * (1.0 - mean_L))
        renewed.append(reference._replace(mean_K=mean_L, variance_K=variance_L))
    return renewed, part_KL


def adopt(fresh: Capital, old: Capital, part_KL: Floats, new: Bets) -> None:
    """Fill bettors for L leaves: children share their parent's capital, merged leaves add theirs.

    The mean over leaves is what counts, so capital is scaled by L / K: none is made. Groups begin anew.

    Args:
        fresh: bettors without capital, filled in place.
        old: the bettors before the edit.
        part_KL: which part of an old leaf goes to which new leaf.
        new: bets against the new mean.
    """
    leaves, new_leaves = part_KL.shape
    fresh.leaf_VKJ[:] = np.einsum("vkj,kl->vlj", old.leaf_VKJ, part_KL) * (new_leaves / leaves)
    fresh.inside_VKJ[:] = np.einsum("vkj,kl->vlj", old.inside_VKJ, part_KL) * (new_leaves / leaves)
    for name in KEPT:
        getattr(fresh, name)[...] = getattr(old, name)
    fresh.sum_VK[:] = old.sum_VK @ part_KL
    before_VL = old.before_VK @ part_KL
    fresh.before_VK[:] = before_VL / np.maximum(before_VL.sum(axis=1, keepdims=True), 1e-300)
    _set_counts(fresh, old.count_VQK @ part_KL, new.mean_VK)


def _set_counts(capital: Capital, count_VQK: Floats, mean_VK: Floats) -> None:
    """Counts scaled to each start's total, and their squares against the mean."""
    own_VQ = count_VQK.sum(axis=2)
    scale_VQ = np.divide(capital.total_VQ, own_VQ, out=np.ones_like(own_VQ), where=own_VQ > 0.0)
    capital.count_VQK[:] = count_VQK * scale_VQ[:, :, None]
    capital.total_VQ[:] = capital.count_VQK.sum(axis=2)
    capital.square_VQ[:] = (capital.count_VQK**2 / mean_VK[:, None, :]).sum(axis=2)
