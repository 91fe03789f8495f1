"""Watches the losses given the gate: takes a reference when the model has settled, then looks for harm.

The gate it speaks of is a frozen partition, so that a model that learns does not look like a concept that
drifts. A model that has become better gets a new reference: harm is measured against the best that was.

Shapes: N records, D features, K leaves of the partition.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .detectors import ConceptDetector, LossReference, calibrated_threshold
from .detectors.concept import WARNING_PART
from .events import Evidence, Level
from .learner import Learner
from .partition import Partition, watched_group

__all__ = ["CONCEPT", "ConceptWatch", "Harm"]

Floats = npt.NDArray[np.float64]

CONCEPT = "loss given gate"
WARM_UP_RECORDS = 1_000
REFERENCE_RECORDS = 2_000
CLEARLY_BETTER, STANDARD_ERRORS = 0.9, 3.0
FEW_LEAVES, MOST_EVIDENCE = 3, 0.8


@dataclass(frozen=True, slots=True)
class Harm:
    """What an alarm says, as it stands now.

    Args:
        change_point: record at which the losses began to rise, as estimated.
        rise: mean rise of the loss since then, given the gates.
        rise_lower: its lower confidence bound, 95%.
        mix: change of the loss that comes from other leaves being used.
        leaves: names of the leaves that hold the evidence, the most suspect first.
        is_local: at most three leaves, and not all, hold four fifths of it.
    """

    change_point: int
    rise: float
    rise_lower: float
    mix: float
    leaves: tuple[str, ...]
    is_local: bool


class ConceptWatch:
    """A concept detector with its partition and reference, for a model that goes on learning.

    Args:
        arl: wanted average number of records between false alarms.
    """

    def __init__(self, arl: float = 10_000) -> None:
        self.arl = arl
        self._since = WARM_UP_RECORDS
        self._x_ND = np.empty((0, 0))
        self._loss_N = np.empty(0)
        self._referenced = 0
        self._partition: Partition | None = None
        self._detector: ConceptDetector | None = None
        self._alarm: Harm | None = None
        self._change = 0  # of the alarm, in losses that the detector took in: rejected records are none

    @property
    def is_referenced(self) -> bool:
        """It has a reference, and so can see harm."""
        return self._detector is not None

    @property
    def harm(self) -> Harm | None:
        """What the alarm says; None without one."""
        return self._alarm

    @property
    def evidence(self) -> Evidence:
        """Evidence that losses have risen."""
        if self._detector is None:
            return Evidence(CONCEPT, 0.0, math.log(self.arl), Level.STABLE)
        threshold = math.log(self._detector.threshold)
        nats = max(self._detector.evidence_nats, 0.0)
        if self._alarm is not None:
            return Evidence(CONCEPT, max(nats, threshold), threshold, Level.DRIFT)
        is_warning = nats >= threshold - math.log(WARNING_PART)
        return Evidence(CONCEPT, nats, threshold, Level.WARNING if is_warning else Level.STABLE)

    def lies_in(self, x_ND: Floats, leaves: Sequence[str]) -> npt.NDArray[np.bool_]:
        """(N,) whether a record's most responsible leaf is one of those named."""
        if self._partition is None:
            return np.zeros(len(x_ND), dtype=np.bool_)
        named = np.array([leaf in leaves for leaf in self._partition.leaves])
        chosen: npt.NDArray[np.bool_] = named[self._partition.weights(x_ND).argmax(axis=1)]
        return chosen

    def rereference(self, record: int) -> None:
        """Forget what was known: the records from ``record`` on are the next reference."""
        self._since = max(record, WARM_UP_RECORDS)
        self._x_ND, self._loss_N = np.empty((0, 0)), np.empty(0)
        self._referenced = 0
        self._partition, self._detector, self._alarm = None, None, None

    def update(self, record: int, x_ND: Floats, loss_N: Floats, learner: Learner) -> bool:
        """Take in the next records -> whether a reference was taken.

        Args:
            record: records seen, these included.
            x_ND: (N, D) encoded records.
            loss_N: (N,) their losses in [0, 1], from before they were learned.
            learner: the model, for a partition when one is due.
        """
        if record <= self._since or not len(loss_N):
            return False
        self._keep(x_ND, loss_N)
        if self._detector is not None and self._partition is not None:
            self._look(record, self._partition.weights(x_ND), loss_N, self._detector, self._partition)
        return self._reference_if_due(learner)

    def _keep(self, x_ND: Floats, loss_N: Floats) -> None:
        if self._x_ND.shape[1] != x_ND.shape[1]:
            wider = ((0, 0), (0, x_ND.shape[1] - self._x_ND.shape[1]))
            self._x_ND = np.pad(self._x_ND, wider, constant_values=np.nan)
        self._x_ND = np.concatenate([self._x_ND, x_ND])[-REFERENCE_RECORDS:]
        self._loss_N = np.concatenate([self._loss_N, loss_N])[-REFERENCE_RECORDS:]
        self._referenced += len(loss_N)

    def _look(
        self, record: int, g_NK: Floats, loss_N: Floats, detector: ConceptDetector, partition: Partition
    ) -> None:
        taken = 0
        # The detector stops at every alarm; great harm alarms more than once in one tick.
        while (alarm := detector.update_many(g_NK[taken:], loss_N[taken:])) is not None:
            taken += alarm + 1
            if self._alarm is None:
                self._alarm = self._read(record - (len(loss_N) - taken), detector, partition)
        if self._alarm is not None:
            self._alarm = self._refreshed(self._alarm, detector)

    def _read(self, record: int, detector: ConceptDetector, partition: Partition) -> Harm:
        reading = detector.reading
        change = reading.records if reading.change_point is None else reading.change_point
        self._change = change
        order = np.argsort(-reading.leaf_shares, kind="stable")
        held = np.cumsum(reading.leaf_shares[order])
        few = int(np.searchsorted(held, MOST_EVIDENCE)) + 1
        is_few = few <= FEW_LEAVES and few < partition.live
        is_local = is_few and reading.everywhere_share < 0.5
        leaves = tuple(partition.leaves[k] for k in order[: min(few, FEW_LEAVES)])
        split = reading.split
        return Harm(
            record - (reading.records - change), split.concept, split.concept_low, split.mix, leaves, is_local
        )

    def _refreshed(self, harm: Harm, detector: ConceptDetector) -> Harm:
        """The size of the harm by the records up to now; where and since when stays as it was found."""
        split = detector.split_since(self._change)
        return Harm(
            harm.change_point, split.concept, split.concept_low, split.mix, harm.leaves, harm.is_local
        )

    def _reference_if_due(self, learner: Learner) -> bool:
        if self._alarm is not None or self._referenced < REFERENCE_RECORDS:
            return False
        self._referenced = 0
        is_calm = self.evidence.level is Level.STABLE
        if self._detector is not None and not (is_calm and self._is_clearly_better(self._detector)):
            return False
        self._partition = Partition.of(learner, watched_group(learner.settings))
        g_NK = self._partition.weights(self._x_ND)
        reference = LossReference.estimate(g_NK, self._loss_N)
        # Losses that do not depend on each other need no threshold of their own, which takes long to find.
        depends = reference.correlation > 0.0
        threshold = calibrated_threshold(g_NK, self._loss_N, arl=self.arl) if depends else None
        self._detector = ConceptDetector(reference, self.arl, threshold)
        return True

    def _is_clearly_better(self, detector: ConceptDetector) -> bool:
        """By a tenth and by three standard errors: the luckiest of many periods is no fair reference."""
        mean_loss = detector.reference.mean_loss
        gain = mean_loss - float(self._loss_N.mean())
        doubt = float(np.sqrt(2.0 * self._loss_N.var() / len(self._loss_N)))
        return gain > max((1.0 - CLEARLY_BETTER) * mean_loss, STANDARD_ERRORS * doubt)

    def state_dict(self) -> dict[str, Any]:
        """Everything that decides what comes next."""
        harm = self._alarm
        return {
            "arl": self.arl,
            "since": self._since,
            "x_ND": self._x_ND.copy(),
            "loss_N": self._loss_N.copy(),
            "referenced": self._referenced,
            "change": self._change,
            "partition": None if self._partition is None else self._partition.state_dict(),
            "detector": None if self._detector is None else self._detector.state_dict(),
            "alarm": None
            if harm is None
            else [harm.change_point, harm.rise, harm.rise_lower, harm.mix, list(harm.leaves), harm.is_local],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a saved state."""
        self.arl, self._since = float(state["arl"]), int(state["since"])
        self._x_ND = np.array(state["x_ND"], dtype=np.float64)
        self._loss_N = np.array(state["loss_N"], dtype=np.float64)
        self._referenced, self._change = int(state["referenced"]), int(state["change"])
        partition, detector, alarm = state["partition"], state["detector"], state["alarm"]
        self._partition = None if partition is None else Partition.from_state(partition)
        self._detector = None if detector is None else ConceptDetector.from_state(detector)
        self._alarm = None
        if alarm is not None:
            change, rise, lower, mix, leaves, is_local = alarm
            self._alarm = Harm(change, rise, lower, mix, tuple(leaves), is_local)
