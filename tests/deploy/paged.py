"""What reached the pager of a composed stack."""

from __future__ import annotations

import time
from typing import Any

from tests.deploy.composed import Composed
from tests.deploy.watching import ask

__all__ = ["Paged"]

PAUSE_SECONDS = 0.1


class Paged:
    """Reads the pages of the pager.

    Args:
        stack: where it runs.
    """

    def __init__(self, stack: Composed) -> None:
        self._stack = stack
        self._address = f"http://{stack.address('pager', 9095)}/pages"

    def pages(self, **labels: str) -> list[dict[str, Any]]:
        """What came about alerts with these labels, oldest first."""
        return [page for page in ask(self._address) if labels.items() <= page["labels"].items()]

    def names(self) -> set[str]:
        """All that was told."""
        return {page["labels"]["alertname"] for page in self.pages()}

    def wait_for(self, status: str, seconds: float, **labels: str) -> float:
        """Return as soon as the newest word about an alert has this status -> how long that took."""
        begun = time.monotonic()
        while not (found := self.pages(**labels)) or found[-1]["status"] != status:
            self._stack.require_alive()
            waited = time.monotonic() - begun
            assert waited < seconds, f"no {status} {labels} within {seconds} s, but {self.names()}: {found}"
            time.sleep(PAUSE_SECONDS)
        return time.monotonic() - begun
