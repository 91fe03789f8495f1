"""What a run shows while it goes: a live picture on a terminal, or now and then a line."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Protocol, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from monitor.status import Status
from monitor.targets import Task

__all__ = ["LiveView", "PlainView", "QuietView", "View", "describe"]

REFRESH_SECONDS = 0.25
LINE_SECONDS = 5.0
BAR_CELLS = 40
MAX_GROUPS = 8
DRIFT = "drift"
LEVEL_WORDS = ("stable", "warning", "DRIFT")
LEVEL_STYLES = ("green", "yellow", "bold red")


class View(Protocol):
    """Somewhere to show a run."""

    def show(self, status: Status) -> None:
        """Show the status, if it is time for that."""

    def note(self, text: str) -> None:
        """Show a line that stays."""

    def close(self, status: Status) -> None:
        """Show the last status and stop."""


class QuietView:
    """Shows nothing."""

    def show(self, status: Status) -> None:
        """Show nothing."""

    def note(self, text: str) -> None:
        """Show nothing."""

    def close(self, status: Status) -> None:
        """Show nothing."""


class PlainView:
    """A line every few seconds, for logs.

    Args:
        stream: where to; standard error by default.
        clock: monotonic seconds.
    """

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._clock = clock
        self._remaining = Remaining(clock)
        self._shown_seconds = clock()

    def show(self, status: Status) -> None:
        """Show the status if five seconds have passed."""
        self._remaining.update(status)
        if self._clock() - self._shown_seconds >= LINE_SECONDS:
            self._shown_seconds = self._clock()
            words = [f"{name} {value}" for name, value in describe(status).items()]
            self.note(", ".join([*words, *self._remaining.words()]))

    def note(self, text: str) -> None:
        """Write a line."""
        print(text, file=self._stream, flush=True)

    def close(self, status: Status) -> None:
        """Nothing is left to do."""


class LiveView:
    """A picture that is redrawn four times a second.

    Args:
        console: the terminal.
        title: what is being learned from.
        clock: monotonic seconds.
    """

    def __init__(self, console: Console, title: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._title = title
        self._remaining = Remaining(clock)
        self._spinner = Spinner("dots")
        self._shown_seconds = 0.0
        self._live = Live(console=console, auto_refresh=False, transient=False)

    def show(self, status: Status) -> None:
        """Redraw if a quarter of a second has passed."""
        self._remaining.update(status)
        if self._clock() - self._shown_seconds >= REFRESH_SECONDS:
            self._shown_seconds = self._clock()
            self._draw(self._picture(status), self._progress(status))

    def note(self, text: str) -> None:
        """Write a line above the picture."""
        self._live.console.print(text, highlight=False)

    def close(self, status: Status) -> None:
        """Draw the last status and leave it on the screen."""
        self._draw(self._picture(status))
        self._live.stop()

    def _draw(self, *parts: RenderableType) -> None:
        self._live.start()  # hides the cursor, so it waits until there is something to draw
        self._live.update(Group(*parts), refresh=True)

    def _picture(self, status: Status) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim")
        table.add_column()
        for name, value in describe(status).items():
            style = LEVEL_STYLES[status.level] if name == DRIFT else ""
            table.add_row(name, Text(value, style=style))
        for group, weight in group_weights(status)[:MAX_GROUPS]:
            bar = ProgressBar(total=1.0, completed=weight, width=BAR_CELLS // 2)
            row = Table.grid(padding=(0, 1))
            row.add_row(bar, f"{weight:6.1%}")
            table.add_row(f"group {group}", row)
        return Group(Text(self._title, style="bold"), table)

    def _progress(self, status: Status) -> RenderableType:
        row = Table.grid(padding=(0, 1))
        if not status.time_seconds:
            row.add_row(self._spinner, Text("the first records wait for the compiler, some seconds"))
        elif status.share_read is None:
            row.add_row(self._spinner, Text("Ctrl-C stops and keeps everything"))
        else:
            bar = ProgressBar(total=1.0, completed=status.share_read, width=BAR_CELLS)
            row.add_row(bar, Text(", ".join(self._remaining.words())))
        return row


class Remaining:
    """How much of the input is left, and for how long.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._begun: tuple[float, float] | None = None
        self._share: float | None = None

    def update(self, status: Status) -> None:
        """Note how much has been read by now."""
        self._share = status.share_read
        if self._share is not None and self._begun is None:
            self._begun = (self._clock(), self._share)

    def words(self) -> list[str]:
        """For example ``["26% read", "0:12 left"]``; empty when the length is unknown."""
        if self._share is None or self._begun is None:
            return []
        begun_seconds, begun_share = self._begun
        gained = self._share - begun_share
        words = [f"{self._share:.0%} read"]
        if gained > 0 and self._share < 1:
            left = int((self._clock() - begun_seconds) * (1 - self._share) / gained)
            words.append(f"{left // 3600}:{left // 60 % 60:02d}:{left % 60:02d} left")
        return words


def describe(status: Status) -> dict[str, str]:
    """The status in words, by name."""
    words = {
        "records": f"{status.records:,} at {status.records_per_second:,.0f}/s"
        + (f" ({status.rejected:,} rejected)" if status.rejected else "")
    }
    interval = status.interval
    if interval is not None and interval.metric is not None and interval.metric_window is not None:
        form = ".2%" if status.task is Task.CLASSIFICATION else ".4g"
        words[metric_name(status.task)] = f"{interval.metric:{form}} (lately {interval.metric_window:{form}})"
    if interval is not None:
        words["experts"] = str(interval.num_leaves)
    if interval is not None and interval.gate_entropy_nats is not None:
        words["gate entropy"] = f"{interval.gate_entropy_nats:.2f} nats"
    words[DRIFT] = LEVEL_WORDS[status.level] + (f" ({status.num_drifts} so far)" if status.num_drifts else "")
    if status.phase is not None:
        words[DRIFT] += f", controller: {status.phase.value}"
    if status.last_change:
        words["last change"] = status.last_change
    return words


def group_weights(status: Status) -> list[tuple[str, float]]:
    """Share of each group in the last interval, the largest first."""
    sums: dict[str, float] = {}
    for share in status.shares:
        sums[share.group] = sums.get(share.group, 0.0) + share.weight
    return sorted(sums.items(), key=lambda item: -item[1])


def metric_name(task: Task) -> str:
    """What the running metric is called."""
    return "accuracy" if task is Task.CLASSIFICATION else "mean absolute error"
