"""What a stream counts beyond its pipeline: messages without an event, what was gone, what was announced."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from monitor.sources.messages import Channel
from stream_hmoe.events import Account

__all__ = ["Counts", "DeadReason"]


class DeadReason(enum.StrEnum):
    """Why a message became a dead letter."""

    UNREADABLE = "unreadable"
    RECORD = "invalid record"
    LABEL = "invalid label"


@dataclass(slots=True)
class Counts:
    """Running counts; all are part of the checkpoint. What can be counted is there from the start, as 0.

    Args:
        unreadable: messages that hold no event, by channel.
        dead_letters: messages that could not be used, by reason.
        skipped: messages that were gone before they could be read.
        announced: drifts and decisions written to their sink.
    """

    unreadable: dict[str, int] = field(default_factory=lambda: _none_of(Channel))
    dead_letters: dict[str, int] = field(default_factory=lambda: _none_of(DeadReason))
    skipped: int = 0
    announced: int = 0

    def complete(self, account: Account) -> Account:
        """The account with the messages that never became events; both of its sums still hold."""
        events, labels = self.unreadable[Channel.EVENTS], self.unreadable[Channel.LABELS]
        return replace(
            account,
            received=account.received + events,
            rejected=account.rejected + events,
            labels_received=account.labels_received + labels,
            labels_rejected=account.labels_rejected + labels,
        )

    def dead(self, reason: DeadReason) -> None:
        """Count a dead letter."""
        self.dead_letters[reason.value] += 1

    def state_dict(self) -> dict[str, Any]:
        """All counts."""
        return {
            "unreadable": dict(self.unreadable),
            "dead_letters": dict(self.dead_letters),
            "skipped": self.skipped,
            "announced": self.announced,
        }

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Any]) -> Self:
        """What ``state_dict`` gave."""
        counts = cls(skipped=int(state["skipped"]), announced=int(state["announced"]))
        counts.unreadable |= {channel: int(count) for channel, count in state["unreadable"].items()}
        counts.dead_letters |= {reason: int(count) for reason, count in state["dead_letters"].items()}
        return counts


def _none_of(kinds: Iterable[enum.StrEnum]) -> dict[str, int]:
    return {kind.value: 0 for kind in kinds}
