"""Too many bad messages at once: the stream halts instead of draining into the dead letters.

Counted in messages, not in seconds, so that a stream that is read again halts at the same message.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["FloodGuard"]


class FloodGuard:
    """Halts when bad messages make up too large a share of a window of messages.

    A window that is not full yet counts as full of good messages before the first, so that one bad message
    at the beginning halts nothing.

    Args:
        max_ratio: the share at which it halts, above 0, at most 1.
        window_messages: length of the window.

    Example:
        >>> guard = FloodGuard(max_ratio=0.5, window_messages=4)
        >>> guard.take(4, bad=[0, 3])
        3
        >>> guard.halted
        '2 of the last 4 messages could not be used, 50% or more'
    """

    def __init__(self, max_ratio: float, window_messages: int) -> None:
        if not 0.0 < max_ratio <= 1.0 or window_messages < 1:
            raise ValueError(f"max_ratio is in (0, 1] and window_messages at least 1, got {max_ratio}")
        self.max_ratio = max_ratio
        self.window_messages = window_messages
        self.messages = 0
        self.is_halted = False
        self._bad: deque[int] = deque()

    def take(self, count: int, bad: Sequence[int]) -> int | None:
        """Count messages, up to the one at which the stream is to halt.

        Args:
            count: messages of the batch.
            bad: numbers of those among them that cannot be used, ascending, each once.

        Returns:
            Number of the message at which to halt: it is the last one counted, those after it are to be read
            again. None when the stream goes on.
        """
        first = self.messages
        for number in bad:
            self._bad.append(first + number)
            while self._bad[0] <= first + number - self.window_messages:
                self._bad.popleft()
            if len(self._bad) >= self.max_ratio * self.window_messages:
                self.messages = first + number + 1
                self.is_halted = True
                return number
        self.messages = first + count
        return None

    @property
    def halted(self) -> str:
        """Why the stream stands still, in words; empty while it goes on."""
        if not self.is_halted:
            return ""
        of = f"{len(self._bad)} of the last {self.window_messages} messages could not be used"
        return f"{of}, {self.max_ratio:.0%} or more"

    def release(self) -> None:
        """Go on with an empty window: an operator has looked at it."""
        self.is_halted = False
        self._bad.clear()

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint holds: with it and the same messages it halts at the same place."""
        return {"messages": self.messages, "bad": list(self._bad), "is_halted": self.is_halted}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a saved state; the limits are those of now."""
        self.messages = int(state["messages"])
        self._bad = deque(int(number) for number in state["bad"])
        self.is_halted = bool(state["is_halted"])
