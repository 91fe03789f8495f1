"""From sums over records to what each edit would be worth, in nats per record of the group's loss.

The sums are those of ``kernels.watching``; nothing is fitted again. All gains and harms count every record
of the group, so that they can be compared with one price for an expert:

    price = (parameters of an expert) log(horizon) / (2 horizon),

the Bayesian information criterion's penalty (Schwarz 1978), spread over the records in which an expert must
have earned it.

Shapes: G groups, E experts of a group, C outputs, A = 1 + features, B of them that are tried, J directions.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..kernels.arrays import allocate
from ..kernels.regions import Regions
from ..kernels.watching import WATCH_AXES, Watch
from .edits import Cut

__all__ = [
    "Gain",
    "Harm",
    "allocate_watch",
    "cuts",
    "expert_price",
    "fade",
    "forget",
    "mean_input",
    "merge_cost",
    "removals",
    "suspicions",
]

Floats = npt.NDArray[np.float64]

MOST_TRIED = 16
DIAGONALS_UP_TO = 4
LEAST_SIDE = 10.0
RIDGE = 1.0
LEAST_VARIANCE = 1e-4


class Harm(NamedTuple):
    """What it would cost to do without an expert: handing all its mass to ``heir``, or to all (-1)."""

    expert: int
    heir: int
    nats: float


class Gain(NamedTuple):
    """What two experts in place of one would gain, and how to cut it."""

    expert: int
    nats: float
    cut: Cut


def allocate_watch(regions: Regions) -> Watch:
    """Sums that have seen nothing.

    Experts are cut along the axes of the first 16 features, and along the diagonals of pairs up to 4.
    """
    groups, experts = regions.bias_GE.shape
    tried = min(regions.centre_GEA.shape[2] - 1, MOST_TRIED)
    directions = _directions(tried)
    sizes = {"G": groups, "E": experts, "C": regions.logit_C.size, "B": 1 + tried, "J": len(directions)}
    watch = allocate(Watch, WATCH_AXES, sizes)
    watch.direction_JB[:] = directions
    return watch


def forget(watch: Watch, group: int) -> None:
    """Start a group's sums again."""
    fade(watch, group, 0.0)


def fade(watch: Watch, group: int, factor: float) -> None:
    """Make a group's records so far count for less."""
    for name, array in watch._asdict().items():
        if name != "direction_JB":
            array[group] *= factor


def expert_price(regions: Regions, horizon: int) -> float:
    """Nats per record that an expert must be worth: its gate row and bias, coefficients and variance."""
    outputs, wide = regions.logit_C.size, regions.centre_GEA.shape[2]
    free = max(outputs - 1, 1) * wide + (outputs == 1)
    return float((wide + free) * math.log(horizon) / (2.0 * horizon))


def removals(regions: Regions, watch: Watch, group: int) -> list[Harm]:
    """The cheapest way to do without each live expert."""
    born, records = int(regions.born_G[group]), float(watch.records_G[group])
    if born < 2 or records == 0.0:
        return []
    alone_E = watch.alone_GE[group, :born] / records
    harm_EE = alone_E[:, None] - watch.heir_GEE[group, :born, :born] / records
    np.fill_diagonal(harm_EE, alone_E + watch.absent_GE[group, :born] / records)
    heir_E = harm_EE.argmin(axis=1)
    return [Harm(e, -1 if heir == e else int(heir), float(harm_EE[e, heir])) for e, heir in enumerate(heir_E)]


def cuts(regions: Regions, watch: Watch, group: int, is_class: bool) -> Iterator[Gain]:
    """The best cut of each live expert whose two sides have both been seen enough.

    Least squares of the residuals on z, on both sides apart and together; the gain is in log-likelihood:

        mean     (n log v - n_- log v_- - n_+ log v_+) / 2,   v = (squares - explained) / n
        classes  sum_c (explained_- + explained_+ - explained)_c / (2 p_c (1 - p_c))
    """
    born, records = int(regions.born_G[group]), float(watch.records_G[group])
    for expert in range(born):
        whole_BB = watch.moment_GEBB[group, expert]
        side_JBB = watch.side_moment_GEJBB[group, expert]
        mass_2J = 0.5 * (whole_BB[0, 0] + np.array([[-1.0], [1.0]]) * side_JBB[:, 0, 0])
        seen_J = mass_2J.min(axis=0) >= LEAST_SIDE + whole_BB.shape[0]
        if records == 0.0 or not seen_J.any():
            continue
        gain_J, shift_J2CB, variance_J2 = _fit_sides(watch, group, expert, mass_2J, is_class)
        best = int(np.where(seen_J, gain_J, -np.inf).argmax())
        cut = _cut(regions, watch, group, expert, best, shift_J2CB[best], variance_J2[best])
        if is_class:
            cut = cut._replace(variance_2=np.full(2, regions.variance_GE[group, expert]))
        yield Gain(expert, float(gain_J[best]) / records, cut)


