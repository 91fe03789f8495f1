"""Starts measuring processes, one thread each, and collects what they answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from .job import Failed, Job, Measured, Outcome
from .worker import MARK

__all__ = ["ONE_THREAD", "Runner"]

ROOT = Path(__file__).parents[2]
GRACE_SECONDS = 300.0
ONE_THREAD = {
    f"{library}_NUM_THREADS": "1"
    for library in ("OMP", "MKL", "OPENBLAS", "NUMBA", "NUMEXPR", "VECLIB_MAXIMUM", "BLIS")
}


class Runner:
    """Runs jobs, each in a process of its own.

    Args:
        interpreters: beginning of a contestant's name -> the Python that has its library; this one if none.
    """

    def __init__(self, interpreters: Mapping[str, str] | None = None) -> None:
        self.interpreters = dict(interpreters or {})

    def run(self, job: Job, progress: Callable[[int], None]) -> Outcome:
        """Play one job; ``progress`` is told the number of records done so far."""
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
            process = subprocess.Popen(
                [self._interpreter(job.contestant), "-W", "ignore", "-m", "benchmarks.measuring.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=self._environment(),
            )
            overtime = threading.Timer(job.budget_seconds + GRACE_SECONDS, process.kill)
            overtime.start()
            try:
                outcome = _converse(process, job, progress)
            finally:
                overtime.cancel()
                process.kill()
                process.wait()
            return outcome or Failed(_last_words(errors) or f"ended with status {process.returncode}")

    def _interpreter(self, contestant: str) -> str:
        for beginning, interpreter in self.interpreters.items():
            if contestant.startswith(beginning):
                return interpreter
        return sys.executable

    @staticmethod
    def _environment() -> dict[str, str]:
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        return {**os.environ, **ONE_THREAD, "PYTHONPATH": path}


def _converse(process: subprocess.Popen[str], job: Job, progress: Callable[[int], None]) -> Outcome | None:
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin as questions, process.stdout as answers:
        questions.write(job.to_json() + "\n")
        questions.flush()
        for line in answers:
            if not line.startswith(MARK):
                continue
            facts = json.loads(line.removeprefix(MARK))
            if "measured" in facts:
                return Measured(**facts["measured"])
            if "failed" in facts:
                return Failed(facts["failed"])
            progress(facts["records"])
    return None


def _last_words(errors: IO[str]) -> str:
    errors.seek(0)
    lines = [line.strip() for line in errors if line.strip()]
    return lines[-1] if lines else ""
