"""Other detectors on the same weights, each with its own threshold set so that its run length matches.

A rival maps (N, K) weights to a statistic per record that alarms from a threshold on; CUSUM knows the
change. River's detectors watch every leaf and alarm when any does; their statistic is 0 or 1 and the
setting itself is what is matched.

Shapes: N records, K leaves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numba
import numpy as np
import numpy.typing as npt
from river.drift import ADWIN, PageHinkley

from .worlds import Change, Floats

__all__ = ["Rival", "adwin", "cusum", "js_window", "kswin", "match", "page_hinkley"]

Rival = Callable[[Floats, float], int | None]
"""(weights, setting) -> index of the first alarm at or after record 0, or None."""


def cusum(change: Change) -> Rival:
    """Page's CUSUM with both means known: nothing is faster."""
    ratio_K = np.log(np.maximum(change.q_K, 1e-9) / change.p_K)

    def run(g_NK: Floats, threshold: float) -> int | None:
        return _first(_cusum_path(g_NK @ ratio_K), threshold)

    return run


def js_window(p_K: Floats, window: int = 400) -> Rival:
    """Jensen-Shannon divergence between the last records' mean and the reference mean."""

    def run(g_NK: Floats, threshold: float) -> int | None:
        sums_NK = np.cumsum(g_NK, axis=0)
        m_NK = (sums_NK[window:] - sums_NK[:-window]) / window
        middle_NK = 0.5 * (m_NK + p_K)
        logs_NK = np.where(m_NK > 0.0, m_NK * np.log(np.maximum(m_NK, 1e-300) / middle_NK), 0.0)
        js_N = 0.5 * (logs_NK + p_K * np.log(p_K / middle_NK)).sum(axis=1)
        found = _first(js_N, threshold)
        return None if found is None else found + window

    return run


def kswin(random_seed: int = 0, window: int = 300, recent: int = 100) -> Rival:
    """The rule of KSWIN on every leaf, in our own code since River's takes milliseconds a record.

    Kolmogorov-Smirnov distance of the latest weights from as many drawn among the older ones of the window.
    """

    def run(g_NK: Floats, threshold: float) -> int | None:
        index = int(_kswin_path(np.ascontiguousarray(g_NK), window, recent, threshold, random_seed))
        return index if index >= 0 else None

    return run


def adwin(g_NK: Floats, log_delta: float) -> int | None:
    """River's ADWIN on every leaf; the setting is -log of its confidence shared out over the leaves."""
    leaves = g_NK.shape[1]
    detectors = [ADWIN(delta=min(math.exp(-log_delta) / leaves, 0.9)) for _ in range(leaves)]
    return _any(detectors, g_NK)


def page_hinkley(p_K: Floats) -> Rival:
    """River's Page-Hinkley, both sides, on every leaf's standardised weight, delta 0.05."""
    deviation_K = np.sqrt(p_K * (1.0 - p_K))

    def run(g_NK: Floats, threshold: float) -> int | None:
        detectors = [PageHinkley(delta=0.05, threshold=threshold, mode="both") for _ in p_K]
        return _any(detectors, (g_NK - p_K) / deviation_K)

    return run


def match(
    rival: Rival, null: Callable[[int], Floats], streams: int, arl: float, low: float, high: float, steps: int
) -> float:
    """The setting whose censored run length on null streams is the wanted one, by bisection."""

    def length(setting: float) -> float:
        time, alarms = 0.0, 0
        for index in range(streams):
            g_NK = null(index)
            found = rival(g_NK, setting)
            time += len(g_NK) if found is None else found + 1
            alarms += found is not None
        return time / max(alarms, 0.5)

    for _ in range(steps):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if length(middle) < arl else (low, middle)
    return high


def _any(detectors: list[ADWIN] | list[PageHinkley], x_NK: Floats) -> int | None:
    for n, row in enumerate(_rows(x_NK)):
        for detector, value in zip(detectors, row, strict=True):
            detector.update(value)
            if detector.drift_detected:
                return n
    return None


def _rows(x_NK: Floats) -> Iterator[list[float]]:
    return iter(x_NK.tolist())


def _first(statistic_N: Floats, threshold: float) -> int | None:
    reached_N = statistic_N >= threshold
    return int(reached_N.argmax()) if reached_N.any() else None


@numba.njit(cache=True)
def _cusum_path(step_N: Floats) -> Floats:
    path_N = np.empty(step_N.size)
    level = 0.0
    for n in range(step_N.size):
        level = max(level, 0.0) + step_N[n]
        path_N[n] = level
    return path_N


@numba.njit(cache=True)
def _kswin_path(g_NK: Floats, window: int, recent: int, threshold: float, seed: int) -> int:
    np.random.seed(seed)
    older = window - recent
    chosen: npt.NDArray[np.int64] = np.empty(recent, np.int64)
    for n in range(window, g_NK.shape[0]):
        for i in range(recent):
            chosen[i] = n - window + np.random.randint(older)
        for k in range(g_NK.shape[1]):
            # Weights are 0 or 1 here, so the distance of the distributions is that of the means.
            difference = 0.0
            for i in range(recent):
                difference += g_NK[n - i, k] - g_NK[chosen[i], k]
            if abs(difference) / recent >= threshold:
                return n
    return -1
