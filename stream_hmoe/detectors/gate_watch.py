"""Watches the inner gates of a learner that goes on learning: is there drift, where, by which features.

Records are seen through frozen copies of the gates. First the learner settles; then the reference records are
stored; then every record is compared, and every so many records the gates are frozen anew and the reference
is seen through them, so that learning is not drift. Several gates are partitions of the same space at
different scales: their evidence is averaged and has one average run length. Records far from every prototype
are evidence of their own, with a fifth of the false alarms.

What happens at which record depends on record numbers alone, not on how the stream is cut.

Shapes: N records, R reference records, D features, S gates, E experts of a gate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..kernels.frozen_gates import FrozenGates, inner_weights, make_frozen
from .gate_shift import GateShiftDetector
from .novelty import NoveltyDetector
from .reading import level_of
from .watch_reading import WatchReading, leaf_shift, mean_shift

__all__ = ["GateWatch", "distinct_scales"]

Floats = npt.NDArray[np.float64]

NOVELTY_PART = 0.2
CALIBRATION_PACE = 50
EFFORT = 100_000


def distinct_scales(scale_G: Floats) -> list[int]:
    """The first group of every scale: groups of one scale cut the space alike."""
    return [int(g) for g in np.sort(np.unique(scale_G, return_index=True)[1])]


class GateWatch:
    """Drift of the records as the gates see it.

    Feed records with ``update``, at most ``records_until_gates`` at a time; at 0, give the gates as they are
    now to ``freeze`` first.

    Args:
        leaves: names of the S x E leaves, gate by gate.
        arl: wanted average number of records between false alarms.
        settle: records before the reference begins.
        reference_records: R.
        roll_every: records between roll-overs.
        recent_records: records kept to say which features moved.
        seed: of the bootstrap for the threshold.
    """

    def __init__(
        self,
        leaves: Sequence[str],
        arl: float = 10_000,
        *,
        settle: int = 1_000,
        reference_records: int = 4_000,
        roll_every: int = 10_000,
        recent_records: int = 1_000,
        seed: int = 0,
    ) -> None:
        for name, value, least in (
            ("settle", settle, 0),
            ("reference_records", reference_records, 500),
            ("roll_every", roll_every, 1),
            ("recent_records", recent_records, 1),
        ):
            if value < least:
                raise ValueError(f"{name}: got {value}; give at least {least}")
        self.leaves = tuple(leaves)
        self.arl = float(arl)
        self.settle, self.reference_records, self.roll_every = settle, reference_records, roll_every
        self.seed = seed
        self.records = 0
        self._reference_RD: Floats = np.empty((reference_records, 0))
        self._recent_ND: Floats = np.empty((recent_records, 0))
        self._detector: GateShiftDetector | None = None
        self._novelty: NoveltyDetector | None = None
        self._frozen: FrozenGates | None = None
        self._collected, self._needs_gates_at, self._watching_since = -settle, settle + reference_records, 0
        self._excess = -math.inf

    @property
    def records_until_gates(self) -> int:
        """Records that may be fed before the gates must be frozen (anew)."""
        return self._needs_gates_at - self.records

    @property
    def watching(self) -> bool:
        """Whether the reference is complete."""
        return self._detector is not None

    @property
    def drift_detected(self) -> bool:
        """Whether the evidence reaches the threshold."""
        return self._excess >= 0.0

    @property
    def excess(self) -> float:
        """Log evidence in nats less its threshold; minus infinity before the reference is complete."""
        return self._excess

    def freeze(self, gates: FrozenGates) -> None:
        """Go on with the gates as they are now; due when ``records_until_gates`` is 0.

        Args:
            gates: the same gates every time (``kernels.frozen_gates.freeze_gates``).
        """
        if self.records_until_gates != 0:
            raise ValueError(
                f"gates are due in {self.records_until_gates} records; freezing them earlier cuts the stream"
            )
        self._frozen = gates
        weight_RSE, nearest_R = self._weigh(self._reference_RD)
        if weight_RSE.shape[1] * weight_RSE.shape[2] != len(self.leaves):
            raise ValueError(f"gates: {weight_RSE.shape[1:]} leaves, but there are {len(self.leaves)} names")
        if self._detector is None or self._novelty is None:
            self._detector = GateShiftDetector(
                weight_RSE,
                self.arl / (1.0 - NOVELTY_PART),
                hard_too=False,
                calibrate="if dependent",
                seed=self.seed,
                effort=EFFORT,
            )
            self._novelty = NoveltyDetector(nearest_R, self.arl / NOVELTY_PART, self._detector.run_records)
            self._watching_since = self.records
        else:
            self._detector.reproject(weight_RSE)
            self._novelty.rescale(nearest_R)
        self._needs_gates_at += self.roll_every

    def update(self, x_ND: Floats) -> Floats:
        """Take in encoded records -> (N,) log evidence in nats less its threshold; DRIFT from 0 on.

        Args:
            x_ND: at most ``records_until_gates`` records; NaN is missing.
        """
        if len(x_ND) > self.records_until_gates:
            raise ValueError(f"x: got {len(x_ND)} records; freeze the gates after {self.records_until_gates}")
        self._widen(x_ND.shape[1])
        excess_N = np.full(len(x_ND), -math.inf)
        begin = 0
        while begin < len(x_ND):
            end = min(len(x_ND), begin + self._until_calibrated())
            self._remember(x_ND[begin:end])
            if self._detector is not None and self._novelty is not None:
                self._compare(self._detector, self._novelty, x_ND[begin:end], excess_N[begin:end])
            self.records += end - begin
            begin = end
        if len(x_ND):
            self._excess = float(excess_N[-1])
        return excess_N

    def rebase(self) -> None:
        """Accept what is now as the new normal: the next records are the reference."""
        self._detector, self._novelty, self._frozen = None, None, None
        self._collected, self._needs_gates_at = 0, self.records + self.reference_records
        self._excess = -math.inf

    def reading(self) -> WatchReading:
        """What the evidence says now, with the leaves and features that moved."""
        detector, novelty = self._detector, self._novelty
        level = level_of(self._excess, 0.0)
        if detector is None or novelty is None:
            return WatchReading(level, -math.inf, None, -math.inf, None, (), np.empty(0), False)
        gate = detector.reading
        change_point = None if gate.change_point is None else self._watching_since + gate.change_point
        novelty_excess = novelty.evidence - novelty.threshold
        if change_point is None:
            return WatchReading(
                level, self._excess, gate, novelty_excess, None, (), np.empty(0), detector.calibrated
            )
        assert self._frozen is not None
        deviation_D = np.sqrt(np.maximum(self._frozen.variance_D, 0.0))
        recent_ND = _fitted(self._since(change_point), deviation_D.size)
        reference_RD = _fitted(self._reference_RD, deviation_D.size)
        recent, reference = (
            (recent_ND, self._weigh(recent_ND)[0]),
            (reference_RD, self._weigh(reference_RD)[0]),
        )
        experts = recent[1].shape[2]
        shifts = [
            leaf_shift(self.leaves[k], divmod(k, experts), way, recent, reference, deviation_D)
            for k, way in gate.flagged.items()
        ]
        shifts.sort(key=lambda shift: -abs(shift.after - shift.before))
        shift_D = mean_shift(
            recent_ND, np.ones(len(recent_ND)), reference_RD, np.ones(len(reference_RD)), deviation_D
        )
        return WatchReading(
            level,
            self._excess,
            gate,
            novelty_excess,
            change_point,
            tuple(shifts),
            shift_D,
            detector.calibrated,
        )

    def state_dict(self) -> dict[str, Any]:
        """Everything: with it and the same records and gates the same readings follow."""
        return {
            "leaves": list(self.leaves),
            "arl": self.arl,
            "settle": self.settle,
            "reference_records": self.reference_records,
            "roll_every": self.roll_every,
            "recent_records": len(self._recent_ND),
            "seed": self.seed,
            "records": self.records,
            "collected": self._collected,
            "needs_gates_at": self._needs_gates_at,
            "watching_since": self._watching_since,
            "excess": self._excess,
            "reference_RD": self._reference_RD.copy(),
            "recent_ND": self._recent_ND.copy(),
            "frozen": None
            if self._frozen is None
            else {k: v.copy() for k, v in self._frozen._asdict().items()},
            "detector": None if self._detector is None else self._detector.state_dict(),
            "novelty": None if self._novelty is None else self._novelty.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a saved state, whatever this watch was made with."""
        names = ("settle", "reference_records", "roll_every", "recent_records", "seed")
        self.__init__(state["leaves"], state["arl"], **{name: int(state[name]) for name in names})  # type: ignore[misc]
        self.records, self._collected = int(state["records"]), int(state["collected"])
        self._needs_gates_at, self._watching_since = (
            int(state["needs_gates_at"]),
            int(state["watching_since"]),
        )
        self._excess = float(state["excess"])
        self._reference_RD, self._recent_ND = np.array(state["reference_RD"]), np.array(state["recent_ND"])
        if state["frozen"] is not None:
            features, (gates, experts) = len(state["frozen"]["mean_D"]), state["frozen"]["bias_SE"].shape
            self._frozen = make_frozen(gates, experts, features)
            for name, array in state["frozen"].items():
                getattr(self._frozen, name)[...] = array
        if state["detector"] is not None:
            self._detector = GateShiftDetector.from_state_dict(state["detector"])
            self._novelty = NoveltyDetector(np.arange(3.0), self.arl)
            self._novelty.load_state_dict(state["novelty"])

    def _weigh(self, x_ND: Floats) -> tuple[Floats, Floats]:
        """(N, S, E) weights through the frozen gates, and (N,) distances from the nearest prototype."""
        frozen = self._frozen
        assert frozen is not None
        seen_ND = _fitted(x_ND, frozen.mean_D.size)
        weight_NSE, nearest_N = np.empty((len(seen_ND), *frozen.bias_SE.shape)), np.empty(len(seen_ND))
        inner_weights(frozen, seen_ND, weight_NSE, nearest_N)
        return weight_NSE, nearest_N

    def _compare(
        self, detector: GateShiftDetector, novelty: NoveltyDetector, x_ND: Floats, excess_N: Floats
    ) -> None:
        """Let both kinds of evidence see the records; no alarm before the threshold is final."""
        weight_NSE, nearest_N = self._weigh(x_ND)
        calibrated = detector.calibrated
        gate_N = detector.update_many(weight_NSE) - detector.threshold
        excess_N[:] = np.maximum(gate_N, novelty.update_many(nearest_N) - novelty.threshold)
        if not calibrated:
            np.minimum(excess_N, -1e-9, out=excess_N)
            detector.calibrate(CALIBRATION_PACE * len(x_ND))

    def _until_calibrated(self) -> int:
        """Records until the threshold is final; many if it is, or while there is none."""
        if self._detector is None or self._detector.calibrated:
            return 2**62
        return -(-self._detector.calibration_remaining // CALIBRATION_PACE)

    def _remember(self, x_ND: Floats) -> None:
        """Store reference records while they are wanted, and the latest ones always."""
        if self._detector is None:
            first = max(-self._collected, 0)
            rows = x_ND[first:]
            begin = max(self._collected, 0)
            self._reference_RD[begin : begin + len(rows)] = rows
            self._collected += len(x_ND)
        size = len(self._recent_ND)
        kept = x_ND[-size:]
        last = self.records + len(x_ND)
        self._recent_ND[np.arange(last - len(kept), last) % size] = kept

    def _since(self, record: int) -> Floats:
        """The records since a change, as far as they are remembered; at least one."""
        size = len(self._recent_ND)
        first = min(max(record, self.records - size), self.records - 1)
        return self._recent_ND[np.arange(first, self.records) % size]

    def _widen(self, features: int) -> None:
        self._reference_RD = _fitted(self._reference_RD, max(features, self._reference_RD.shape[1]))
        self._recent_ND = _fitted(self._recent_ND, max(features, self._recent_ND.shape[1]))


def _fitted(x_ND: Floats, features: int) -> Floats:
    """Contiguous records with so many columns: later columns are cut off, absent ones are missing."""
    if x_ND.shape[1] == features:
        return np.ascontiguousarray(x_ND, dtype=np.float64)
    fitted_ND = np.full((len(x_ND), features), np.nan)
    common = min(features, x_ND.shape[1])
    fitted_ND[:, :common] = x_ND[:, :common]
    return fitted_ND
