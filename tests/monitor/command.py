"""Runs the real command line in a process of its own."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from monitor.cli import main
from tests.monitor.sources.made_files import standard_input

ROOT = Path(__file__).parents[2]
TIMEOUT_SECONDS = 240


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    exit_code: int
    out: str
    error: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def environment(**more: str) -> dict[str, str]:
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path, "COLUMNS": "120", "NO_COLOR": "1", **more}


def hmoe(
    arguments: Sequence[str | Path],
    cwd: Path,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
) -> Done:
    """Run ``hmoe`` to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "monitor", *map(str, arguments)],
        cwd=cwd,
        env=environment(**(env or {})),
        input=stdin,
        capture_output=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def inside(arguments: Sequence[str | Path], cwd: Path, stdin: bytes | None = None) -> Done:
    """Run ``hmoe`` to its end in this process: the same command line without the start of a new process."""
    out, error = io.StringIO(), io.StringIO()
    exit_code: Any = 0
    with ExitStack() as stack:
        stack.enter_context(redirect_stdout(out))
        stack.enter_context(redirect_stderr(error))
        stack.enter_context(chdir(cwd))
        stack.enter_context(patch.object(sys, "argv", ["hmoe", *map(str, arguments)]))
        if stdin is not None:
            stack.enter_context(standard_input(stdin))
        try:
            main()
        except SystemExit as end:
            exit_code = end.code or 0
    return Done(int(exit_code), out.getvalue(), error.getvalue())


def start(arguments: Sequence[str | Path], cwd: Path, **options: Any) -> subprocess.Popen[bytes]:
    """Start ``hmoe`` and leave it running."""
    return subprocess.Popen(
        [sys.executable, "-m", "monitor", *map(str, arguments)], cwd=cwd, env=environment(), **options
    )


def wait_for_growth(path: Path, size: int, process: subprocess.Popen[bytes]) -> None:
    """Return as soon as a file has reached a size; fail if the process ends before."""
    while not (path.exists() and path.stat().st_size >= size):
        assert process.poll() is None, f"ended with {process.returncode} before {path} had {size} bytes"
        os.sched_yield()


def wait_until(is_so: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Return as soon as something is so; fail if the process ends before."""
    while not is_so():
        assert process.poll() is None, f"ended with {process.returncode} too early"
        os.sched_yield()


def kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
