"""``hmoe pager``: shows the alerts that Alertmanager sends, where no real pager is at hand."""

from __future__ import annotations

import signal
import sys
from typing import Annotated

import typer

__all__ = ["command"]


def command(
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 is any free one.")
    ] = 9095,
) -> None:
    """Print every alert that arrives, and show the newest on a page.

    Point a webhook of Alertmanager at it. Ctrl-C stops it; nothing is kept.
    """
    from monitor.alerts.pager import Pager

    # The same end for both: Python raises KeyboardInterrupt for one of them only.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with Pager(host, port, sys.stdout) as pager:
            print(f"pager: {pager.address}", flush=True)
            while True:
                signal.pause()
    except KeyboardInterrupt:
        print("pager: stopped", file=sys.stderr)
