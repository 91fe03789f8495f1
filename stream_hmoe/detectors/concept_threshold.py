"""The threshold that a recorded period needs, when its losses depend on each other.

Shapes: N records, K leaves.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .concept_bets import bets_for, no_evidence
from .concept_steps import Bets, take_in
from .loss_reference import LossReference, checked_losses

__all__ = ["calibrated_threshold"]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

BLOCK_RECORDS = 400
WORLDS = 40
HIGHEST_NATS = 12.0
STEP_NATS = 0.5


class _World(NamedTuple):
    """A reference that could have been estimated instead, and the order of the records it meets."""

    reference: LossReference
    bets: Bets
    index_N: Indices


def calibrated_threshold(
    g_NK: Floats,
    loss_N: Floats,
    bound: float = 1.0,
    arl: float = 10_000,
    *,
    caution: float = 1.0,
    seed: int = 0,
) -> float:
    """Lowest threshold, ``arl`` or more, that keeps the ARL for records like those of the period.

    The period is drawn again in blocks of 400 records (circular block bootstrap), which keeps what a record
    tells of the next ones: once to estimate a reference, once to be played against it, forty times over. So
    the threshold answers for dependence and for the error of the reference together. The ARL is records over
    alarms (maximum likelihood for exponential times, unfinished ones included). The threshold rises by half
    a nat until the ARL is above the wanted one by two standard errors.

    Args:
        g_NK: (N, K) gate weights of the period that the reference is estimated from.
        loss_N: (N,) its losses.
        bound: largest loss.
        arl: wanted average number of records between false alarms.
        caution: of the detector.
        seed: of the drawing.
    """
    g_NK, loss_N = checked_losses(g_NK, loss_N, bound)
    rng = np.random.default_rng(seed)
    records = math.ceil(arl)
    worlds = []
    for _ in range(WORLDS):
        index_N = _blocks(rng, loss_N.size, loss_N.size)
        reference = LossReference.estimate(g_NK[index_N], loss_N[index_N], bound)
        played_N = _blocks(rng, loss_N.size, records)
        worlds.append(_World(reference, bets_for(reference, caution), played_N))
    for rise in range(math.ceil(HIGHEST_NATS / STEP_NATS)):
        threshold = arl * math.exp(rise * STEP_NATS)
        alarms = sum(_alarms(world, caution, g_NK, loss_N, threshold) for world in worlds)
        if WORLDS * records >= arl * (alarms + 2.0 * math.sqrt(alarms)):
            return threshold
    return arl * math.exp(HIGHEST_NATS)


def _alarms(world: _World, caution: float, g_NK: Floats, loss_N: Floats, threshold: float) -> int:
    played_NK, played_N = g_NK[world.index_N], loss_N[world.index_N]
    alarms, done = 0, 0
    while done < played_N.size:
        evidence = no_evidence(world.reference, caution, 0.0)
        taken, capital = take_in(world.bets, evidence, played_NK[done:], played_N[done:], threshold)
        alarms += capital >= threshold
        done += taken
    return alarms


def _blocks(rng: np.random.Generator, period: int, records: int) -> Indices:
    """Record numbers of randomly begun runs of the period, which closes into a circle."""
    firsts = rng.integers(period, size=-(-records // BLOCK_RECORDS))
    index_N: Indices = ((firsts[:, None] + np.arange(BLOCK_RECORDS)) % period).reshape(-1)
    return index_N[:records]
