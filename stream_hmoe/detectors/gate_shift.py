"""Has the distribution of the gate weights changed? A detector whose false alarms are bounded by design.

Views: the soft weights and, unless they are one-hot anyway, the largest one. Several gates over the same
records can be watched as one; their evidence is averaged and their leaves follow each other.

Shapes: N records, S gates, K leaves of a gate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from ..events import Level
from ..evidence import (
    Bets,
    Calibration,
    Capital,
    Reference,
    accumulate,
    make_bets,
    make_capital,
    restored,
)
from .checking import checked_groups, checked_rows, reference_rows
from .moving import adopt, carry, edited_leaves, restructured
from .reading import GateReading, level_of, read
from .views import Look, choose_looks, choose_run, refer

__all__ = ["GateShiftDetector"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
When = Literal["now", "later", "if dependent", "never"]

SHORTEST_CALIBRATION = 500
BLOCK_TAUS = 20
BLOCKS = 10
EFFORT = 400_000


class GateShiftDetector:
    """Watches gate weights for any change of their distribution's mean, one record at a time.

    Evidence is the capital of bettors against "the mean is still the reference's" (``evidence.mixture``).
    With a known mean the threshold is the wanted average run length itself, whatever else the weights'
    distribution is. With a reference period the uncertainty of its mean and its stickiness are allowed
    for, and from ``SHORTEST_CALIBRATION`` records on the threshold is found by block bootstrap.

    Args:
        reference: (N, K) gate weights of a period without change, in stream order, or (N, S, K) of several
            gates; or (K,) a known mean.
        arl: wanted average number of records between false alarms, at least 10.
        groups: (K,) group of each leaf; bets on whole groups then take part too.
        inside_groups: whether to bet on moves within groups as well.
        hard_too: whether the largest of soft weights is watched beside them.
        calibrate: when the threshold is found: ``"now"``, ``"later"`` in slices by ``calibrate``,
            ``"if dependent"`` (the same, but only where records of the reference tell of the next ones), or
            ``"never"`` (then it is the average run length).
        block: records resampled together; default 20 times the records that count as one independent record.
        seed: of the bootstrap.
        effort: records to resample for the threshold.

    Raises:
        ValueError: if an argument is not what it should be.

    Example:
        >>> detector = GateShiftDetector([0.5, 0.3, 0.2], arl=1000)
        >>> for _ in range(100):
        ...     detector.update([0.1, 0.1, 0.8])
        >>> detector.drift_detected, detector.reading.change_point
        (True, 0)
    """

    _group_K: Integers | None
    _bets: Bets
    _capital: Capital
    _run_records: int
    _known: bool
    _gates: int
    _looks: list[Look]
    _references: list[Reference]
    _threshold: float
    _realised_arl: float | None
    _calibration: Calibration | None
    _calibration_NSK: Floats | None

    def __init__(
        self,
        reference: npt.ArrayLike,
        arl: float = 10_000,
        groups: npt.ArrayLike | None = None,
        *,
        inside_groups: bool = False,
        hard_too: bool = True,
        calibrate: When = "now",
        block: int | None = None,
        seed: int = 0,
        effort: int = EFFORT,
    ) -> None:
        if not (math.isfinite(arl) and arl >= 10):
            raise ValueError(f"arl: got {arl}; give a number of records, at least 10")
        if calibrate not in get_args(When):
            raise ValueError(f"calibrate: got {calibrate!r}; choose one of {', '.join(get_args(When))}")
        self.arl = float(arl)
        self.inside_groups = inside_groups
        self.block = block
        self.seed, self.effort = seed, effort
        self._when: When = calibrate
        rows_NSK = reference_rows(reference)
        self._group_K = checked_groups(groups, rows_NSK.shape[2])
        self._hard_too = hard_too
        self._seen_before = 0
        self._begin(rows_NSK)

    @property
    def num_leaves(self) -> int:
        """Leaves of a gate, K."""
        return int(self._bets.mean_VK.shape[1])

    @property
    def _shape(self) -> tuple[int, int]:
        """S and K."""
        return self._gates, self.num_leaves

    @property
    def records(self) -> int:
        """Records seen since the reference was accepted."""
        return int(self._capital.records_1[0] * self._run_records + self._capital.summed_1[0])

    @property
    def evidence(self) -> float:
        """Log R in nats; minus infinity before the first record."""
        return float(self._capital.log_evidence_1[0])

    @property
    def threshold(self) -> float:
        """Log evidence in nats from which on there is drift."""
        return self._threshold

    @property
    def mean_K(self) -> Floats:
        """(K,) the reference's mean weights of the first gate."""
        mean_K: Floats = self._bets.mean_VK[0].copy()
        return mean_K

    @property
    def level(self) -> Level:
        """STABLE, WARNING or DRIFT."""
        return level_of(self.evidence, self._threshold)

    @property
    def drift_detected(self) -> bool:
        """Whether the evidence reaches the threshold; it may fall again, and ``reset`` begins anew."""
        return self.evidence >= self._threshold

    @property
    def calibrated(self) -> bool:
        """Whether the threshold is final."""
        return self._calibration is None

    @property
    def calibration_remaining(self) -> int:
        """Resampled records until the threshold is final; 0 when it is."""
        return 0 if self._calibration is None else self._calibration.remaining

    @property
    def run_records(self) -> int:
        """Records averaged before a bet; 1 where they do not linger."""
        return self._run_records

    @property
    def reading(self) -> GateReading:
        """Everything the evidence says now."""
        return read(
            self._bets,
            self._capital,
            self._references,
            threshold=self._threshold,
            arl=self.arl,
            realised_arl=self._realised_arl,
            seen_before=self._seen_before,
        )

    def update(self, g: npt.ArrayLike) -> None:
        """Take in the gate weights of one record.

        Args:
            g: (K,) weights.
        """
        self._run(checked_rows("g", np.asarray(g, dtype=np.float64)[None], self._shape), math.inf)

    def update_many(self, g_NK: npt.ArrayLike) -> Floats:
        """Take in N records -> (N,) log evidence in nats after each.

        Args:
            g_NK: (N, K) weights.
        """
        return self._run(checked_rows("g", g_NK, self._shape), math.inf)[0]

    def scan(self, g_NK: npt.ArrayLike) -> int | None:
        """Take in records up to the first alarm -> its index, or ``None``; records behind it are not read.

        Args:
            g_NK: (N, K) weights.
        """
        stopped = self._run(checked_rows("g", g_NK, self._shape), self._threshold)[1]
        return stopped if stopped >= 0 else None

    def calibrate(self, budget: int | None = None) -> bool:
        """Spend at most ``budget`` resampled records on finding the threshold -> whether it is final.

        Args:
            budget: ``None`` for all that are needed.
        """
        calibration = self._calibration
        if calibration is not None and calibration.step(calibration.remaining if budget is None else budget):
            self._threshold = calibration.log_threshold()
            self._realised_arl = calibration.run_length(self._threshold)
            self._calibration, self._calibration_NSK = None, None
        return self._calibration is None

    def reset(self, reference: npt.ArrayLike | None = None) -> None:
        """Begin without evidence, from a new reference or the present one.

        Args:
            reference: as for the constructor, with as many leaves; ``None`` keeps reference and threshold.
        """
        seen = self._seen_before + self.records
        if reference is None:
            self._capital = make_capital(self._bets)
        else:
            rows_NSK = reference_rows(reference, self._shape)
            self._begin(rows_NSK)
        self._seen_before = seen

    def reproject(self, reference: npt.ArrayLike) -> None:
        """Follow a gate that moved: its weights on the same reference records. Evidence is kept.

        Whatever gate turns records into weights, the null is about the records; counts move with the mean,
        N_i += n_i (p_new - p_old).

        Args:
            reference: (N, K) the moved gate's weights on the reference records, in order; or (K,) their mean
                if it is known.

        Raises:
            ValueError: if the number of leaves differs, or a mean alone is given where records were.
        """
        rows_NSK = reference_rows(reference, self._shape)
        if np.ndim(reference) == 1 and not self._known:
            raise ValueError(
                "reference: got a mean alone; give the weights (records, leaves) of the reference records"
            )
        self._references = refer(rows_NSK, self._looks, self._run_records)
        bets = self._betting(self._references)
        carry(self._capital, self._bets, bets)
        self._bets = bets

    def restructure(
        self,
        mapping: Sequence[Sequence[int]],
        groups: npt.ArrayLike | None = None,
        *,
        leaves: int | None = None,
    ) -> None:
        """Follow an edit of the leaves; evidence goes from parents to children. Then call ``reproject``.

        A threshold that is still being looked for is found first.

        Args:
            mapping: for each old leaf the new leaves it became: one if it stays, several if it was split, the
                same one as another leaf's if both were merged, none if it was pruned.
            groups: (new K,) group of each new leaf; needed if the detector has groups.
            leaves: new K where the last new leaves have no parent.

        Raises:
            ValueError: if the mapping does not fit.
        """
        if self._gates > 1:
            raise ValueError("mapping: leaves of several gates cannot be edited; reset with a new reference")
        new_leaves = edited_leaves(mapping, self.num_leaves, leaves)
        if (groups is None) != (self._group_K is None):
            raise ValueError("groups: give one for each new leaf if, and only if, the detector has groups")
        self._group_K = checked_groups(groups, new_leaves)
        self.calibrate()
        self._references, part_KL = restructured(self._references, mapping, new_leaves)
        self._bets = self._betting(self._references)
        old, self._capital = self._capital, make_capital(self._bets)
        adopt(self._capital, old, part_KL, self._bets)

    def state_dict(self) -> dict[str, Any]:
        """Everything: with it and the same records the same readings follow, bit for bit."""
        return {
            "arl": self.arl,
            "inside_groups": self.inside_groups,
            "block": self.block,
            "seed": self.seed,
            "effort": self.effort,
            "when": self._when,
            "known": self._known,
            "gates": self._gates,
            "hard_too": self._hard_too,
            "looks": [list(look) for look in self._looks],
            "run_records": self._run_records,
            "seen_before": self._seen_before,
            "group_K": None if self._group_K is None else self._group_K.copy(),
            "references": [reference._asdict() for reference in self._references],
            "capital": {name: array.copy() for name, array in self._capital._asdict().items()},
            "threshold": self._threshold,
            "realised_arl": self._realised_arl,
            "calibration_NSK": None if self._calibration_NSK is None else self._calibration_NSK.copy(),
            "calibration": None if self._calibration is None else self._calibration.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a saved state, whatever this detector was made with."""
        self.arl, self.inside_groups = float(state["arl"]), bool(state["inside_groups"])
        self.block, self._when = state["block"], state["when"]
        self.seed, self.effort = int(state["seed"]), int(state["effort"])
        self._known, self._gates = bool(state["known"]), int(state["gates"])
        self._hard_too, self._looks = bool(state["hard_too"]), [(int(s), bool(h)) for s, h in state["looks"]]
        self._run_records, self._seen_before = int(state["run_records"]), int(state["seen_before"])
        self._group_K = None if state["group_K"] is None else np.array(state["group_K"], np.int64)
        self._references = [restored(fields) for fields in state["references"]]
        self._bets = self._betting(self._references)
        self._capital = make_capital(self._bets)
        for name, array in state["capital"].items():
            getattr(self._capital, name)[...] = array
        self._threshold = float(state["threshold"])
        self._realised_arl = state["realised_arl"]
        self._calibration, self._calibration_NSK = None, None
        if state["calibration"] is not None:
            self._prepare_calibration(np.array(state["calibration_NSK"]))
            assert self._calibration is not None
            self._calibration.load_state_dict(state["calibration"])

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Any]) -> GateShiftDetector:
        """A detector from a saved state alone."""
        detector = cls.__new__(cls)
        detector.load_state_dict(state)
        return detector

    def _begin(self, rows_NSK: Floats) -> None:
        """Accept a reference: new bets, no evidence, a threshold."""
        self._known = len(rows_NSK) == 1
        self._gates = rows_NSK.shape[1]
        self._looks = choose_looks(rows_NSK, self._hard_too)
        self._run_records = choose_run(rows_NSK, self._looks)
        self._references = refer(rows_NSK, self._looks, self._run_records)
        self._bets = self._betting(self._references)
        self._capital = make_capital(self._bets)
        self._threshold = math.log(self.arl / self._run_records)
        self._realised_arl, self._calibration, self._calibration_NSK = None, None, None
        is_wanted = self._when != "never" and (self._when != "if dependent" or self._depends)
        if is_wanted and not self._known and len(rows_NSK) >= SHORTEST_CALIBRATION:
            self._prepare_calibration(rows_NSK)
            if self._when == "now":
                self.calibrate()

    @property
    def _depends(self) -> bool:
        """Whether records of the reference tell of the next ones."""
        return self._run_records > 1 or any(r.tau > 1.0 or r.sticky > 0.0 for r in self._references)

    def _prepare_calibration(self, rows_NSK: Floats) -> None:
        tau = max(reference.tau for reference in self._references) * self._run_records
        block = self.block or min(math.ceil(BLOCK_TAUS * tau), len(rows_NSK) // BLOCKS)
        rows_NSK = rows_NSK.copy()
        self._calibration_NSK = rows_NSK

        def make(resampled_NSK: Floats) -> Bets:
            return self._betting(refer(resampled_NSK, self._looks, self._run_records))

        self._calibration = Calibration(
            rows_NSK, make, self.arl, self._run_records, block, self.seed, self.effort
        )

    def _betting(self, references: Sequence[Reference]) -> Bets:
        return make_bets(
            references,
            self._group_K,
            looks=self._looks,
            run=self._run_records,
            inside=self.inside_groups,
        )

    def _run(self, g_NSK: Floats, log_threshold: float) -> tuple[Floats, int]:
        log_evidence_N, stopped_1 = np.empty(len(g_NSK)), np.zeros(1, np.int64)
        if len(g_NSK):
            accumulate(self._bets, self._capital, g_NSK, log_threshold, log_evidence_N, stopped_1)
        return log_evidence_N, int(stopped_1[0]) if len(g_NSK) else -1
