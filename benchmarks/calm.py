"""Alarms and promotions on streams in which nothing changes: ``python -m benchmarks.calm --help``."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from rich.progress import Progress, TaskID
from rich.table import Table as Grid

from .comparison import write_json
from .reports.tables import wide_console
from .sources.stream import Array

__all__ = ["Calm", "main"]

BLOCK_RECORDS = 1_000
NUM_FEATURES = 6


@dataclass(frozen=True)
class Calm:
    """What a pipeline did while nothing changed.

    Args:
        stream: how the stream is made.
        records: its length.
        alarms: alarms by watched signal.
        challenges: how often challengers were trained.
        promotions: how often one was promoted.
        rollbacks: how often a promotion was taken back.
    """

    stream: str
    records: int
    alarms: dict[str, int]
    challenges: int
    promotions: int
    rollbacks: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code."""
    options = _parser().parse_args(arguments)
    console = wide_console()
    found: list[Calm] = []
    with Progress(console=console) as progress:
        for name, make in STREAMS.items():
            for seed in range(options.seeds):
                bar = progress.add_task(f"{name}, seed {seed}", total=options.records)
                blocks = make(np.random.default_rng([seed, 17]))
                found.append(_play(name, blocks, options.records, partial(_tell, progress, bar)))
    grid = Grid(title=f"{options.records:,} records each, nothing changes", title_justify="left")
    for title in ("stream", "alarms", "challenges", "promotions", "rollbacks"):
        grid.add_column(title, justify="left" if title == "stream" else "right")
    for calm in found:
        alarms = ", ".join(f"{signal}: {count}" for signal, count in calm.alarms.items()) or "0"
        grid.add_row(calm.stream, alarms, str(calm.challenges), str(calm.promotions), str(calm.rollbacks))
    console.print(grid)
    if options.json:
        write_json(options.json, "calm", vars(options), calm=found)
    return 0


def _tell(progress: Progress, bar: TaskID, records: int) -> None:
    progress.update(bar, completed=records)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calm", description=__doc__)
    parser.add_argument("--records", type=int, default=100_000, help="records of each stream")
    parser.add_argument("--seeds", type=int, default=2, help="streams of each kind")
    parser.add_argument("--json", type=Path, help="where results go")
    return parser


def _play(
    name: str, blocks: Iterator[tuple[Array, Array]], records: int, tell: Callable[[int], None]
) -> Calm:
    from stream_hmoe import HMoEClassifier
    from stream_hmoe.adaptation import Adaptation
    from stream_hmoe.events import Action, Decided, Drifted, Level
    from stream_hmoe.pipeline import Pipeline

    pipeline = Pipeline(HMoEClassifier(), Adaptation())
    fields = [f"x{d}" for d in range(NUM_FEATURES)]
    alarms, actions = Counter[str](), Counter[Action]()
    while pipeline.records_seen < records:
        x_ND, y_N = next(blocks)
        rows = [dict(zip(fields, row, strict=True)) for row in x_ND.tolist()]
        for fact in pipeline.step(rows, y_N.tolist()):
            if isinstance(fact, Drifted) and fact.level is Level.DRIFT:
                alarms[fact.signal] += 1
            elif isinstance(fact, Decided):
                actions[fact.action] += 1
        tell(pipeline.records_seen)
    return Calm(
        name,
        pipeline.records_seen,
        dict(alarms),
        actions[Action.CHALLENGE],
        actions[Action.PROMOTE],
        actions[Action.ROLL_BACK],
    )


def _independent(rng: np.random.Generator) -> Iterator[tuple[Array, Array]]:
    """Independent records, a linear border, 10% noise."""
    slope_D = rng.normal(size=NUM_FEATURES)
    while True:
        x_ND = rng.normal(size=(BLOCK_RECORDS, NUM_FEATURES))
        yield x_ND, _noisy(x_ND @ slope_D > 0.0, rng)


def _clusters(rng: np.random.Generator) -> Iterator[tuple[Array, Array]]:
    """Ten clusters of two classes, 10% noise."""
    centre_CD = rng.normal(scale=2.0, size=(10, NUM_FEATURES))
    while True:
        cluster_N = rng.integers(0, 10, BLOCK_RECORDS)
        x_ND = centre_CD[cluster_N] + rng.normal(scale=0.6, size=(BLOCK_RECORDS, NUM_FEATURES))
        yield x_ND, _noisy(cluster_N % 2 == 0, rng)


def _lingering(rng: np.random.Generator) -> Iterator[tuple[Array, Array]]:
    """Records that resemble the one before (correlation 0.8), a linear border, 10% noise."""
    slope_D = rng.normal(size=NUM_FEATURES)
    last_D = rng.normal(size=NUM_FEATURES)
    while True:
        x_ND = np.empty((BLOCK_RECORDS, NUM_FEATURES))
        for n in range(BLOCK_RECORDS):
            last_D = 0.8 * last_D + 0.6 * rng.normal(size=NUM_FEATURES)
            x_ND[n] = last_D
        yield x_ND, _noisy(x_ND @ slope_D > 0.0, rng)


STREAMS = {"independent": _independent, "clusters": _clusters, "lingering": _lingering}


def _noisy(is_one_N: Array, rng: np.random.Generator) -> Array:
    return np.where(rng.random(len(is_one_N)) < 0.1, ~is_one_N, is_one_N).astype(np.int64)


if __name__ == "__main__":
    sys.exit(main())
