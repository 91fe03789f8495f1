"""Two experts' coefficients, variances and pasts as those of one.

First-order experts become averages by mass w, with deviations measured at the pair's place m:

    tau = sum w tau_i;  variance = sum w (variance_i + (tau_i - tau)^2);  centre a = sum w a_i
    Laplace  eta = sum w eta_i
    softmax  eta = sum w (eta_i + (tau_i - tau) (a_i - a)),  a first-order rule that holds for near rows

Second-order experts become the least squares of both pasts: their informations add up.

Source: which moments each gate's density sees at first order, derived from the interactions of its
derivatives by gate and by expert; recursive least squares.

Shapes: G groups, E experts of a group, C outputs, A = 1 + features, Q = A or 0.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..kernels.regions import Regions

__all__ = ["add_pasts", "average_pair", "curvature_of"]

Floats = npt.NDArray[np.float64]

NEGLIGIBLE = 1e-13


def curvature_of(regions: Regions, group: int) -> Floats | None:
    """(E, Q, Q) inverse curvatures of a group with second-order experts."""
    second = group - (regions.born_G.size - regions.curvature_SEQQ.shape[0])
    return regions.curvature_SEQQ[second] if second >= 0 and regions.curvature_SEQQ.shape[2] else None


def average_pair(
    regions: Regions, laplace: bool, group: int, both: list[int], w_2: Floats, place_A: Floats
) -> None:
    """First-order experts: the rules by gate, with the intercept taken at the pair's place."""
    weight_2CA, row_2A = regions.weight_GECA[group, both], regions.centre_GEA[group, both]
    tau_2C = weight_2CA @ place_A
    tau_C = w_2 @ tau_2C
    eta_2CA = weight_2CA.copy()
    if not laplace:
        eta_2CA[:, :, 1:] += (tau_2C - tau_C)[:, :, None] * (row_2A - w_2 @ row_2A)[:, None, 1:]
    eta_CA = np.einsum("n,nca->ca", w_2, eta_2CA)
    eta_CA[:, 0] = tau_C - eta_CA[:, 1:] @ place_A[1:]
    variance_2 = regions.variance_GE[group, both] + ((tau_2C - tau_C) ** 2).mean(axis=1)
    regions.weight_GECA[group, both[0]] = eta_CA
    regions.variance_GE[group, both[0]] = w_2 @ variance_2


def add_pasts(regions: Regions, group: int, both: list[int], w_2: Floats) -> None:
    """Second-order experts: informations add up, coefficients are the least squares of both pasts."""
    curvature_EQQ = curvature_of(regions, group)
    assert curvature_EQQ is not None
    R_2QQ = curvature_EQQ[both]
    ridge_2 = NEGLIGIBLE * np.trace(R_2QQ, axis1=1, axis2=2)
    information_2QQ = np.linalg.inv(R_2QQ + ridge_2[:, None, None] * np.eye(R_2QQ.shape[1]))
    R_QQ = np.linalg.inv(information_2QQ.sum(axis=0))
    R_QQ = 0.5 * (R_QQ + R_QQ.T)
    weight_2CA = regions.weight_GECA[group, both]
    eta_CA = np.einsum("nca,nab,bd->cd", weight_2CA, information_2QQ, R_QQ)
    away_2CA = weight_2CA - eta_CA
    between_2 = np.einsum("nca,nab,ncb->n", away_2CA, information_2QQ, away_2CA)
    between_2 /= information_2QQ[:, 0, 0] * weight_2CA.shape[1]
    regions.weight_GECA[group, both[0]] = eta_CA
    regions.variance_GE[group, both[0]] = w_2 @ (regions.variance_GE[group, both] + between_2)
    curvature_EQQ[both[0]] = R_QQ
