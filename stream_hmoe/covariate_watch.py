"""Watches whether the records move, as the frozen gates of a learner see them, and says where and by what.

Shapes: N records, D features.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .detectors import GateWatch, LeafShift, WatchReading
from .detectors.gate_watch import distinct_scales
from .detectors.reading import level_of
from .events import Evidence, Level
from .kernels.frozen_gates import freeze_gates
from .learner import Learner
from .partition import region_leaves

__all__ = ["GATES", "CovariateWatch"]

Floats = npt.NDArray[np.float64]

GATES = "gate shares"
MOST_LEAVES, MOST_FEATURES = 5, 3
LEAST_SHIFT = 0.1


class CovariateWatch:
    """The gate watch of a learner, with its alarm kept until a new reference is asked for.

    Args:
        arl: wanted average number of records between false alarms.
    """

    def __init__(self, arl: float = 10_000) -> None:
        self.arl = arl
        self._watch: GateWatch | None = None
        self._has_regions = True
        self._alarm: dict[str, Any] | None = None

    @property
    def is_referenced(self) -> bool:
        """It has a reference, and so can see drift; a model without region groups needs none."""
        return not self._has_regions or (self._watch is not None and self._watch.watching)

    @property
    def evidence(self) -> Evidence:
        """Evidence that the records are used by other leaves than before, or lie far from all of them."""
        threshold = math.log(self.arl)
        if self._watch is None or not self._watch.watching:
            return Evidence(GATES, 0.0, threshold, Level.STABLE)
        excess = self._watch.excess
        if self._alarm is not None:
            return Evidence(GATES, threshold + max(excess, 0.0), threshold, Level.DRIFT)
        return Evidence(GATES, max(threshold + excess, 0.0), threshold, level_of(excess, 0.0))

    @property
    def change_point(self) -> int:
        """Record at which the change began, as estimated at the alarm; -1 without one."""
        return -1 if self._alarm is None else int(self._alarm["change_point"])

    @property
    def leaves(self) -> tuple[str, ...]:
        """Leaves that moved, the largest move first; none without an alarm."""
        return () if self._alarm is None else tuple(self._alarm["leaves"])

    def detail(self) -> dict[str, Any]:
        """What the alarm says, as JSON-able values: change point, leaves, features, severity, novelty."""
        return {} if self._alarm is None else dict(self._alarm)

    def rereference(self) -> None:
        """Accept what is now as the new normal."""
        self._alarm = None
        if self._watch is not None:
            self._watch.rebase()

    def update(self, record: int, x_ND: Floats, learner: Learner, features: Sequence[str]) -> None:
        """Take in the next records.

        Args:
            record: records seen, these included.
            x_ND: (N, D) encoded records.
            learner: the model whose gates are frozen when that is due.
            features: (D,) names of the features.
        """
        self._has_regions = "regions" in learner.settings.kinds
        if not self._has_regions or not len(x_ND):
            return
        chosen = distinct_scales(learner.state.regions.scale_G)
        if self._watch is None:
            leaves = [leaf for group in chosen for leaf in region_leaves(learner, group)]
            self._watch = GateWatch(leaves, self.arl)
        watch, begin = self._watch, 0
        while begin < len(x_ND):
            end = min(len(x_ND), begin + watch.records_until_gates)
            watch.update(x_ND[begin:end])
            if watch.drift_detected and self._alarm is None:
                behind = record - (len(x_ND) - end) - watch.records
                self._alarm = _particulars(watch.reading(), behind, features)
            if watch.records_until_gates == 0:
                laplace = bool(learner.state.laplace_2[1])
                watch.freeze(freeze_gates(learner.state.scale, learner.state.regions, laplace, chosen))
            begin = end

    def state_dict(self) -> dict[str, Any]:
        """Everything that decides what comes next."""
        return {
            "arl": self.arl,
            "has_regions": self._has_regions,
            "watch": None if self._watch is None else self._watch.state_dict(),
            "alarm": self._alarm,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a saved state."""
        self.arl, self._has_regions = float(state["arl"]), bool(state["has_regions"])
        self._alarm, self._watch = state["alarm"], None
        if state["watch"] is not None:
            self._watch = GateWatch(state["watch"]["leaves"], self.arl)
            self._watch.load_state_dict(state["watch"])


def _particulars(reading: WatchReading, behind: int, features: Sequence[str]) -> dict[str, Any]:
    """An alarm in JSON-able values; ``behind`` turns the watch's record numbers into the stream's."""
    gate = reading.gate
    severity = None if gate is None or gate.severity is None else gate.severity
    change_point = reading.change_point
    return {
        "change_point": -1 if change_point is None else max(0, change_point + behind),
        "is_novel": reading.novelty_excess >= 0.0,
        "leaves": [shift.leaf for shift in reading.leaves[:MOST_LEAVES]],
        "moves": [_leaf(shift, features) for shift in reading.leaves[:MOST_LEAVES]],
        "features": [name for name, _ in _features(reading.shift_D, features)],
        "severity_kl_nats": None if severity is None else severity.kl_nats,
        "total_variation": None if severity is None else severity.total_variation,
    }


def _leaf(shift: LeafShift, features: Sequence[str]) -> dict[str, Any]:
    return {
        "leaf": shift.leaf,
        "before": shift.before,
        "after": shift.after,
        "features": _features(shift.shift_D, features),
    }


def _features(shift_D: Floats, features: Sequence[str]) -> list[list[Any]]:
    """Names and shifts, in standard deviations, of the features that moved most."""
    order = np.argsort(-np.abs(shift_D), kind="stable")[:MOST_FEATURES]
    return [[features[d], float(shift_D[d])] for d in order.tolist() if abs(shift_D[d]) >= LEAST_SHIFT]
