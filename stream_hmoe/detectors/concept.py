"""Loss given gate: has the loss risen more than the use of the leaves explains, and where?

A change of the mix of records moves the loss of a model without making any leaf worse; a change of concept
makes leaves worse. Bets are placed on the loss less what the gate weights say it should be, so that only
the second is found. A loss that falls is no alarm.

Which loss: one that is graded, bounded and never negative. Clipped negative log-likelihood (nats) for
classes and clipped absolute error over its scale for numbers hold several times the evidence of a
right-or-wrong error, whose noise hides a small rise. Clipping keeps one record from deciding.

Source: the e-detector of Shin, Ramdas and Rinaldo (2023), capital as in Shiryaev-Roberts; the bets on
gate-weighted residuals, the reference's doubt and the split of the loss are derived here.

Shapes: N records, K leaves, L leaves after a change of structure, J strengths of a bet.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from stream_hmoe.events import Level

from .concept_bets import bets_for, everywhere_margin, no_evidence
from .concept_steps import MARGIN, TIME, Evidence, take_in
from .concept_threshold import calibrated_threshold
from .concept_windows import LossSplit, keep_start, loss_split
from .loss_reference import LossReference, checked_losses
from .structure import shares_of

__all__ = ["ConceptDetector", "ConceptReading"]

Floats = npt.NDArray[np.float64]

STRIDE_RECORDS = 64
WARNING_PART = 20.0


@dataclass(frozen=True, eq=False)
class ConceptReading:
    """What the losses say now.

    Args:
        level: DRIFT at the threshold, WARNING at a twentieth of it.
        evidence_nats: log of the capital.
        threshold_nats: log of the threshold.
        records: losses taken in since the detector was made.
        change_point: estimate of the first changed one of them, None without evidence.
        leaf_shares: (K,) posterior share of the leaves' evidence; sums to 1.
        everywhere_share: share of all evidence that lies with a rise on all records.
        flagged: leaves that are worse by e-Benjamini-Hochberg on their own e-detectors: the expected share
            of wrongly flagged ones, over the expected patience, is at most 1 / ARL.
        split: how the loss changed since the change point.
    """

    level: Level
    evidence_nats: float
    threshold_nats: float
    records: int
    change_point: int | None
    leaf_shares: Floats
    everywhere_share: float
    flagged: tuple[int, ...]
    split: LossSplit


class ConceptDetector:
    """Detects that leaves lose more than in the reference period.

    Losses come in the order in which their labels arrive, each with the gate weights of its prediction.
    After an alarm the next loss begins new evidence against the same reference.

    Args:
        reference: what losses are expected to be.
        arl: wanted average number of records between false alarms.
        threshold: capital at which to alarm; default ``arl``, which suffices where surprises do not
            depend on each other. ``calibrated_threshold`` finds it for a recorded period.
        caution: by how many standard errors the reference may be wrong.
    """

    def __init__(
        self,
        reference: LossReference,
        arl: float = 10_000,
        threshold: float | None = None,
        caution: float = 1.0,
    ) -> None:
        if not (math.isfinite(arl) and arl > 1.0):
            raise ValueError(f"arl must be a number of records above 1, got {arl!r}")
        if not (math.isfinite(caution) and caution >= 0.0):
            raise ValueError(f"caution must be a number of standard errors, 0 or more, got {caution!r}")
        self.arl = float(arl)
        self.caution = float(caution)
        self._records = 0.0
        self.reset(reference, threshold)

    @classmethod
    def fit(
        cls,
        g_NK: Floats,
        loss_N: Floats,
        bound: float = 1.0,
        arl: float = 10_000,
        caution: float = 1.0,
        seed: int = 0,
    ) -> ConceptDetector:
        """A detector for a stream like a recorded period: reference and threshold both come from it."""
        threshold = calibrated_threshold(g_NK, loss_N, bound, arl, caution=caution, seed=seed)
        return cls(LossReference.estimate(g_NK, loss_N, bound), arl, threshold, caution)

    def reset(self, reference: LossReference, threshold: float | None = None) -> None:
        """Begin anew against a reference; the count of records goes on."""
        self.reference = reference
        self.threshold = self.arl if threshold is None else float(threshold)
        self._begin(no_evidence(reference, self.caution, self._records))

    def _begin(self, evidence: Evidence) -> None:
        self._bets = bets_for(self.reference, self.caution)
        self._evidence = evidence
        self._starts_Q = evidence.numbers_3[TIME : TIME + 1].copy()
        self._sums_QS = evidence.sums_S[None].copy()
        self._detected = False

    def update(self, g: Floats, loss: float) -> ConceptDetector:
        """Take in one loss.

        Args:
            g: (K,) gate weights of the prediction.
            loss: its loss; cut to [0, bound].
        """
        self.update_many(np.asarray(g)[None], np.array([loss]))
        return self

    def update_many(self, g_NK: Floats, loss_N: Floats) -> int | None:
        """Take in losses up to the first alarm -> its index, None if all were taken in without one.

        After an alarm at index i the caller looks at ``reading`` and goes on with the records from i + 1.
        """
        g_NK, loss_N = checked_losses(g_NK, loss_N, self.reference.bound)
        if g_NK.shape[1] != self.reference.leaves:
            message = f"gate weights have {g_NK.shape[1]} leaves, the reference has {self.reference.leaves}"
            raise ValueError(f"{message}: call restructure or reset when the leaves change")
        if self._detected and loss_N.size:
            self._forget_capital()
        done = 0
        while done < loss_N.size:
            room = STRIDE_RECORDS - int(self._records) % STRIDE_RECORDS
            part = slice(done, done + room)
            taken, capital = take_in(self._bets, self._evidence, g_NK[part], loss_N[part], self.threshold)
            self._records += taken
            done += taken
            if int(self._records) % STRIDE_RECORDS == 0:
                self._keep()
            if capital >= self.threshold:
                self._detected = True
                return done - 1
        return None

    def _keep(self) -> None:
        numbers_3 = self._evidence.numbers_3
        numbers_3[MARGIN] = everywhere_margin(self.reference, self._evidence.usage_K, self.caution)
        self._starts_Q, self._sums_QS = keep_start(
            self._starts_Q, self._sums_QS, self._records, self._evidence.sums_S
        )

    def _forget_capital(self) -> None:
        for part in (self._evidence.capital_JK, self._evidence.everywhere_J):
            part[:] = 0.0
        for part in (self._evidence.page_JK, self._evidence.everywhere_page_J):
            part[:] = 0.0
        self._detected = False

    @property
    def drift_detected(self) -> bool:
        """Whether the last loss brought the evidence to the threshold."""
        return self._detected

    @property
    def records(self) -> int:
        """Losses taken in since the detector was made."""
        return int(self._records)

    @property
    def evidence_nats(self) -> float:
        """Log of the capital, -inf before the first loss."""
        capital = float(self._evidence.capital_JK.sum() + self._evidence.everywhere_J.sum())
        return math.log(capital) if capital > 0.0 else -math.inf

    @property
    def reading(self) -> ConceptReading:
        """What the losses say now."""
        evidence, nats, threshold_nats = self._evidence, self.evidence_nats, math.log(self.threshold)
        leaf_K = evidence.capital_JK.sum(axis=0)
        capital = float(leaf_K.sum())
        everywhere = float(evidence.everywhere_J.sum())
        shares_K = leaf_K / capital if capital > 0.0 else self.reference.usage_K.copy()
        change = self._change_point()
        split = self.split_since(self._records if change is None else change)
        level = Level.STABLE
        if nats >= threshold_nats - math.log(WARNING_PART):
            level = Level.DRIFT if self._detected else Level.WARNING
        everywhere_share = everywhere / (capital + everywhere) if capital + everywhere > 0.0 else 0.0
        return ConceptReading(
            level,
            nats,
            threshold_nats,
            int(self._records),
            change,
            shares_K,
            everywhere_share,
            self._flagged(leaf_K),
            split,
        )

    def split_since(self, record: float) -> LossSplit:
        """How the loss changed over the losses after the first ``record`` ones, as far back as is kept."""
        sums = (self._starts_Q, self._sums_QS, self._records, self._evidence.sums_S)
        return loss_split(self.reference, *sums, record)

    def _change_point(self) -> int | None:
        """Where the richest bettor's Page statistic last left 1: the likeliest start of what it saw."""
        evidence = self._evidence
        page = np.append(evidence.page_JK, evidence.everywhere_page_J)
        since = np.append(evidence.since_JK, evidence.everywhere_since_J)
        richest = int(page.argmax())
        return int(since[richest]) if page[richest] > 0.0 else None

    def _flagged(self, leaf_K: Floats) -> tuple[int, ...]:
        # A leaf's own e-detector brings in capital 1 a record, its part here 1 / 2K.
        own_K = leaf_K * (2.0 * leaf_K.size)
        order = np.argsort(-own_K, kind="stable")
        rank_K = np.arange(1, order.size + 1)
        passed = np.flatnonzero(own_K[order] >= self.threshold * order.size / rank_K)
        return tuple(sorted(int(k) for k in order[: passed[-1] + 1])) if passed.size else ()

    def restructure(self, mapping: Sequence[Sequence[int]], leaves: int | None = None) -> None:
        """Carry reference and evidence over to other leaves.

        Capital is handed on, never made: a split leaf's goes to its children in equal parts, merged
        leaves' is added, a pruned leaf's goes to the bets on all records. So the ARL holds.

        Args:
            mapping: for each old leaf, the new leaves that come from it; none if it was pruned.
            leaves: number of new leaves; default, those that ``mapping`` names. The others are newborn.
        """
        share_LK = shares_of(mapping, self.reference.leaves, leaves)
        old = self._evidence
        lost_K = 1.0 - share_LK.sum(axis=0)
        old_usage_K = self.reference.usage_K
        self.reference = self.reference.restructured(share_LK)
        new = no_evidence(self.reference, self.caution, self._records)
        new.capital_JK[:] = old.capital_JK @ share_LK.T
        new.everywhere_J[:] = old.everywhere_J + old.capital_JK @ lost_K
        new.everywhere_page_J[:], new.everywhere_since_J[:] = old.everywhere_page_J, old.everywhere_since_J
        for leaf, shares_K in enumerate(share_LK):
            if shares_K.any():
                nearest = int((shares_K * old_usage_K).argmax())
                new.page_JK[:, leaf] = old.page_JK[:, nearest]
                new.since_JK[:, leaf] = old.since_JK[:, nearest]
        new.usage_K[:] = share_LK @ old.usage_K
        new.numbers_3[:] = old.numbers_3
        new.numbers_3[MARGIN] = everywhere_margin(self.reference, new.usage_K, self.caution)
        new.sums_S[:] = _carried(old.sums_S[None], share_LK)[0]
        detected, starts_Q, sums_QS = self._detected, self._starts_Q, _carried(self._sums_QS, share_LK)
        self._begin(new)
        self._detected, self._starts_Q, self._sums_QS = detected, starts_Q, sums_QS

    def state_dict(self) -> dict[str, Any]:
        """Reference, evidence and sums."""
        return {
            "reference": self.reference.state_dict(),
            "arl": self.arl,
            "threshold": self.threshold,
            "caution": self.caution,
            "records": self._records,
            "detected": self._detected,
            "evidence": {name: array.copy() for name, array in self._evidence._asdict().items()},
            "starts_Q": self._starts_Q.copy(),
            "sums_QS": self._sums_QS.copy(),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> ConceptDetector:
        """The detector of which ``state_dict`` was taken."""
        detector = cls(LossReference.from_state(state["reference"]))
        detector.load_state_dict(state)
        return detector

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a saved state, whatever this detector was made with."""
        self.arl, self.caution = float(state["arl"]), float(state["caution"])
        self._records = float(state["records"])
        self.reset(LossReference.from_state(state["reference"]), float(state["threshold"]))
        for name, array in self._evidence._asdict().items():
            array[...] = state["evidence"][name]
        self._starts_Q = np.array(state["starts_Q"], dtype=np.float64)
        self._sums_QS = np.array(state["sums_QS"], dtype=np.float64)
        self._detected = bool(state["detected"])


def _carried(sums_QS: Floats, share_LK: Floats) -> Floats:
    leaves = share_LK.shape[1]
    by_leaf = [sums_QS[:, :leaves] @ share_LK.T, sums_QS[:, leaves : 2 * leaves] @ share_LK.T]
    return np.concatenate([*by_leaf, sums_QS[:, 2 * leaves :]], axis=1)
