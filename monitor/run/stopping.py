"""Stopping on request: the first signal asks, the second one breaks."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

__all__ = ["StopRequest"]

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """Notes SIGINT (Ctrl-C) and SIGTERM while it is entered, so that the block under way can be finished.

    Args:
        when_asked: called at once, also while the block under way hangs.
    """

    def __init__(self, when_asked: Callable[[], None] | None = None) -> None:
        self.reason: str | None = None
        self._when_asked = when_asked
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @property
    def is_requested(self) -> bool:
        """The run is to stop."""
        return self.reason is not None

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.reason is not None:
            raise KeyboardInterrupt
        self.reason = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
        if self._when_asked is not None:
            self._when_asked()