def merge_cost(regions: Regions, watch: Watch, group: int, pair: tuple[int, int], is_class: bool) -> float:
    """What it would cost if the least squares of both pasts spoke for both, in nats per record.

    sum_i h_i (eta_i - eta)' E_i[z z'] (eta_i - eta) / 2 v_i, with v_i the variance, and 1 / p (1 - p) for
    classes; infinite where some features are not tried.
    """
    both, records = list(pair), float(watch.records_G[group])
    moment_2BB, eta_2CB = watch.moment_GEBB[group, both], regions.weight_GECA[group, both]
    if records == 0.0 or moment_2BB.shape[-1] != eta_2CB.shape[-1]:
        return math.inf
    together_CB = np.einsum("ncb,nbd->cd", eta_2CB, moment_2BB)
    eta_CB, _ = _least_squares(moment_2BB.sum(axis=0), together_CB)
    away_2CB = eta_2CB - eta_CB
    square_2C = np.einsum("nca,nab,ncb->nc", away_2CB, moment_2BB, away_2CB)
    mass_21 = np.maximum(moment_2BB[:, :1, 0], 1e-9)
    spread_2C = watch.square_GEC[group, both] / mass_21
    curve_2C = spread_2C if is_class else 1.0 / np.maximum(spread_2C, LEAST_VARIANCE)
    return float(0.5 * (square_2C * curve_2C).sum()) / records


def suspicions(
    regions: Regions, watch: Watch, group: int, gains: Sequence[Gain], is_class: bool
) -> list[Gain]:
    """Experts whose load times excess loss is large, though no cut of the inputs says why; largest first.

    Excess is an expert's loss above that of the best one, so that this is what the group would gain if two
    in its place were as good. Where a mean is told, the copies also start apart in what they say: two
    regimes may share one place. An expert that served less than half of an even share is no measure.
    """
    if not gains:
        return []
    born, records = int(regions.born_G[group]), float(watch.records_G[group])
    mass_E = watch.moment_GEBB[group, :born, 0, 0]
    busy_E = mass_E > 0.5 * mass_E.mean()
    loss_E = watch.loss_GE[group, :born] / np.maximum(mass_E, 1e-9)
    load_E = mass_E * np.maximum(loss_E - loss_E[busy_E].min(), 0.0) / records
    found = []
    for gain in gains:
        cut = gain.cut
        if not is_class:
            variance = float(regions.variance_GE[group, gain.expert])
            shift_2CA = cut.shift_2CA.copy()
            rise = float((shift_2CA[1, 0] - shift_2CA[0, 0]) @ cut.place_A)
            shift_2CA[:, 0, 0] += np.copysign(0.5, rise) * np.array([-1.0, 1.0]) * math.sqrt(2.0 * variance)
            cut = cut._replace(shift_2CA=shift_2CA, variance_2=np.full(2, 0.5 * variance))
        found.append(Gain(gain.expert, float(load_E[gain.expert]), cut))
    return sorted(found, key=lambda gain: -gain.nats)


def mean_input(regions: Regions, watch: Watch, laplace: bool, group: int, experts: Sequence[int]) -> Floats:
    """(A,) mean of the records that experts served; where a feature is not tried, of their centres."""
    centre_NA = regions.centre_GEA[group, list(experts)] / (1.0 if laplace else regions.scale_G[group])
    place_A: Floats = centre_NA.mean(axis=0)
    place_A[0] = 1.0
    served_B = watch.moment_GEBB[group, list(experts), 0].sum(axis=0)
    if served_B[0] > 0.0:
        place_A[: served_B.size] = served_B / served_B[0]
    return place_A


