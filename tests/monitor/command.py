"""Runs the real command line in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


def kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
