"""What a loss is expected to be, given the gate weights: estimated once, with its own uncertainty.

The model is m(g) = sum_k g_k mu_k. It is fitted by least squares, so that every leaf's weighted residuals
sum to zero over the reference whatever the true form is.

Shapes: N records, K leaves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["LossReference"]

Floats = npt.NDArray[np.float64]

PRIOR_RECORDS = 4.0
PRIOR_VARIANCE_RECORDS = 30.0
RUN_RECORDS = 64
STRONGEST_CORRELATION = 0.95
SWEEPS = 200


@dataclass(frozen=True, eq=False)
class LossReference:
    """Mean loss and share of weight of every leaf over a reference period.

    Args:
        mean_loss_K: (K,) mean loss mu_k of a record that is all leaf k's.
        usage_K: (K,) mean gate weight p_k.
        variance_K: (K,) variance of the loss around what is expected of it, seen by leaf k.
        error_K: (K,) standard error of leaf k's mean residual, as a loss.
        covariance_KK: (K, K) covariance of the errors of ``mean_loss_K``.
        variance: variance of the loss around what is expected of it, over all records.
        correlation: correlation of one residual with the next, 0 where none was found.
        bound: largest loss; larger ones are cut to it.
        records: how many records it is made of; 0 when it is known, not estimated.
    """

    mean_loss_K: Floats
    usage_K: Floats
    variance_K: Floats
    error_K: Floats
    covariance_KK: Floats
    variance: float
    correlation: float
    bound: float
    records: int

    @classmethod
    def known(cls, mean_loss_K: Floats, usage_K: Floats, bound: float = 1.0) -> LossReference:
        """A reference without error; variances are those of losses that are 0 or ``bound``."""
        mean_K, share_K = np.array(mean_loss_K, dtype=np.float64), np.array(usage_K, dtype=np.float64)
        _check_bound(bound)
        if mean_K.ndim != 1 or share_K.shape != mean_K.shape or not mean_K.size:
            raise ValueError(f"mean_loss_K {mean_K.shape} and usage_K {share_K.shape}: give both as (K,)")
        if not ((mean_K >= 0.0) & (mean_K <= bound)).all():
            raise ValueError(
                f"mean_loss_K must lie in [0, {bound:g}], got {mean_K}: scale or clip the losses"
            )
        variance_K = np.maximum(mean_K * (bound - mean_K), 1e-6 * bound**2)
        nothing_K = np.zeros(mean_K.size)
        everywhere = float(share_K @ variance_K)
        covariance_KK = np.zeros((mean_K.size, mean_K.size))
        return cls(mean_K, share_K, variance_K, nothing_K, covariance_KK, everywhere, 0.0, bound, 0)

    @classmethod
    def estimate(cls, g_NK: Floats, loss_N: Floats, bound: float = 1.0) -> LossReference:
        """Fit a reference to a period that counts as good.

        Leaves without weight take over the mean loss of all (ridge of ``PRIOR_RECORDS`` records).
        Standard errors are sandwich errors, widened where sums over runs of ``RUN_RECORDS`` records vary
        more than independent records would (batch means).

        Args:
            g_NK: (N, K) gate weights of the predictions.
            loss_N: (N,) their losses; cut to [0, bound].
            bound: largest loss.

        Raises:
            ValueError: shapes differ, values are not finite, or there are too few records.
        """
        g_NK, loss_N = checked_losses(g_NK, loss_N, bound)
        count, leaves = g_NK.shape
        if count < 2 * RUN_RECORDS:
            raise ValueError(
                f"a reference needs {2 * RUN_RECORDS} records at least, got {count}: wait for more"
            )
        overall = float(loss_N.mean())
        gram_KK = g_NK.T @ g_NK + PRIOR_RECORDS * np.eye(leaves)
        mean_K = _within_box(gram_KK, g_NK.T @ (loss_N - overall), -overall, bound - overall) + overall
        residual_N = loss_N - g_NK @ mean_K
        correlation = _correlation(residual_N)
        surprise_N = residual_N.copy()
        surprise_N[1:] -= correlation * residual_N[:-1]
        variance = max(float(surprise_N @ surprise_N) / count, 1e-6 * bound**2)
        weight_K = (g_NK**2).sum(axis=0)
        variance_K = (g_NK**2).T @ surprise_N**2 + PRIOR_VARIANCE_RECORDS * variance
        variance_K /= weight_K + PRIOR_VARIANCE_RECORDS
        spread_KK = _spread(g_NK, residual_N)
        mass_K = g_NK.sum(axis=0)
        inverse_KK = np.linalg.inv(gram_KK)
        # The ridge draws leaves to the overall mean, which is wrong by something of the order of itself.
        drawn_K = PRIOR_RECORDS * overall / (mass_K + PRIOR_RECORDS)
        error_K = np.sqrt(spread_KK.diagonal() / np.maximum(mass_K, PRIOR_RECORDS) ** 2 + drawn_K**2)
        doubt_KK = spread_KK + (PRIOR_RECORDS * overall) ** 2 * np.eye(leaves)
        covariance_KK = inverse_KK @ doubt_KK @ inverse_KK
        usage_K = mass_K / count
        return cls(mean_K, usage_K, variance_K, error_K, covariance_KK, variance, correlation, bound, count)

    @property
    def leaves(self) -> int:
        """How many leaves it speaks of."""
        return int(self.mean_loss_K.size)

    @property
    def mean_loss(self) -> float:
        """Expected loss over the reference period."""
        return float(self.usage_K @ self.mean_loss_K)

    def restructured(self, share_LK: Floats) -> LossReference:
        """The same reference for other leaves.

        Args:
            share_LK: (L, K) share of old leaf k's weight that new leaf l takes; columns sum to at most 1.
                A new leaf that takes nothing is expected to lose what all lose, give or take as much.
        """
        mass_LK = share_LK * self.usage_K
        mass_L = mass_LK.sum(axis=1)
        born_L = ~(share_LK > 0.0).any(axis=1)
        even_LK = share_LK / np.maximum(share_LK.sum(axis=1, keepdims=True), 1e-300)
        used_L = mass_L > 0.0
        mix_LK = np.where(used_L[:, None], mass_LK / np.where(used_L, mass_L, 1.0)[:, None], even_LK)
        mix_LK[born_L] = self.usage_K
        doubt_L = np.where(born_L, self.mean_loss, 0.0)
        return LossReference(
            mix_LK @ self.mean_loss_K,
            mass_L,
            mix_LK @ self.variance_K,
            np.where(born_L, doubt_L, mix_LK @ self.error_K),
            mix_LK @ self.covariance_KK @ mix_LK.T + np.diag(doubt_L**2),
            self.variance,
            self.correlation,
            self.bound,
            self.records,
        )

    def state_dict(self) -> dict[str, Any]:
        """Every field, by name."""
        values: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: v.copy() if isinstance(v, np.ndarray) else v for name, v in values.items()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> LossReference:
        """The reference that was saved."""
        values: dict[str, Any] = {field.name: state[field.name] for field in fields(cls)}
        copied: dict[str, Any] = {n: v.copy() if isinstance(v, np.ndarray) else v for n, v in values.items()}
        return cls(**copied)


def checked_losses(g_NK: Floats, loss_N: Floats, bound: float) -> tuple[Floats, Floats]:
    """Gate weights and losses as contiguous float64, losses cut to [0, bound].

    Raises:
        ValueError: shapes differ or a value is not finite.
    """
    _check_bound(bound)
    weight_NK = np.ascontiguousarray(g_NK, dtype=np.float64)
    raw_N = np.asarray(loss_N, dtype=np.float64)
    if weight_NK.ndim != 2 or raw_N.shape != weight_NK.shape[:1]:
        message = f"gate weights {weight_NK.shape} and losses {raw_N.shape} do not fit"
        raise ValueError(f"{message}: give (N, K) and (N,)")
    if not (np.isfinite(weight_NK).all() and np.isfinite(raw_N).all()):
        raise ValueError("gate weights and losses must be finite: leave out records without a loss")
    return weight_NK, np.clip(raw_N, 0.0, bound)


def _check_bound(bound: float) -> None:
    if not (math.isfinite(bound) and bound > 0.0):
        raise ValueError(f"bound must be a positive loss, got {bound!r}: 1 for classification errors")


def _within_box(gram_KK: Floats, right_K: Floats, low: float, high: float) -> Floats:
    """The x in [low, high]^K that minimises x' gram x / 2 - right' x, by coordinate descent."""
    x_K = np.asarray(np.linalg.solve(gram_KK, right_K), dtype=np.float64)
    if ((x_K >= low) & (x_K <= high)).all():
        return x_K
    x_K = np.clip(x_K, low, high)
    for _ in range(SWEEPS):
        before_K = x_K.copy()
        for k in range(x_K.size):
            step = (right_K[k] - gram_KK[k] @ x_K) / gram_KK[k, k]
            x_K[k] = min(max(x_K[k] + step, low), high)
        if np.abs(x_K - before_K).max() < 1e-10 * (high - low):
            break
    return x_K


def _correlation(residual_N: Floats) -> float:
    """Lag-1 correlation, 0 where it is within 3 standard errors of 0 or negative."""
    power = float(residual_N @ residual_N)
    if power == 0.0:
        return 0.0
    found = float(residual_N[1:] @ residual_N[:-1]) / power
    return min(found, STRONGEST_CORRELATION) if found > 3.0 / math.sqrt(residual_N.size) else 0.0


def _spread(g_NK: Floats, residual_N: Floats) -> Floats:
    """Covariance of the sums over all records of g_k times residual."""
    push_NK = g_NK * residual_N[:, None]
    spread_KK: Floats = push_NK.T @ push_NK
    # A leaf with few records has seen too few losses to tell their variance: it borrows that of all.
    pooled_K = (g_NK**2).sum(axis=0)
    overall = float(residual_N @ residual_N) / residual_N.size
    own_K = spread_KK.diagonal().copy()
    borrowed_K = pooled_K * (own_K + PRIOR_VARIANCE_RECORDS * overall) / (pooled_K + PRIOR_VARIANCE_RECORDS)
    runs = residual_N.size // RUN_RECORDS
    sums_RK = push_NK[: runs * RUN_RECORDS].reshape(runs, RUN_RECORDS, -1).sum(axis=1)
    by_runs_K = (
        ((sums_RK - sums_RK.mean(axis=0)) ** 2).sum(axis=0) * residual_N.size / ((runs - 1) * RUN_RECORDS)
    )
    wanted_K = np.maximum(np.maximum(own_K, borrowed_K), by_runs_K)
    scale_K = np.sqrt(wanted_K / np.maximum(own_K, 1e-300))
    scale_K[own_K == 0.0] = 0.0
    spread_KK *= scale_K[:, None] * scale_K
    spread_KK[np.diag_indices_from(spread_KK)] = wanted_K
    return spread_KK