def _directions(tried: int) -> Floats:
    """(J, 1 + tried) unit vectors."""
    axes = np.eye(1 + tried)[1:]
    if tried > DIAGONALS_UP_TO:
        return axes
    pairs = [(a, b) for a in range(tried) for b in range(a)]
    diagonals = [(axes[a] + sign * axes[b]) / math.sqrt(2.0) for a, b in pairs for sign in (1, -1)]
    return np.array([*axes, *diagonals]).reshape(-1, 1 + tried)


def _fit_sides(
    watch: Watch, group: int, expert: int, mass_2J: Floats, is_class: bool
) -> tuple[Floats, Floats, Floats]:
    """Gain of every direction (J,), coefficients (J, 2, C, B) and variances (J, 2) of both sides."""
    signs = np.array([-1.0, 1.0])
    moment_BB, gradient_CB = watch.moment_GEBB[group, expert], watch.gradient_GECB[group, expert]
    square_C = watch.square_GEC[group, expert]
    moment_J2BB = 0.5 * (moment_BB + signs[:, None, None] * watch.side_moment_GEJBB[group, expert][:, None])
    gradient_J2CB = 0.5 * (
        gradient_CB + signs[:, None, None] * watch.side_gradient_GEJCB[group, expert][:, None]
    )
    square_J2C = 0.5 * (square_C + signs[:, None] * watch.side_square_GEJC[group, expert][:, None])
    mass_J2 = np.maximum(mass_2J.T, 1e-9)
    shift_J2CB, explained_J2C = _least_squares(moment_J2BB, gradient_J2CB)
    _, explained_C = _least_squares(moment_BB, gradient_CB)
    if is_class:
        gain_J = (explained_J2C.sum(axis=1) - explained_C) / np.maximum(square_C, 1e-9) * moment_BB[0, 0]
        # the residuals of C classes have C - 1 degrees of freedom; a step in logits is residual / p (1 - p)
        classes = square_C.size
        shift_J2CB = shift_J2CB / np.maximum(square_C / moment_BB[0, 0], 1e-2)[:, None]
        return 0.5 * gain_J.sum(axis=1) * (classes - 1) / classes, shift_J2CB, np.ones(mass_J2.shape)
    variance_J2 = np.maximum((square_J2C - explained_J2C)[:, :, 0] / mass_J2, LEAST_VARIANCE)
    variance = max(float(square_C[0] - explained_C[0]) / moment_BB[0, 0], LEAST_VARIANCE)
    apart_J = (mass_J2 * np.log(variance_J2)).sum(axis=1)
    gain_J = 0.5 * (moment_BB[0, 0] * math.log(variance) - apart_J)
    return gain_J, shift_J2CB, variance_J2


def _least_squares(moment_BB: Floats, gradient_CB: Floats) -> tuple[Floats, Floats]:
    """Ridge coefficients (..., C, B) and the sum of squares that they explain (..., C)."""
    size = moment_BB.shape[-1]
    solved = np.linalg.solve(moment_BB + RIDGE * np.eye(size), np.swapaxes(gradient_CB, -1, -2))
    shift_CB: Floats = np.swapaxes(solved, -1, -2)
    explained_C: Floats = (gradient_CB * shift_CB).sum(axis=-1)
    return shift_CB, explained_C


def _cut(
    regions: Regions,
    watch: Watch,
    group: int,
    expert: int,
    direction: int,
    shift_2CB: Floats,
    variance_2: Floats,
) -> Cut:
    wide, tried = regions.centre_GEA.shape[2], watch.direction_JB.shape[1]
    moment_BB = watch.moment_GEBB[group, expert] / watch.moment_GEBB[group, expert, 0, 0]
    along_B = watch.direction_JB[direction]
    covariance_BB = moment_BB - np.outer(moment_BB[0], moment_BB[0])
    direction_A, place_A = np.zeros(wide), regions.centre_GEA[group, expert].copy()
    direction_A[:tried], place_A[:tried] = along_B, moment_BB[0]
    shift_2CA = np.zeros((2, shift_2CB.shape[1], wide))
    shift_2CA[:, :, :tried] = shift_2CB
    spread = math.sqrt(max(float(along_B @ covariance_BB @ along_B), 1e-6))
    return Cut(direction_A, place_A, spread, shift_2CA, variance_2)
