"""Serve the dashboard: ``python -m dashboards --journal PATH [--port 8501]``.

The process becomes Streamlit's, so that whoever started it can stop it by its process id.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from dashboards import theme
from dashboards.advice import RUNBOOKS
from dashboards.arguments import Arguments

__all__ = ["command"]

WILDCARDS = ("0.0.0.0", "::")  # noqa: S104  they are only recognised
_PR_SET_PDEATHSIG = 1  # linux/prctl.h

_FLAGS = (
    "--browser.gatherUsageStats=false",
    "--client.showErrorDetails=none",
    "--client.toolbarMode=minimal",
    "--server.fileWatcherType=none",
    "--server.headless=true",
    "--server.showEmailPrompt=false",
)


def command(shown: Arguments, address: str = "127.0.0.1", port: int = 8501) -> list[str]:
    """The command that serves journals: bound to one address, without telemetry, in the pages' colours."""
    page = Path(__file__).parent / "pages" / "app.py"
    where = [f"--server.address={address}", f"--server.port={port}"]
    if address in WILDCARDS:  # the welcome would ask a site elsewhere for this machine's address
        where.append("--logger.hideWelcomeMessage=true")
    return [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(page),
        *where,
        *_FLAGS,
        *theme.options(),
        "--",
        *shown.words,
    ]


def main(arguments: Sequence[str]) -> None:
    """Read the command line and become the server."""
    parser = argparse.ArgumentParser(
        prog="python -m dashboards", description="Show a journal in the browser."
    )
    parser.add_argument("--journal", type=Path, required=True, help="a journal, or a folder of runs")
    parser.add_argument("--prometheus", default="", metavar="URL", help="whose alerts to show")
    parser.add_argument("--runbooks", default=RUNBOOKS, metavar="URL", help="where the runbooks are")
    parser.add_argument("--address", default="127.0.0.1", help="default: this machine only")
    parser.add_argument("--port", type=int, default=8501, help="port to listen on")
    parser.add_argument(
        "--parent", type=int, metavar="PID", help="end when the process that starts this one ends (Linux)"
    )
    chosen = parser.parse_args(arguments)
    if chosen.parent is not None:
        _end_with(chosen.parent)
    # Streamlit puts the folder of the page on the path, not the folder of the package.
    package = str(Path(__file__).resolve().parent.parent)
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    shown = Arguments(chosen.journal, chosen.prometheus, chosen.runbooks)
    arguments = command(shown, chosen.address, chosen.port)
    os.execve(sys.executable, arguments, environment)  # noqa: S606 - no shell is wanted


def _end_with(parent: int) -> None:
    """Have the kernel end this process, and what it becomes, with its parent: even one that was killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(f"the process {parent} that wanted this dashboard is gone")


if __name__ == "__main__":
    main(sys.argv[1:])
