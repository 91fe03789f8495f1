"""What a stream counts beyond its pipeline: messages without an event, what was gone, what was announced."""

from __future__ import annotations

import enum
from collections.abc import Mapping
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
    """Running counts; all are part of the checkpoint.

    Args:
        unreadable: messages that hold no event, by channel.
        dead_letters: messages that could not be used.
        skipped: messages that were gone before they could be read.
        announced: drifts and decisions written to their sink.
    """

    unreadable: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Channel, 0))
    dead_letters: dict[str, int] = field(default_factory=dict)
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

    def dead(self, kind: DeadReason) -> None:
        """Count a dead letter."""
        self.dead_letters[kind] = self.dead_letters.get(kind, 0) + 1

    def state_dict(self) -> dict[str, Any]:
        """All counts."""
        return {
            "unreadable": {str(channel): count for channel, count in self.unreadable.items()},
            "dead_letters": dict(self.dead_letters),
            "skipped": self.skipped,
            "announced": self.announced,
        }

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Any]) -> Self:
        """What ``state_dict`` gave."""
        unreadable = {channel.value: int(state["unreadable"][channel.value]) for channel in Channel}
        dead_letters = {str(kind): int(count) for kind, count in state["dead_letters"].items()}
        return cls(unreadable, dead_letters, int(state["skipped"]), int(state["announced"]))
