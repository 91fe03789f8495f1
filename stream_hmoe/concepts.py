"""Concepts that were accepted before, remembered by what their model loses at home, to know them again.

A stored model is at home when it loses no more, leaf by leaf, than it did when its concept was accepted. So
after an alarm the stored models predict along in the shadow, and evidence against each concept grows from
the losses of its own model. A concept that stays quiet is a candidate to restore; the paired test decides.

The stream is in an unknown concept when every known one is ruled out. Whichever known concept holds, its own
detector has to alarm falsely for that: the ARL of "unknown" is at least the ARL of one detector.

Shapes: N records, K leaves (of that concept's model).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .detectors import ConceptDetector, LossReference

__all__ = ["ConceptLibrary", "Fingerprint", "Suspect"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """An accepted concept.

    Args:
        key: where the state of its model is kept; nothing is read into it.
        reference: mean loss of each leaf and mean gate weights at home.
        threshold: capital at which the concept is ruled out.
    """

    key: str
    reference: LossReference
    threshold: float


@dataclass(frozen=True, slots=True)
class Suspect:
    """What speaks against a known concept since the trial began.

    Args:
        key: the concept.
        records: losses of its model taken in.
        mean_loss: their mean, 0 before the first.
        evidence_nats: log of the capital against it; where it was ruled out, at that moment.
        ruled_out: whether the evidence has reached the threshold.
    """

    key: str
    records: int
    mean_loss: float
    evidence_nats: float
    ruled_out: bool


class ConceptLibrary:
    """A bounded set of accepted concepts, and the evidence against each since the last trial began.

    Args:
        capacity: concepts to remember; the one that was not used for longest goes first.
        arl: wanted average number of records until a concept that holds is ruled out.
        caution: by how many standard errors a fingerprint may be wrong.
    """

    def __init__(self, capacity: int = 8, arl: float = 10_000, caution: float = 1.0) -> None:
        if capacity < 1:
            raise ValueError(f"capacity must be 1 or more, got {capacity!r}")
        self.capacity = int(capacity)
        self.arl = float(arl)
        self.caution = float(caution)
        self._known: dict[str, Fingerprint] = {}  # in order of use, the latest last
        self._detectors: dict[str, ConceptDetector] = {}
        self._loss_sums: dict[str, float] = {}

    @property
    def keys(self) -> tuple[str, ...]:
        """Known concepts, the one that was used last at the end."""
        return tuple(self._known)

    def __getitem__(self, key: str) -> Fingerprint:
        """The fingerprint of a known concept."""
        return self._known[key]

    def accept(self, key: str, reference: LossReference, threshold: float | None = None) -> str | None:
        """Remember a concept, or renew what is known of it -> the key that had to go, None if none had to.

        Args:
            key: where the state of its model is kept.
            reference: of that model's losses at home.
            threshold: capital at which to rule it out; default ``arl``.
        """
        self._known.pop(key, None)
        self._known[key] = Fingerprint(key, reference, self.arl if threshold is None else float(threshold))
        self._begin_one(key)
        if len(self._known) <= self.capacity:
            return None
        oldest = next(iter(self._known))
        self.forget(oldest)
        return oldest

    def forget(self, key: str) -> None:
        """Drop a concept, for example because its model no longer fits the records."""
        for part in (self._known, self._detectors, self._loss_sums):
            part.pop(key)

    def restored(self, key: str) -> None:
        """Note that the model of a concept is in use again."""
        self._known[key] = self._known.pop(key)

    def begin(self) -> None:
        """Start a trial: nothing speaks against any known concept."""
        for key in self._known:
            self._begin_one(key)

    def _begin_one(self, key: str) -> None:
        known = self._known[key]
        self._detectors[key] = ConceptDetector(known.reference, self.arl, known.threshold, self.caution)
        self._loss_sums[key] = 0.0

    def update_many(self, key: str, g_NK: Floats, loss_N: Floats) -> bool:
        """Take in what the model of one concept did on the records of the trial -> whether it is ruled out.

        Args:
            key: the concept.
            g_NK: (N, K) gate weights of its model.
            loss_N: (N,) losses of its model. Once the concept is ruled out the rest is not looked at.
        """
        detector = self._detectors[key]
        if detector.drift_detected:
            return True
        alarm = detector.update_many(g_NK, loss_N)
        taken = len(loss_N) if alarm is None else alarm + 1
        # One at a time, so that no cut of the stream into blocks changes the sum's last bit.
        for loss in np.clip(loss_N[:taken], 0.0, detector.reference.bound).tolist():
            self._loss_sums[key] += loss
        return detector.drift_detected

    @property
    def suspects(self) -> tuple[Suspect, ...]:
        """Every known concept: those that are not ruled out first, the least mean loss first."""
        found = [self._suspect(key) for key in self._known]
        return tuple(sorted(found, key=lambda one: (one.ruled_out, one.mean_loss, one.key)))

    def _suspect(self, key: str) -> Suspect:
        detector = self._detectors[key]
        mean_loss = self._loss_sums[key] / max(detector.records, 1)
        return Suspect(key, detector.records, mean_loss, detector.evidence_nats, detector.drift_detected)

    @property
    def unknown(self) -> bool:
        """Whether every known concept is ruled out; true where none is known."""
        return all(detector.drift_detected for detector in self._detectors.values())

    def candidate(self, quiet_records: int = 500) -> str | None:
        """The concept to restore: of those not ruled out after so many records, the one that loses least."""
        quiet = [one for one in self.suspects if not one.ruled_out and one.records >= quiet_records]
        return quiet[0].key if quiet else None

    def state_dict(self) -> dict[str, Any]:
        """Fingerprints in order of use, and the evidence of the trial."""
        return {
            "capacity": self.capacity,
            "arl": self.arl,
            "caution": self.caution,
            "concepts": [
                {"key": key, "detector": self._detectors[key].state_dict(), "loss_sum": self._loss_sums[key]}
                for key in self._known
            ],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a saved state, whatever this was made with."""
        self.capacity = int(state["capacity"])
        self.arl, self.caution = float(state["arl"]), float(state["caution"])
        self._known, self._detectors, self._loss_sums = {}, {}, {}
        for saved in state["concepts"]:
            key = str(saved["key"])
            reference = LossReference.from_state(saved["detector"]["reference"])
            detector = ConceptDetector(reference)
            detector.load_state_dict(saved["detector"])
            self._known[key] = Fingerprint(key, reference, detector.threshold)
            self._detectors[key] = detector
            self._loss_sums[key] = float(saved["loss_sum"])
