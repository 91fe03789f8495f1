"""River's detectors on the raw loss, set to a wanted ARL by trying."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from river.base import DriftDetector
from river.drift import ADWIN, PageHinkley

__all__ = ["PEERS", "first_alarm", "matched"]

Floats = npt.NDArray[np.float64]
Make = Callable[[float], DriftDetector]

STEPS = 10


def _adwin(setting: float) -> DriftDetector:
    return ADWIN(delta=math.exp(-setting))


def _page_hinkley(setting: float) -> DriftDetector:
    return PageHinkley(threshold=math.exp(setting), mode="up")


PEERS: dict[str, Make] = {"ADWIN": _adwin, "PageHinkley": _page_hinkley}


def matched(make: Make, streams: Sequence[Floats], arl: float) -> tuple[float, float]:
    """The setting whose ARL on streams without change is nearest to the wanted one -> (setting, that ARL).

    More alarms than wanted raise the setting; River's detectors begin anew after an alarm by themselves.
    """
    low, high = -3.0, 16.0
    best = (0.0, math.inf)
    for _ in range(STEPS):
        setting = (low + high) / 2.0
        alarms = sum(_alarms(make(setting), loss_N) for loss_N in streams)
        found = sum(loss_N.size for loss_N in streams) / max(alarms, 1)
        if abs(math.log(found / arl)) < abs(math.log(best[1] / arl)):
            best = (setting, found)
        low, high = (setting, high) if found < arl else (low, setting)
    return best


def _alarms(detector: DriftDetector, loss_N: Floats) -> int:
    alarms = 0
    for loss in loss_N.tolist():
        detector.update(loss)
        alarms += detector.drift_detected
    return alarms


def first_alarm(detector: DriftDetector, before_N: Floats, after_N: Floats) -> int | None:
    """Index of the first alarm after the change; alarms before it only begin the detector anew."""
    for loss in before_N.tolist():
        detector.update(loss)
    for index, loss in enumerate(after_N.tolist()):
        detector.update(loss)
        if detector.drift_detected:
            return index
    return None
