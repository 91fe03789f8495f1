"""A bound on the orderly end: what hangs is left behind, the newest checkpoint holds what counts."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from monitor.logs import get_logger
from monitor.problems import ExitCode

__all__ = ["Grace"]

TELL_SECONDS = 1.0


class Grace:
    """Ends the process at once if it has not left this context in time."""

    def __init__(self) -> None:
        self._timer: threading.Timer | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def begin(self, seconds: float) -> None:
        """From now on there are so many seconds left; only the first call counts."""
        if self._timer is None:
            self._timer = _later(seconds, self._end, seconds)

    @staticmethod
    def _end(seconds: float) -> None:
        _later(TELL_SECONDS, os._exit, ExitCode.TEMPORARY)  # what hangs may be the log
        get_logger().error("grace_exceeded", seconds=seconds)
        os._exit(ExitCode.TEMPORARY)


def _later(seconds: float, action: Callable[[Any], object], argument: float) -> threading.Timer:
    timer = threading.Timer(seconds, action, [argument])
    timer.daemon = True
    timer.start()
    return timer
