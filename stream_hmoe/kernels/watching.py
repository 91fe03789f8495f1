"""What a group's records say about the number of its experts: sums over records, one pass, compiled.

Taken before each record is learned, from the prediction just made, with responsibilities h_e and gate
weights g_e. Three questions in one currency, nats of the group's -log p(y|x):

    without e       p_-e = (p - g_e f_e) / (1 - g_e)       loss grows by log(1 - g_e) - log(1 - h_e)
    e's mass to j   p    = p - g_e f_e + g_e f_j           loss grows by -log(1 - h_e + h_j g_e / g_j)
    e cut in two    least squares of the residuals on either side of e's mean input, along J directions

so nothing has to be fitted again to know what an expert is worth.

Source: the first two derived; the third is the score form of model-based recursive partitioning (Zeileis,
Hothorn and Hornik 2008) for experts weighted by responsibility.

Shapes: N records, G groups, E experts of a group, C outputs, A = 1 + features, B of these that are tried
(the constant and the first of the features), J directions.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .arrays import Axes
from .categorical import LEARN, PREDICT, State, run_classes
from .compiled import compiled, linked
from .gaussian import LARGEST, run_means, target_scale
from .region_learning import gaussian_shares, learn_regions, learn_regions_mean
from .regions import Regions, predict_regions, predict_regions_mean

__all__ = ["WATCH_AXES", "Beside", "Watch", "run_watched_classes", "run_watched_means"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# Entries of an array have no literal type, for which the whole kernel would be compiled once more.
PHASES = np.array([PREDICT, LEARN])
LEAST_REST = 1e-9
SETTLED_MASS = 10.0


class Watch(NamedTuple):
    """Sums over the records watched, as they are or weighted by the expert's responsibility h.

    As they are: ``alone_GE`` -log(1 - h), ``absent_GE`` log(1 - g), ``heir_GEE`` what e's mass handed to j
    takes off ``alone_GE``. Weighted: ``loss_GE`` -log f_e, ``square_GEC`` squared residuals (of classes
    p (1 - p)), ``moment`` z z', ``gradient`` residual times z; ``side`` is the same times +1 or -1 by the
    side of e's mean input along a direction.
    """

    direction_JB: Floats
    records_G: Floats
    loss_GE: Floats
    alone_GE: Floats
    absent_GE: Floats
    heir_GEE: Floats
    square_GEC: Floats
    moment_GEBB: Floats
    gradient_GECB: Floats
    side_square_GEJC: Floats
    side_moment_GEJBB: Floats
    side_gradient_GEJCB: Floats


WATCH_AXES = {
    "direction_JB": Axes("JB"),
    "records_G": Axes("G"),
    "loss_GE": Axes("GE"),
    "alone_GE": Axes("GE"),
    "absent_GE": Axes("GE"),
    "heir_GEE": Axes("GEE"),
    "square_GEC": Axes("GEC"),
    "moment_GEBB": Axes("GEBB"),
    "gradient_GECB": Axes("GECB"),
    "side_square_GEJC": Axes("GEJC"),
    "side_moment_GEJBB": Axes("GEJBB"),
    "side_gradient_GEJCB": Axes("GEJCB"),
}


class Beside(NamedTuple):
    """A challenger: an edited copy of one group (or of none), what is seen of it, scratch for predictions."""

    regions: Regions
    watch: Watch
    probability_TC: Floats
    mean_T: Floats


@compiled
def run_watched_classes(
    state: State,
    watch: Watch,
    beside: Beside,
    x_ND: Floats,
    y_N: Integers,
    mode: int,
    probability_NC: Floats,
    loss_N: Floats,
    weight_NK: Floats,
    group_loss_NG: Floats,
    beside_loss_NG: Floats,
) -> None:
    """``run_classes`` watched while it learns, with a challenger beside it on the same records.

    -log p(y|x) of every group goes into ``group_loss_NG``, that of the challenger into ``beside_loss_NG``.
    """
    regions, challenger, z_A = state.regions, beside.regions, state.z_A
    laplace, record = state.laplace_2[1] == 1, state.records_1[0]
    for n in range(x_ND.shape[0]):
        one = slice(n, n + 1)
        x, y, p, loss, weight = x_ND[one], y_N[one], probability_NC[one], loss_N[one], weight_NK[one]
        if mode != LEARN:
            run_classes(state, x, y, PHASES[0], p, loss, weight)
        if mode == PREDICT or y_N[n] < 0:
            continue
        _watch_classes(regions, watch, z_A, y_N[n], state.pool.probability_TC[2:], group_loss_NG[n])
        if challenger.born_G.size > 0:
            predict_regions(challenger, laplace, z_A, beside.probability_TC, 0)
            _watch_classes(challenger, beside.watch, z_A, y_N[n], beside.probability_TC, beside_loss_NG[n])
            learn_regions(challenger, laplace, z_A, y_N[n], beside.probability_TC, 0, record + n)
        run_classes(state, x, y, PHASES[1], p, loss, weight)


@compiled
def run_watched_means(
    state: State,
    target_3: Floats,
    watch: Watch,
    beside: Beside,
    x_ND: Floats,
    y_N: Floats,
    mode: int,
    moments_N2: Floats,
    loss_N: Floats,
    weight_NK: Floats,
    group_loss_NG: Floats,
    beside_loss_NG: Floats,
) -> None:
    """The same for ``run_means``; the density is that of the scaled target."""
    regions, challenger, z_A = state.regions, beside.regions, state.z_A
    laplace, record = state.laplace_2[1] == 1, state.records_1[0]
    for n in range(x_ND.shape[0]):
        one = slice(n, n + 1)
        x, y, moments, loss, weight = x_ND[one], y_N[one], moments_N2[one], loss_N[one], weight_NK[one]
        if mode != LEARN:
            run_means(state, target_3, x, y, PHASES[0], moments, loss, weight)
        if mode == PREDICT or math.isnan(y_N[n]):
            continue
        centre, spread = target_scale(target_3)
        u = min(max((y_N[n] - centre) / spread, -LARGEST), LARGEST)
        _watch_means(regions, watch, z_A, u, group_loss_NG[n])
        if challenger.born_G.size > 0:
            predict_regions_mean(challenger, laplace, z_A, beside.mean_T, 0)
            _watch_means(challenger, beside.watch, z_A, u, beside_loss_NG[n])
            learn_regions_mean(challenger, laplace, z_A, u, beside.mean_T, 0, record + n)
        run_means(state, target_3, x, y, PHASES[1], moments, loss, weight)


@linked
def _watch_classes(
    regions: Regions, watch: Watch, z_A: Floats, y: int, probability_GC: Floats, loss_G: Floats
) -> None:
    for g in range(regions.born_G.size):
        born = regions.born_G[g]
        loss_G[g] = 0.0
        if born == 0:
            continue
        likelihood = max(probability_GC[g, y], 1e-12)
        loss_G[g] = -math.log(likelihood)
        for e in range(born):
            gate = regions.gate_GE[g, e]
            share = gate * regions.probability_GEC[g, e, y] / likelihood
            regions.share_E[e] = share if gate > 0.0 else 0.0
        _count_removals(regions, watch, g, loss_G[g])
        for e in range(born):
            if regions.share_E[e] >= regions.cutoff_1[0]:
                for c in range(regions.logit_C.size):
                    regions.logit_C[c] = (1.0 if c == y else 0.0) - regions.probability_GEC[g, e, c]
                _count_sides(watch, g, e, regions.share_E[e], z_A, regions.logit_C, True)


@linked
def _watch_means(regions: Regions, watch: Watch, z_A: Floats, u: float, loss_G: Floats) -> None:
    for g in range(regions.born_G.size):
        born = regions.born_G[g]
        loss_G[g] = 0.0
        if born == 0:
            continue
        gate_E, mean_E, variance_E = regions.gate_GE[g], regions.mean_GE[g], regions.variance_GE[g]
        log_density = gaussian_shares(born, u, gate_E, mean_E, variance_E, regions.share_E)
        loss_G[g] = 0.5 * math.log(2.0 * math.pi) - log_density
        _count_removals(regions, watch, g, loss_G[g])
        for e in range(born):
            if regions.share_E[e] >= regions.cutoff_1[0]:
                regions.logit_C[0] = u - mean_E[e]
                _count_sides(watch, g, e, regions.share_E[e], z_A, regions.logit_C, False)


@linked
def _count_removals(regions: Regions, watch: Watch, g: int, loss: float) -> None:
    """Each expert's own loss; how the group's would grow without it, and with its mass on another."""
    born = regions.born_G[g]
    watch.records_G[g] += 1.0
    gate_E, share_E = regions.gate_GE[g], regions.share_E
    for e in range(born):
        gate = gate_E[e]
        if gate == 0.0:
            continue
        rest = max(1.0 - share_E[e], LEAST_REST)
        if share_E[e] > 0.0:
            watch.loss_GE[g, e] += share_E[e] * (loss - math.log(share_E[e] / gate))
        watch.alone_GE[g, e] -= math.log(rest)
        watch.absent_GE[g, e] += math.log(max(1.0 - gate, LEAST_REST))
        for j in range(born):
            if j != e and gate_E[j] > 0.0:
                heir = max(1.0 - share_E[e] + share_E[j] * gate / gate_E[j], LEAST_REST)
                watch.heir_GEE[g, e, j] += math.log(heir / rest)


@linked
def _count_sides(
    watch: Watch, g: int, e: int, share: float, z_A: Floats, residual_C: Floats, is_class: bool
) -> None:
    """Normal equations of one expert's residuals on z, and their difference between the two sides."""
    size = watch.direction_JB.shape[1]
    moment_BB, gradient_CB = watch.moment_GEBB[g, e], watch.gradient_GECB[g, e]
    mass = moment_BB[0, 0]
    settled = mass > SETTLED_MASS
    for j in range(watch.direction_JB.shape[0] if settled else 0):
        place = 0.0
        for b in range(1, size):
            place += watch.direction_JB[j, b] * (z_A[b] - moment_BB[0, b] / mass)
        signed = share if place > 0.0 else -share
        for c in range(residual_C.size):
            square = _square(residual_C[c], is_class)
            watch.side_square_GEJC[g, e, j, c] += signed * square
            for b in range(size):
                watch.side_gradient_GEJCB[g, e, j, c, b] += signed * residual_C[c] * z_A[b]
        for a in range(size):
            for b in range(size):
                watch.side_moment_GEJBB[g, e, j, a, b] += signed * z_A[a] * z_A[b]
    for c in range(residual_C.size):
        watch.square_GEC[g, e, c] += share * _square(residual_C[c], is_class)
        for b in range(size):
            gradient_CB[c, b] += share * residual_C[c] * z_A[b]
    for a in range(size):
        for b in range(size):
            moment_BB[a, b] += share * z_A[a] * z_A[b]


@linked
def _square(residual: float, is_class: bool) -> float:
    """Squared residual; of a class 1[y = c] - p its expectation p (1 - p), which is its variance."""
    size = abs(residual)
    return size * (1.0 - size) if is_class else size * size
