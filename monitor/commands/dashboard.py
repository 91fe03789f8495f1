"""``hmoe dashboard``: the page that follows a journal, on this machine only unless asked otherwise."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from monitor.problems import ConfigurationProblem, TemporaryProblem

__all__ = ["PORT", "command", "dashboard_arguments", "find_journal", "next_free", "require_free"]

PORT = 8501
PORTS_TRIED = 100


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder, or its journal file.")],
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to listen on.")] = PORT,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
) -> None:
    """Open a page that shows a run while it goes on, or afterwards.

    Example: hmoe dashboard runs/elec
    """
    journal = find_journal(run)
    require_free(host, port, "--port")
    print(f"dashboard: http://{host}:{port} (Ctrl-C stops it; the run goes on)", flush=True)
    arguments = dashboard_arguments(journal, host, port)
    os.execv(arguments[0], arguments)  # noqa: S606  no shell is wanted


def dashboard_arguments(journal: Path, host: str, port: int, parent: int | None = None) -> list[str]:
    """The command that serves the dashboard of a journal, as long as the process ``parent`` lives."""
    where = ["--journal", str(journal), "--address", host, "--port", str(port)]
    until = [] if parent is None else ["--parent", str(parent)]
    return [sys.executable, "-m", "dashboards", *where, *until]


def find_journal(run: Path) -> Path:
    """The journal of a run given by its folder or by the journal itself.

    Raises:
        ConfigurationProblem: there is none.
    """
    path = run / "journal.sqlite" if run.is_dir() else run
    if not path.is_file():
        raise ConfigurationProblem(f"there is no journal at {path}; a run writes it: hmoe run, or hmoe demo")
    return path


def require_free(host: str, port: int, option: str) -> None:
    """Make sure that nothing listens on a port yet.

    Raises:
        TemporaryProblem: something does, or listening is not allowed.
    """
    import socket

    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            reason = f"port {port} on {host} cannot be used ({error.strerror})"
            raise TemporaryProblem(f"{reason}; choose another with {option}") from error


def next_free(host: str, first: int) -> int:
    """A port where nothing listens: ``first``, or the next one.

    Raises:
        TemporaryProblem: none of a hundred can be used; it says why ``first`` cannot.
    """
    port = next((port for port in range(first, first + PORTS_TRIED) if _is_free(host, port)), first)
    require_free(host, port, "--port")
    return port


def _is_free(host: str, port: int) -> bool:
    try:
        require_free(host, port, "--port")
    except TemporaryProblem:
        return False
    return True
