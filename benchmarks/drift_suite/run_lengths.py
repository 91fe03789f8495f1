"""Average run length of right-censored runs, with an interval, and mean delays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Delay", "RunLength", "mean_delay", "run_length"]


@dataclass(frozen=True, slots=True)
class RunLength:
    """Realised over asked.

    Args:
        ratio: total time / number of alarms, the maximum-likelihood estimate for censored exponentials, over
            the wanted average run length.
        low: lower end of the 95% interval.
        high: upper end.
        alarms: how many.
        streams: of how many streams.
    """

    ratio: float
    low: float
    high: float
    alarms: int
    streams: int


@dataclass(frozen=True, slots=True)
class Delay:
    """Mean delay in records with its standard error; ``missed`` is the share not found at all."""

    mean: float
    error: float
    missed: float


def run_length(worlds: Sequence[Sequence[tuple[int, bool]]], arl: float, seed: int = 0) -> RunLength:
    """From (records, alarmed) of every stream, grouped by the reference they share.

    The interval is a bootstrap over references, since streams of one reference stand or fall together.
    """
    time_W = np.array([sum(records for records, _ in world) for world in worlds], dtype=float)
    alarms_W = np.array([sum(alarmed for _, alarmed in world) for world in worlds], dtype=float)
    random = np.random.default_rng(seed)
    picked = random.integers(0, len(worlds), (2000, len(worlds)))
    drawn = time_W[picked].sum(axis=1) / np.maximum(alarms_W[picked].sum(axis=1), 0.5) / arl
    low, high = np.quantile(drawn, [0.025, 0.975])
    ratio = float(time_W.sum() / max(alarms_W.sum(), 0.5) / arl)
    streams = sum(len(world) for world in worlds)
    return RunLength(ratio, float(low), float(high), int(alarms_W.sum()), streams)


def mean_delay(found: Sequence[int | None], longest: int) -> Delay:
    """From the records needed; a run that found nothing counts as the longest."""
    if not found:
        return Delay(float("nan"), float("nan"), float("nan"))
    values = np.array([longest if records is None else records for records in found], dtype=float)
    missed = sum(records is None for records in found) / len(found)
    return Delay(float(values.mean()), float(values.std() / np.sqrt(len(values))), missed)
