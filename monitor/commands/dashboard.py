"""``hmoe dashboard``: the pages that follow a journal, on this machine only unless asked otherwise."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from monitor.problems import ConfigurationProblem, TemporaryProblem

__all__ = [
    "PORT",
    "command",
    "dashboard_arguments",
    "find_journal",
    "next_free",
    "require_free",
    "require_journal",
]

PORT = 8501
RUNBOOKS = "docs/runbooks.md"
PORTS_TRIED = 100


def command(
    path: Annotated[
        Path,
        typer.Argument(metavar="PATH", help="A run's folder, its journal, or the service's state folder."),
    ],
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to listen on.")] = PORT,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    prometheus: Annotated[
        str, typer.Option("--prometheus", metavar="URL", help="Show the alerts of this Prometheus.")
    ] = "",
    runbooks: Annotated[
        str, typer.Option("--runbooks", metavar="URL", help="Where docs/runbooks.md is served.")
    ] = RUNBOOKS,
) -> None:
    """Open pages that show a run or the streams of a service while they go on, or afterwards.

    For example:

    * hmoe dashboard runs/elec

    * hmoe dashboard state --prometheus http://127.0.0.1:9090
    """
    require_journal(path)
    require_free(host, port, "--port")
    print(f"dashboard: http://{host}:{port} (Ctrl-C stops it; the run goes on)", flush=True)
    shown = ["--prometheus", prometheus] if prometheus else []
    arguments = [*dashboard_arguments(path, host, port), *shown, "--runbooks", runbooks]
    os.execv(arguments[0], arguments)  # noqa: S606  no shell is wanted


def dashboard_arguments(path: Path, host: str, port: int, parent: int | None = None) -> list[str]:
    """The command that serves the dashboard of a path, as long as the process ``parent`` lives."""
    where = ["--journal", str(path), "--address", host, "--port", str(port)]
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


def require_journal(path: Path) -> None:
    """Make sure that there is a journal at a path or in a folder below it.

    Raises:
        ConfigurationProblem: there is none.
    """
    from monitor.journal.opening import find_journals

    if not find_journals(path):
        raise ConfigurationProblem(f"there is no journal at {path}; a run writes it: hmoe run, or hmoe demo")


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
