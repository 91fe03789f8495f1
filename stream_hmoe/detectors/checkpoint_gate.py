"""Watching the records through a gate that is frozen between roll-overs, so that learning is not drift.

The null is about the records; a gate is only what they are looked at through. Any gate will do as long as it
does not depend on the records it looks at, and as long as the reference is seen through the same gate. So
the gate is frozen, and every so many records it is exchanged for the model's present one, the
stored reference records are seen through the new gate, and the evidence is kept.

    E_new[g_now] - E_ref[g_old] = (E_new[g_now] - E_ref[g_now]) records + (E_ref[g_now] - E_ref[g_old]) model

Only the first part is evidence. Source: derived here.

Shapes: N records, R reference records, D features, S gates, K leaves of a gate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from .gate_shift import GateShiftDetector

__all__ = ["CheckpointGate"]

Floats = npt.NDArray[np.float64]
Gate = Callable[[Floats], Floats]


class CheckpointGate:
    """A frozen gate, its reference records, and the detector that compares.

    Args:
        gate: (N, D) records -> (N, K) or (N, S, K) weights; must not change by itself.
        reference_RD: records of a period without change, in order, which the gate was not fitted to.
        roll_every: records between roll-overs.
        options: for the ``GateShiftDetector``.
    """

    def __init__(self, gate: Gate, reference_RD: Floats, *, roll_every: int = 500, **options: Any) -> None:
        if roll_every < 1:
            raise ValueError(f"roll_every: got {roll_every}; give a number of records, at least 1")
        self.roll_every = roll_every
        self._gate = gate
        self._reference_RD = np.array(reference_RD, dtype=np.float64)
        self.detector = GateShiftDetector(gate(self._reference_RD), **options)
        self._since_roll = 0

    @property
    def records_until_roll(self) -> int:
        """Records that may still be seen through the present gate; 0: ``roll`` is due."""
        return self.roll_every - self._since_roll

    @property
    def drift_detected(self) -> bool:
        """Whether the evidence reaches the threshold."""
        return self.detector.drift_detected

    @property
    def reference_RD(self) -> Floats:
        """(R, D) the reference records."""
        return self._reference_RD

    def update(self, x_ND: Floats) -> Floats:
        """Take in records -> (N,) log evidence in nats after each.

        Args:
            x_ND: at most ``records_until_roll`` records.
        """
        if len(x_ND) > self.records_until_roll:
            raise ValueError(
                f"x: got {len(x_ND)} records; at most {self.records_until_roll} until the gate is rolled over"
            )
        self._since_roll += len(x_ND)
        return self.detector.update_many(self._gate(x_ND)) if len(x_ND) else np.empty(0)

    def roll(self, gate: Gate) -> None:
        """Go on with a newer gate; the reference is seen through it, the evidence is kept."""
        self._gate = gate
        self._since_roll = 0
        self.detector.reproject(gate(self._reference_RD))

    def state_dict(self) -> dict[str, Any]:
        """Everything but the gate."""
        return {
            "roll_every": self.roll_every,
            "since_roll": self._since_roll,
            "reference_RD": self._reference_RD.copy(),
            "detector": self.detector.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any], gate: Gate) -> None:
        """Go on from a saved state with the gate that was in use then."""
        self.roll_every, self._since_roll = int(state["roll_every"]), int(state["since_roll"])
        self._reference_RD = np.array(state["reference_RD"], dtype=np.float64)
        self._gate = gate
        self.detector.load_state_dict(state["detector"])
