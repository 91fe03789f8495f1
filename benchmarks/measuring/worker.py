"""The measuring process: ``python -m benchmarks.measuring.worker`` reads one job and plays it.

It answers on standard output, one JSON object a line: how many records are done, and at the end what was
measured. Libraries write there too, so answers start with ``MARK``.
"""

from __future__ import annotations

import gc
import importlib.metadata
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from ..peers.catalogue import CONTESTANTS, missing
from ..peers.contestant import Contestant, Entry, Problem
from ..sources.stream import Array, Stream
from .job import Job, Measured
from .memory import forget_peak, peak_bytes, resident_bytes

__all__ = ["MARK", "main"]

MARK = "@@ "
WARM_UP_ROWS = 1_000


def main() -> None:
    """Play the job that comes on standard input."""
    job = Job.from_json(sys.stdin.readline())
    entry = CONTESTANTS[job.contestant]
    lack = missing(entry)
    if lack is None:
        measured = _measure(job, entry)
        _answer(measured=asdict(measured))
    else:
        _answer(failed=lack)


def _answer(**facts: Any) -> None:
    print(MARK + json.dumps(facts), flush=True)


def _measure(job: Job, entry: Entry) -> Measured:
    stream = Stream.load(job.stream_path)
    rows = min(job.rows, len(stream.y_N))
    problem = Problem(stream.task, stream.x_ND.shape[1], stream.num_classes, job.seed, job.settings)
    stream = stream.head(rows)
    build = entry.build[stream.task]
    import_seconds, warm_up_seconds = _warm_up(build, problem, stream)
    contestant = build(problem)
    gc.collect()
    first_peak, before = peak_bytes(), resident_bytes()
    forget_peak()
    said_N, wall_seconds, cpu_seconds = _play(contestant, stream, job.budget_seconds)
    last_peak = peak_bytes()
    np.save(job.predictions_path, said_N)
    return Measured(
        records=len(said_N),
        wall_seconds=wall_seconds,
        cpu_seconds=cpu_seconds,
        import_seconds=import_seconds,
        warm_up_seconds=warm_up_seconds,
        peak_bytes=max(first_peak, last_peak),
        grown_bytes=max(0, last_peak - before),
        version=_version(entry),
    )


def _warm_up(build: Callable[[Problem], Contestant], problem: Problem, stream: Stream) -> tuple[float, float]:
    """Imports and compilation, on a contestant that is thrown away -> seconds of each."""
    begin = time.perf_counter()
    contestant = build(problem)
    built = time.perf_counter()
    contestant.play(contestant.prepare(stream.x_ND[:WARM_UP_ROWS], stream.y_N[:WARM_UP_ROWS]))
    return built - begin, time.perf_counter() - built


def _play(contestant: Contestant, stream: Stream, budget_seconds: float) -> tuple[Array, float, float]:
    """Play until the end or until the budget is spent -> predictions, wall seconds, processor seconds."""
    wall_seconds = cpu_seconds = 0.0
    said: list[Array] = []
    for begin in range(0, len(stream.y_N), contestant.rows_per_call):
        rows = slice(begin, begin + contestant.rows_per_call)
        batch = contestant.prepare(stream.x_ND[rows], stream.y_N[rows])
        wall_begin, cpu_begin = time.perf_counter(), time.thread_time()
        said.append(contestant.play(batch))
        cpu_seconds += time.thread_time() - cpu_begin
        wall_seconds += time.perf_counter() - wall_begin
        _answer(records=begin + len(said[-1]))
        if wall_seconds > budget_seconds:
            break
    return np.concatenate(said), wall_seconds, cpu_seconds


def _version(entry: Entry) -> str:
    try:
        return importlib.metadata.version(entry.install) if entry.install else ""
    except importlib.metadata.PackageNotFoundError:
        return "from source"


if __name__ == "__main__":
    main()
