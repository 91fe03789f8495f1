"""A dashboard that lives as long as a run: a process of its own, started, watched and stopped."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from monitor.commands.dashboard import dashboard_arguments
from monitor.status import Status
from monitor.terminal import View

__all__ = ["DashboardProcess", "WatchfulView"]

STOP_SECONDS = 5.0


class DashboardProcess:
    """Serves a journal while it is entered.

    Args:
        journal: what it shows; it need not exist yet.
        host: address to listen on.
        port: a free port.
        say: told the page's address as soon as the process is started.
    """

    def __init__(self, journal: Path, host: str, port: int, say: Callable[[str], None]) -> None:
        self.address = f"http://{host}:{port}"
        self.log = journal.with_name("dashboard.log")
        self._arguments = dashboard_arguments(journal, host, port, os.getpid())
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self.log.open("wb") as log:
            # A session of its own: Ctrl-C asks the run alone, which stops the dashboard when it is done.
            self._process = subprocess.Popen(
                self._arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._say(self.address)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
        finally:
            process.kill()
            process.wait()

    @property
    def is_lost(self) -> bool:
        """It ended although nobody stopped it."""
        return self._process is not None and self._process.poll() is not None


class WatchfulView:
    """A view that also says, once, when the dashboard is lost; the run goes on without it.

    Args:
        view: shows the run.
        dashboard: the process to watch.
        again: the command that opens the dashboard again.
    """

    def __init__(self, view: View, dashboard: DashboardProcess, again: str) -> None:
        self._view = view
        self._dashboard = dashboard
        self._again = again
        self._is_told = False

    def show(self, status: Status) -> None:
        """Show the status, and look after the dashboard."""
        if self._dashboard.is_lost and not self._is_told:
            self._is_told = True
            self.note(
                f"the dashboard has ended, the run goes on; {self._dashboard.log} may say why. "
                f"Open it again with: {self._again}"
            )
        self._view.show(status)

    def note(self, text: str) -> None:
        """Show a line that stays."""
        self._view.note(text)

    def close(self, status: Status) -> None:
        """Show the last status and stop."""
        self._view.close(status)
