"""Edits of the set of experts: pure functions on the arrays of a learner's region groups.

The arrays keep their sizes: live experts come first and ``born_G`` says how many they are, so that nothing
is compiled again. At birth an edit keeps the group's density where mathematics allows:

    split   two copies with bias - log 2, each with half of the information: the same density to the last bits
    merge   exact for equal experts; otherwise the mass at the pair's common place stays what it was
    prune   the others' weights are as before, normalised without the pruned one
    grow    the newcomer says what its nearest neighbour says: exact where that one alone serves
    revive  prune, then split

A merged gate keeps its mass at the pair's place m: b' = log(sum_i exp z_i(m)) - (z(m) - b).

Source: splits, Jordan and Jacobs (1994) and SMEM (Ueda et al. 2000); the rest derived.

Shapes: G groups, E experts of a group, C outputs, A = 1 + features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from ..kernels.regions import UNBORN, Regions
from .imitation import Gate, gate_weights, imitate
from .pooling import add_pasts, average_pair, curvature_of

__all__ = ["Cut", "Edit", "Kind", "grow", "merge", "prune", "revive", "split"]

Floats = npt.NDArray[np.float64]
Kind = Literal["grow", "split", "merge", "prune", "revive"]

BORDER_SLOPE = 1.5
BY_EXPERT = ("centre_GEA", "bias_GE", "weight_GECA", "variance_GE", "usage_GE")


class Cut(NamedTuple):
    """How two copies of an expert part.

    Args:
        direction_A: unit vector across the border between them (0 for the constant).
        place_A: a point on the border: the mean input of the expert that is split.
        spread: standard deviation of its inputs along the direction.
        shift_2CA: what each side's coefficients gain; the side against the direction comes first.
        variance_2: each side's variance.
    """

    direction_A: Floats
    place_A: Floats
    spread: float
    shift_2CA: Floats
    variance_2: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Edit:
    """An edited copy of the groups, and what became of every expert of the edited one.

    Args:
        kind: what was done.
        group: index of the group.
        regions: the arrays after the edit; those before are untouched.
        origin_E: (E,) the slot whose leaf each slot now holds; -1 for a leaf that is new.
        heirs: for each expert that lived, the slots that serve its records now.
        parents: slots before the edit of the leaves that the edit took.
        children: slots after the edit of the leaves that it made.
    """

    kind: Kind
    group: int
    regions: Regions
    origin_E: npt.NDArray[np.int64]
    heirs: tuple[tuple[int, ...], ...]
    parents: tuple[int, ...]
    children: tuple[int, ...]


def split(regions: Regions, laplace: bool, group: int, expert: int, cut: Cut | None = None) -> Edit:
    """Two copies of an expert with half its mass and information each; a cut then moves them apart.

    Args:
        regions: the groups as they are.
        laplace: whether inner gates are Laplace gates.
        group: index of the group.
        expert: slot of the expert that is split.
        cut: how the copies part; without one the density stays what it was.

    Raises:
        ValueError: no such expert lives, or the group has no free slot.
    """
    born = _live(regions, group, expert)
    if born == regions.bias_GE.shape[1]:
        raise ValueError(f"group {group}: all {born} slots are taken; prune or merge before a split")
    after, origin_E = _copied(regions), np.arange(regions.bias_GE.shape[1])
    after.bias_GE[group, expert] -= np.log(2.0)
    after.usage_GE[group, expert] *= 0.5
    for name in BY_EXPERT:
        array = getattr(after, name)
        array[group, born] = array[group, expert]
    curvature_EQQ = curvature_of(after, group)
    if curvature_EQQ is not None:
        curvature_EQQ[expert] *= 2.0
        curvature_EQQ[born] = curvature_EQQ[expert]
    after.born_G[group] += 1
    if cut is not None:
        _part(after, laplace, group, (expert, born), cut)
    origin_E[expert] = -1
    heirs: list[tuple[int, ...]] = [(e,) for e in range(born)]
    heirs[expert] = (expert, born)
    return Edit("split", group, after, origin_E, tuple(heirs), (expert,), (expert, born))


def merge(
    regions: Regions,
    laplace: bool,
    group: int,
    pair: tuple[int, int],
    place_A: Floats | None = None,
    input_NA: Floats | None = None,
) -> Edit:
    """One expert in place of two, with the mass of both.

    Args:
        regions: the groups as they are.
        laplace: whether inner gates are Laplace gates.
        group: index of the group.
        pair: slots of the two experts.
        place_A: where the gate's mass is kept: the mean input of both; the mean of their centres if missing.
        input_NA: remembered inputs; the whole group's gate is then fitted to what it was on them, with the
            pair's weights added up.

    Raises:
        ValueError: the pair does not name two live experts.
    """
    if pair[0] == pair[1]:
        raise ValueError(f"pair: got {pair}; a merge needs two different experts")
    first, second = sorted(pair)
    _live(regions, group, first)
    _live(regions, group, second)
    both = [first, second]
    usage_2 = regions.usage_GE[group, both]
    w_2 = usage_2 / usage_2.sum() if usage_2.sum() > 0.0 else np.full(2, 0.5)
    row_2A, bias_2 = regions.centre_GEA[group, both], regions.bias_GE[group, both]
    row_A = w_2 @ row_2A
    scale = float(regions.scale_G[group])
    if place_A is None:
        place_A = row_A if laplace else row_A / scale
    place_A = np.concatenate(([1.0], place_A[1:]))
    mass = float(np.logaddexp(*(bias_2 + _slope(laplace, scale, row_2A, place_A))))
    after = _copied(regions)
    if curvature_of(after, group) is None:
        average_pair(after, laplace, group, both, w_2, place_A)
    else:
        add_pasts(after, group, both, w_2)
    after.centre_GEA[group, first] = row_A
    after.bias_GE[group, first] = mass - _slope(laplace, scale, row_A[None], place_A)[0]
    after.usage_GE[group, first] = usage_2.sum()
    origin_E, heirs = _close_gap(after, group, second)
    if input_NA is not None and len(input_NA):
        _keep_borders(regions, after, laplace, group, (first, second), input_NA)
    origin_E[first] = -1
    heirs[second] = (first,)
    return Edit("merge", group, after, origin_E, tuple(heirs), (first, second), (first,))


def prune(
    regions: Regions,
    laplace: bool,
    group: int,
    expert: int,
    heir: int | None = None,
    input_NA: Floats | None = None,
) -> Edit:
    """Take an expert out; its mass goes to an heir, or to every other one by its own weight.

    Args:
        regions: the groups as they are.
        laplace: whether inner gates are Laplace gates.
        group: index of the group.
        expert: slot of the expert that goes.
        heir: slot of the one that serves its records now and stays as it is.
        input_NA: remembered inputs, on which the gate is fitted so that the heir has the weights of both.

    Raises:
        ValueError: no such experts live, or the one that goes is the last.
    """
    born = _live(regions, group, expert)
    if born == 1:
        raise ValueError(f"group {group}: its last expert stays; there is nobody to serve its records")
    after = _copied(regions)
    usage_E = after.usage_GE[group, :born]
    if heir is not None:
        _live(regions, group, heir)
        usage_E[heir] += usage_E[expert]
    elif usage_E.sum() > usage_E[expert]:
        usage_E *= usage_E.sum() / (usage_E.sum() - usage_E[expert])
    origin_E, heirs = _close_gap(after, group, expert)
    if heir is None:
        heirs[expert] = tuple(range(born - 1))
    else:
        heirs[expert] = heirs[heir]
        if input_NA is not None and len(input_NA):
            _keep_borders(regions, after, laplace, group, (heir, expert), input_NA)
    return Edit("prune", group, after, origin_E, tuple(heirs), (expert,), ())


def revive(
    regions: Regions, laplace: bool, group: int, dead: int, parent: int, cut: Cut | None = None
) -> Edit:
    """Move an idle expert to where it is wanted: it is pruned, and another is split."""
    if dead == parent:
        raise ValueError(f"dead and parent are both {dead}; an expert cannot be its own child")
    without = prune(regions, laplace, group, dead)
    moved = parent - (parent > dead)
    edit = split(without.regions, laplace, group, moved, cut)
    origin_E = np.where(edit.origin_E < 0, -1, without.origin_E[edit.origin_E])
    heirs = tuple(tuple(sorted({h for m in middle for h in edit.heirs[m]})) for middle in without.heirs)
    return Edit("revive", group, edit.regions, origin_E, heirs, (dead, parent), edit.children)


def grow(regions: Regions, laplace: bool, group: int, place_A: Floats, prior: float) -> Edit:
    """A new expert on a point that no other serves well; until it has learned it speaks as its neighbour.

    It takes the neighbour's bias too, for a softmax gate that of the logit as -kappa |a / kappa - z|^2 / 2.

    Args:
        regions: the groups as they are.
        laplace: whether inner gates are Laplace gates.
        group: index of the group.
        place_A: the point, scaled, with the constant 1 in front.
        prior: what a second-order expert's inverse curvature begins with.

    Raises:
        ValueError: the group has no free slot or no expert yet.
    """
    nearest = _nearest(regions, laplace, group, place_A)
    born, experts = int(regions.born_G[group]), regions.bias_GE.shape[1]
    if born == experts:
        raise ValueError(f"group {group}: all {born} slots are taken; prune or merge before growing")
    after = _copied(regions)
    for name in BY_EXPERT:
        array = getattr(after, name)
        array[group, born] = array[group, nearest]
    scale = float(regions.scale_G[group])
    row_A = place_A * (1.0 if laplace else scale)
    row_A[0] = 0.0
    after.centre_GEA[group, born] = row_A
    if not laplace:
        near_A = regions.centre_GEA[group, nearest]
        after.bias_GE[group, born] += (near_A @ near_A - row_A @ row_A) / (2.0 * scale)
    after.usage_GE[group, born] = 1.0 / experts
    curvature_EQQ = curvature_of(after, group)
    if curvature_EQQ is not None:
        curvature_EQQ[born] = prior * np.eye(curvature_EQQ.shape[1])
    after.born_G[group] += 1
    heirs: list[tuple[int, ...]] = [(e,) for e in range(born)]
    heirs[nearest] = (nearest, born)
    return Edit("grow", group, after, np.arange(experts), tuple(heirs), (nearest,), (born,))


def _live(regions: Regions, group: int, expert: int) -> int:
    born = int(regions.born_G[group])
    if not 0 <= expert < born:
        raise ValueError(f"expert: got {expert}; group {group} has the live experts 0 to {born - 1}")
    return born


def _copied(regions: Regions) -> Regions:
    names = (*BY_EXPERT, "curvature_SEQQ", "born_G")
    return regions._replace(**{name: getattr(regions, name).copy() for name in names})


def _nearest(regions: Regions, laplace: bool, group: int, place_A: Floats) -> int:
    born = int(regions.born_G[group])
    if born == 0:
        raise ValueError(f"group {group} has no expert yet; its first is born on its first record")
    centre_EA = regions.centre_GEA[group, :born] / (1.0 if laplace else regions.scale_G[group])
    return int(((centre_EA[:, 1:] - place_A[1:]) ** 2).sum(axis=1).argmin())


def _slope(laplace: bool, scale: float, row_NA: Floats, place_A: Floats) -> Floats:
    """Logit less bias of gate rows at a point."""
    if laplace:
        near: Floats = -scale * np.sqrt(((row_NA[:, 1:] - place_A[1:]) ** 2).sum(axis=1))
        return near
    along: Floats = row_NA[:, 1:] @ place_A[1:]
    return along


def _close_gap(
    regions: Regions, group: int, gone: int
) -> tuple[npt.NDArray[np.int64], list[tuple[int, ...]]]:
    """Move later experts forward over a vacated slot -> (origin of every slot, heirs of every old expert)."""
    born, experts = int(regions.born_G[group]), regions.bias_GE.shape[1]
    kept = [e for e in range(born) if e != gone]
    order_E = np.array([*kept, gone, *range(born, experts)])
    for name in BY_EXPERT:
        array = getattr(regions, name)
        array[group] = array[group, order_E]
        array[group, born - 1] = UNBORN if name == "bias_GE" else 0.0
    regions.variance_GE[group, born - 1] = 1.0
    curvature_EQQ = curvature_of(regions, group)
    if curvature_EQQ is not None:
        curvature_EQQ[:] = curvature_EQQ[order_E]
        curvature_EQQ[born - 1] = 0.0
    regions.born_G[group] = born - 1
    heirs: list[tuple[int, ...]] = [(e - (e > gone),) for e in range(born)]
    origin_E = order_E.copy()
    origin_E[born - 1] = -1
    return origin_E, heirs


def _keep_borders(
    before: Regions, after: Regions, laplace: bool, group: int, pair: tuple[int, int], input_NA: Floats
) -> None:
    """Fit the gate without the second of a pair to the weights before, with those of both on the first."""
    kept, gone = pair
    wanted_NE = gate_weights(_gate(before, laplace, group), input_NA)
    wanted_NE[:, kept] += wanted_NE[:, gone]
    fitted, _ = imitate(_gate(after, laplace, group), input_NA, np.delete(wanted_NE, gone, axis=1))
    born = int(after.born_G[group])
    after.centre_GEA[group, :born], after.bias_GE[group, :born] = fitted.row_EA, fitted.bias_E


def _gate(regions: Regions, laplace: bool, group: int) -> Gate:
    born = int(regions.born_G[group])
    row_EA, bias_E = regions.centre_GEA[group, :born], regions.bias_GE[group, :born]
    return Gate(row_EA, bias_E, float(regions.scale_G[group]), laplace)


def _part(regions: Regions, laplace: bool, group: int, pair: tuple[int, int], cut: Cut) -> None:
    """Move two copies apart across a border through the cut's place; each takes its side's coefficients."""
    direction_A, place_A = cut.direction_A, cut.place_A
    for expert, side, shift_CA, variance in zip(pair, (-1, 1), cut.shift_2CA, cut.variance_2, strict=True):
        row_A = regions.centre_GEA[group, expert]
        if laplace:
            along = (place_A[1:] - row_A[1:]) @ direction_A[1:]
            row_A += (along + side * cut.spread) * direction_A
        else:
            steep = side * BORDER_SLOPE / cut.spread
            row_A += steep * direction_A
            regions.bias_GE[group, expert] -= steep * (direction_A[1:] @ place_A[1:])
        regions.weight_GECA[group, expert] += shift_CA
        regions.variance_GE[group, expert] = variance
