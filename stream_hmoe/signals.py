"""Scalars of the gates and losses, as means over short runs of records, each fed to a River drift detector.

The evidence with guarantees is in ``detectors``; this is for who wants to see a detector they know beside it.

Any detector with River's ``update`` and ``drift_detected`` fits. Its state is kept as the values it has
seen since it last began, which are bounded: it begins again after a drift and after ``LONGEST`` values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from river.base import DriftDetector
from river.drift import ADWIN

from .events import Drifted, Level, Scored, Topology

__all__ = ["RiverSignals"]

Floats = npt.NDArray[np.float64]

RUN_RECORDS = 50
LONGEST = 1000
CALM = 20
LOSS, ENTROPY = "loss", "gate entropy"


class RiverSignals:
    """The loss, the gate entropy and every group's share of the gate weights, each with its own detector.

    A signal goes to DRIFT when its detector fires, and back to STABLE after ``CALM`` quiet values.

    Args:
        topology: which leaf belongs to which group.
        detector: the River detector to clone for each signal. The default is ADWIN with its usual
            confidence shared out over the signals.
    """

    def __init__(self, topology: Topology, detector: DriftDetector | None = None) -> None:
        self._detector = detector
        self.begin(topology)

    def begin(self, topology: Topology) -> None:
        """Begin anew, for a model of this shape."""
        self._group_K = np.array(topology.group_of)
        self._names = (LOSS, ENTROPY, *(f"group {group}" for group in topology.groups))
        usual = ADWIN(delta=0.002 / len(self._names))
        self._prototype = usual if self._detector is None else self._detector
        self._detectors: list[DriftDetector] = [self._prototype.clone() for _ in self._names]
        self._seen: list[list[float]] = [[] for _ in self._names]
        self._calm = [CALM for _ in self._names]
        self._sum_K = np.zeros(len(topology.leaves))
        self._loss_sum, self._entropy_sum = 0.0, 0.0
        self._count = 0

    def update(self, scored: Scored) -> list[Drifted]:
        """Take in scored records -> the signals whose level changed."""
        facts: list[Drifted] = []
        begin = 0
        while begin < len(scored.record):
            end = min(len(scored.record), begin + RUN_RECORDS - self._count)
            part = scored.gate_weights[begin:end]
            # One record at a time, so that no cut of the stream into blocks changes a sum's last bit.
            for row in part:
                self._sum_K += row
            for entropy in _entropies(part):
                self._entropy_sum += entropy
            for loss in scored.loss_nats[begin:end].tolist():
                self._loss_sum += loss
            self._count += end - begin
            if self._count == RUN_RECORDS:
                facts += self._feed(int(scored.record[end - 1]))
            begin = end
        return facts

    def _feed(self, record: int) -> list[Drifted]:
        mean_K = self._sum_K / RUN_RECORDS
        shares = np.bincount(self._group_K, weights=mean_K)
        values = [self._loss_sum / RUN_RECORDS, self._entropy_sum / RUN_RECORDS, *shares.tolist()]
        self._sum_K[:] = 0.0
        self._loss_sum, self._entropy_sum, self._count = 0.0, 0.0, 0
        facts = (self._feed_one(index, value, record) for index, value in enumerate(values))
        return [fact for fact in facts if fact is not None]

    def _feed_one(self, index: int, value: float, record: int) -> Drifted | None:
        self._detectors[index].update(value)
        self._seen[index].append(value)
        fired = self._detectors[index].drift_detected
        if fired or len(self._seen[index]) >= LONGEST:
            self._detectors[index] = self._prototype.clone()
            self._seen[index] = []
        was_calm = self._calm[index]
        self._calm[index] = 0 if fired else min(was_calm + 1, CALM)
        if fired and was_calm >= CALM:
            return Drifted(record, self._names[index], Level.DRIFT, value)
        if not fired and was_calm == CALM - 1:
            return Drifted(record, self._names[index], Level.STABLE, value)
        return None

    def state_dict(self) -> dict[str, Any]:
        """Everything seen that still matters."""
        return {
            "seen": [list(values) for values in self._seen],
            "calm": list(self._calm),
            "sum_K": self._sum_K.copy(),
            "loss_sum": self._loss_sum,
            "entropy_sum": self._entropy_sum,
            "count": self._count,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a saved state: every detector sees its values again."""
        self._seen = [list(values) for values in state["seen"]]
        self._calm = list(state["calm"])
        self._sum_K = np.array(state["sum_K"], dtype=np.float64)
        self._loss_sum, self._entropy_sum = float(state["loss_sum"]), float(state["entropy_sum"])
        self._count = int(state["count"])
        self._detectors = [self._prototype.clone() for _ in self._names]
        for detector, values in zip(self._detectors, self._seen, strict=True):
            for value in values:
                detector.update(value)


def _entropies(weight_NK: Floats) -> list[float]:
    """-sum_k g_k log g_k of each row, in nats."""
    safe = np.where(weight_NK > 0.0, weight_NK, 1.0)
    entropies: list[float] = (-(weight_NK * np.log(safe)).sum(axis=1)).tolist()
    return entropies
