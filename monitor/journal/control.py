"""What was watched and decided, interval by interval: evidence, worth, and where the controller stands."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from monitor.journal.schema import EvidenceRow, WorthRow
from monitor.plain_values import finite
from stream_hmoe.events import Action, Decided, Evidence, Level, Phase, Watched, Worth

__all__ = ["ControlFold", "errors_avoided"]


class ControlFold:
    """Collects what is watched, decided and gained, and gives the rows of an interval as it closes.

    Args:
        interval_records: length of a reporting interval.
    """

    def __init__(self, interval_records: int) -> None:
        self._interval_records = interval_records
        self._evidence: tuple[Evidence, ...] = ()
        self._worth: Worth | None = None
        self._phase: Phase | None = None
        self._decisions: dict[str, int] = {}
        self._strongest: dict[int, dict[str, Evidence]] = {}
        self._worths: dict[int, Worth] = {}

    @property
    def phase(self) -> Phase | None:
        """Where the controller stands; None before it was heard of."""
        return self._phase

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The newest evidence of every signal."""
        return self._evidence

    @property
    def worth(self) -> Worth | None:
        """What learning and control were worth, as told last."""
        return self._worth

    @property
    def decision_counts(self) -> Mapping[str, int]:
        """How often the controller asked for each action since the start of the stream."""
        return dict(self._decisions)

    def take(self, fact: Watched | Decided | Worth) -> None:
        """Take in the next fact."""
        match fact:
            case Watched():
                self._phase = self._phase or Phase.NORMAL
                self._evidence = fact.evidence
                strongest = self._strongest.setdefault(self._interval_of(fact.record), {})
                for evidence in fact.evidence:
                    best = strongest.get(evidence.signal)
                    if best is None or _excess(evidence) > _excess(best):
                        strongest[evidence.signal] = evidence
            case Decided():
                self._phase = fact.after
                if fact.action is not Action.NONE:
                    action = fact.action.value
                    self._decisions[action] = self._decisions.get(action, 0) + 1
            case Worth():
                self._worth = fact
                self._worths[self._interval_of(fact.record)] = fact

    def close(self, end: int) -> tuple[list[EvidenceRow], list[WorthRow]]:
        """The rows of the interval that ends after ``end`` records."""
        interval = self._interval_of(end)
        strongest = self._strongest.pop(interval, {})
        evidence = [
            EvidenceRow(
                end, found.signal, finite(found.evidence_nats), finite(found.threshold_nats), found.level
            )
            for found in strongest.values()
        ]
        worth = self._worths.pop(interval, None)
        return evidence, [] if worth is None else [_worth_row(end, worth)]

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to continue."""
        return {
            "evidence": [_packed(evidence) for evidence in self._evidence],
            "worth": None if self._worth is None else _packed_worth(self._worth),
            "phase": None if self._phase is None else self._phase.value,
            "decisions": dict(self._decisions),
            "strongest": {
                str(interval): [_packed(evidence) for evidence in found.values()]
                for interval, found in self._strongest.items()
            },
            "worths": {str(interval): _packed_worth(worth) for interval, worth in self._worths.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue where ``state_dict`` was taken."""
        self._evidence = tuple(_unpacked(values) for values in state["evidence"])
        self._worth = None if state["worth"] is None else Worth(*state["worth"])
        self._phase = None if state["phase"] is None else Phase(state["phase"])
        self._decisions = {action: int(count) for action, count in state["decisions"].items()}
        self._strongest = {
            int(interval): {values[0]: _unpacked(values) for values in found}
            for interval, found in state["strongest"].items()
        }
        self._worths = {int(interval): Worth(*values) for interval, values in state["worths"].items()}

    def _interval_of(self, records_seen: int) -> int:
        """The interval that a count of records belongs to: the one that holds the last of them."""
        return max(0, records_seen - 1) // self._interval_records


def errors_avoided(worth: Worth) -> float | None:
    """Losses that the frozen copy would have made more, reckoned from the sample up to all records since."""
    if worth.sampled == 0:
        return None
    return (worth.frozen_losses - worth.losses) * (worth.record - worth.since) / worth.sampled


def _excess(evidence: Evidence) -> float:
    excess = evidence.evidence_nats - evidence.threshold_nats
    return -math.inf if math.isnan(excess) else excess


def _worth_row(end: int, worth: Worth) -> WorthRow:
    return WorthRow(
        record=end,
        since=worth.since,
        sampled=worth.sampled,
        losses=float(worth.losses),
        frozen_losses=float(worth.frozen_losses),
        errors_avoided=errors_avoided(worth),
        challenger_records=worth.challenger_records,
    )


def _packed(evidence: Evidence) -> list[Any]:
    return [
        evidence.signal,
        float(evidence.evidence_nats),
        float(evidence.threshold_nats),
        int(evidence.level),
    ]


def _unpacked(values: list[Any]) -> Evidence:
    signal, evidence_nats, threshold_nats, level = values
    return Evidence(signal, float(evidence_nats), float(threshold_nats), Level(level))


def _packed_worth(worth: Worth) -> list[Any]:
    return [
        worth.record,
        worth.since,
        worth.sampled,
        float(worth.losses),
        float(worth.frozen_losses),
        worth.challenger_records,
    ]
