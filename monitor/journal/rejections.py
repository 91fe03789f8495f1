"""Counts of rejected records by cause, bounded however many records are rejected."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from monitor.journal.schema import EventKind, EventRow
from stream_hmoe.events import Rejected

__all__ = ["Rejections"]

MAX_CAUSES = 20
OTHER_CAUSES = "other causes"


class Rejections:
    """How often which field was rejected for which reason in one reporting interval."""

    def __init__(self) -> None:
        self.total = 0
        self._last_record = 0
        self._example = ""
        self._counts: dict[str, int] = {}

    def add(self, fact: Rejected) -> None:
        """Count one rejected record; causes beyond the twentieth are counted together."""
        cause = f"{fact.field}: {fact.reason}"
        if cause not in self._counts and len(self._counts) >= MAX_CAUSES:
            cause = OTHER_CAUSES
        if not self._example:
            self._example = f"{fact.field} was {fact.value}: {fact.reason}. {fact.remedy}"
        self._counts[cause] = self._counts.get(cause, 0) + 1
        self._last_record = fact.record
        self.total += 1

    def event(self) -> EventRow:
        """The summary of the interval, at its last rejected record."""
        noun = "record" if self.total == 1 else "records"
        causes = sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))
        return EventRow(
            record=self._last_record,
            kind=EventKind.REJECTED,
            message=f"{self.total} {noun} rejected, for example {self._example}",
            statistic=float(self.total),
            detail=json.dumps({"causes": dict(causes)}),
        )

    def state_dict(self) -> dict[str, Any]:
        """The counts."""
        return {
            "total": self.total,
            "last_record": self._last_record,
            "example": self._example,
            "counts": dict(self._counts),
        }

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Any]) -> Rejections:
        """The counts of which ``state_dict`` was taken."""
        rejections = cls()
        rejections.total = int(state["total"])
        rejections._last_record = int(state["last_record"])
        rejections._example = str(state["example"])
        rejections._counts = {cause: int(count) for cause, count in state["counts"].items()}
        return rejections
