"""Bets on the whole vector: every start counts the gate weights since its birth and bets on their mean.

Start i holds counts N_i, their total n_i and one capital for each strength kappa. It believes in
q = (kappa p + N_i) / (kappa + n_i), the Dirichlet posterior mean, and so wins

    e = 1 + (1 - rho) (<w, N_i> - n_i W) / (kappa + n_i)

(w, W and rho as in ``leaves``); then N_i gains the expected new draws f_k = (1 - rho) p_k w_k. Each
record begins a start with capital one, shared by the strengths. Starts are thinned to some per octave of
age; one that is dropped hands its capital to the next younger one, so that no evidence is lost and the sum
of the capitals less the number of records stays a supermartingale.

If p is estimated with expected chi-square error epsilon^2, then E[e] - 1 <= sqrt(chi2(q || p)) epsilon
(Cauchy-Schwarz), and e is divided by 1 plus that. chi2(q || p) comes from S_i = sum_k N_ik^2 / p_k,
which is kept up to date with the inner product that the bet needs anyway.

Source: Dirichlet-multinomial mixtures, Lindon and Malek (2022); e-detectors, Shin, Ramdas and Rinaldo
(2024); the linear and lazy-chain forms and the correction are derived here.

Shapes: K leaves, Q starts, B strengths.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ..kernels.compiled import linked

__all__ = ["begin_start", "bet_on_starts", "thin_starts"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@linked
def begin_start(
    capital_QB: Floats,
    count_QK: Floats,
    total_Q: Floats,
    square_Q: Floats,
    birth_Q: Integers,
    order_Q: Integers,
    starts: int,
    record: int,
    unit: float,
) -> None:
    """A start with no counts behind the ``starts`` that ``order_Q`` lists, oldest first."""
    i = order_Q[starts]
    birth_Q[i] = record
    total_Q[i] = 0.0
    square_Q[i] = 0.0
    for b in range(capital_QB.shape[1]):
        capital_QB[i, b] = unit / capital_QB.shape[1]
    for k in range(count_QK.shape[1]):
        count_QK[i, k] = 0.0


@linked
def bet_on_starts(
    capital_QB: Floats,
    count_QK: Floats,
    total_Q: Floats,
    square_Q: Floats,
    order_Q: Integers,
    starts: int,
    strength_B: Floats,
    w_K: Floats,
    W: float,
    fresh_K: Floats,
    only: int,
    pace: float,
    error: float,
) -> float:
    """Every start bets, then counts -> the sum of all capital.

    Args:
        capital_QB: capitals, updated in place.
        count_QK: N, updated in place.
        total_Q: n, updated in place.
        square_Q: S, updated in place.
        order_Q: slots, oldest start first.
        starts: how many of them are alive.
        strength_B: kappa.
        w_K: g_k / p_tk.
        W: <w, p>.
        fresh_K: f, the expected new draws.
        only: the one leaf with any weight, or -1 if there are several.
        pace: 1 - rho, or 1 / tau.
        error: epsilon, the root of the expected chi-square error of p.
    """
    own = 0.0
    for k in range(w_K.size):
        own += fresh_K[k] * w_K[k]
    own *= pace
    fresh = pace * W
    total = 0.0
    for place in range(starts):
        i = order_Q[place]
        product = 0.0
        if only >= 0:
            product = w_K[only] * count_QK[i, only]
            count_QK[i, only] += fresh_K[only]
        else:
            for k in range(w_K.size):
                product += w_K[k] * count_QK[i, k]
                count_QK[i, k] += fresh_K[k]
        n = total_Q[i]
        gain = pace * (product - n * W)
        price = pace * error * math.sqrt(max(square_Q[i] - n * n, 0.0))
        for b in range(strength_B.size):
            size = strength_B[b] + n
            capital_QB[i, b] *= max(size + gain, 0.0) / (size + price)
            total += capital_QB[i, b]
        total_Q[i] = n + fresh
        square_Q[i] += 2.0 * pace * product + own
    return total


@linked
def thin_starts(
    capital_QB: Floats, birth_Q: Integers, order_Q: Integers, starts: int, record: int, spacing: float
) -> int:
    """Drop starts that stand too close for their age, and the oldest when slots run out -> how many live.

    Start i goes if age[i-1] - age[i+1] < age[i+1] / spacing; slots of dropped starts go to the end of
    ``order_Q``, where the next start takes its slot.
    """
    place = starts - 2
    while place >= 1:
        younger = record - birth_Q[order_Q[place + 1]] + 1
        older = record - birth_Q[order_Q[place - 1]] + 1
        if spacing * (older - younger) < younger:
            starts = _drop(capital_QB, order_Q, starts, place)
        place -= 1
    if starts == order_Q.size:
        starts = _drop(capital_QB, order_Q, starts, 0)
    return starts


@linked
def _drop(capital_QB: Floats, order_Q: Integers, starts: int, place: int) -> int:
    slot, heir = order_Q[place], order_Q[place + 1]
    for b in range(capital_QB.shape[1]):
        capital_QB[heir, b] += capital_QB[slot, b]
    for later in range(place, starts - 1):
        order_Q[later] = order_Q[later + 1]
    order_Q[starts - 1] = slot
    return starts - 1
