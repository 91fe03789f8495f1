"""The threshold that a recorded period needs, when its losses depend on each other.

Shapes: N records, K leaves.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from .concept_bets import bets_for, no_evidence
from .concept_steps import take_in
from .loss_reference import LossReference, checked_losses

__all__ = ["calibrated_threshold"]

Floats = npt.NDArray[np.float64]

BLOCK_RECORDS = 400
ALARMS = 40
HIGHEST_NATS = 12.0
STEP_NATS = 0.5


def calibrated_threshold(
    reference: LossReference, g_NK: Floats, loss_N: Floats, arl: float = 10_000, *, seed: int = 0
) -> float:
    """Lowest threshold, ``arl`` or more, that keeps the ARL on the recorded period.

    The period is drawn again in blocks of 400 records (circular block bootstrap), which keeps what a
    record tells of the next ones, and played against the reference. The ARL is records over alarms (maximum
    likelihood for exponential times, the unfinished one included). The threshold rises by half a nat
    until the ARL is not below the wanted one by more than a standard error.

    Args:
        reference: estimated from the same period.
        g_NK: (N, K) gate weights of the period.
        loss_N: (N,) its losses.
        arl: wanted average number of records between false alarms.
        seed: of the drawing.
    """
    g_NK, loss_N = checked_losses(g_NK, loss_N, reference.bound)
    # The doubt about the reference is for other periods; against its own it would hide alarms.
    bets = bets_for(reference, caution=0.0)
    rises = math.ceil(HIGHEST_NATS / STEP_NATS)
    for rise in range(rises):
        threshold = arl * math.exp(rise * STEP_NATS)
        rng = np.random.default_rng(seed)
        alarms, records, evidence = 0, 0, no_evidence(reference, 0.0, 0.0)
        while records < ALARMS * arl:
            first = int(rng.integers(loss_N.size))
            index_N = np.arange(first, first + BLOCK_RECORDS) % loss_N.size
            drawn_NK, drawn_N = g_NK[index_N], loss_N[index_N]
            records += BLOCK_RECORDS
            done = 0
            while done < BLOCK_RECORDS:
                taken, capital = take_in(bets, evidence, drawn_NK[done:], drawn_N[done:], threshold)
                done += taken
                if capital >= threshold:
                    alarms += 1
                    evidence = no_evidence(reference, 0.0, 0.0)
        if records * (1.0 + 1.0 / math.sqrt(max(alarms, 1))) >= arl * alarms:
            return threshold
    return arl * math.exp(HIGHEST_NATS)
