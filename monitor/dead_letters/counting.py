"""What is wrong with many dead letters: how often which reason, and the newest of each."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from monitor.dead_letters.letter import DeadLetter
from monitor.shortened import shortened

__all__ = ["ReasonCount", "count_reasons", "shown_body"]

MAX_SHOWN = 300


@dataclasses.dataclass(slots=True)
class ReasonCount:
    """The dead letters with one reason at one field.

    Args:
        reason: what is wrong.
        field: where; empty for the whole.
        remedy: what can be done.
        count: how many there are.
        samples: the newest of them, in order.
    """

    reason: str
    field: str
    remedy: str
    count: int = 0
    samples: list[DeadLetter] = dataclasses.field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Plain values; bodies are shortened and bytes that are no text replaced."""
        samples = [
            {"origin": letter.origin, "value": letter.value, "body": shown_body(letter.body)}
            for letter in self.samples
        ]
        return {
            "reason": self.reason,
            "field": self.field,
            "remedy": self.remedy,
            "count": self.count,
            "samples": samples,
        }


def count_reasons(letters: Iterable[DeadLetter], samples: int) -> list[ReasonCount]:
    """Count by reason and field, the most frequent first.

    Args:
        letters: dead letters, oldest first.
        samples: how many of each reason are kept.
    """
    found: dict[tuple[str, str], ReasonCount] = {}
    for letter in letters:
        key = (letter.reason, letter.field)
        entry = found.setdefault(key, ReasonCount(letter.reason, letter.field, letter.remedy))
        entry.count += 1
        entry.samples = [*entry.samples, letter][-samples:] if samples else []
    return sorted(found.values(), key=lambda entry: -entry.count)


def shown_body(body: bytes) -> str:
    """A body as text for people."""
    longest = 4 * MAX_SHOWN  # bytes of so many characters, and some more
    return shortened(body[: longest + 1].decode("utf-8", "replace"), MAX_SHOWN)
