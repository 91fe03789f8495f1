"""Plans jobs, plays them under a progress bar, and folds what came of them into standings."""

from __future__ import annotations

import concurrent.futures
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from .machine import describe_machine
from .measuring.job import Failed, Job
from .measuring.keeper import Keeper, Run
from .measuring.runner import Runner
from .peers.catalogue import CONTESTANTS
from .reports.standings import Clock, Table, stand
from .sources.catalogue import Catalogue

__all__ = ["Comparison", "Wanted", "write_json"]

SCHEMA = 1


@dataclass(frozen=True)
class Wanted:
    """A contestant to compare.

    Args:
        contestant: its name in the catalogue.
        label: what tables call it; its name if empty.
        settings: options that differ from its defaults, as sorted pairs.
    """

    contestant: str
    label: str = ""
    settings: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class Comparison:
    """What is compared, and how.

    Args:
        catalogue: where streams come from.
        runner: starts the measuring processes.
        keeper: where outcomes lie.
        rows: at most so many records of a stream.
        seeds: seeds of contestants that have randomness; others play the first only.
        budget_seconds: playing time of one contestant on one stream with one seed.
        project: title of the contestant that others are compared with.
        clock: what speed is measured by.
        parallel: processes at a time; speeds are only right with one.
        played_anew: contestants of which no earlier outcome is taken.
    """

    catalogue: Catalogue
    runner: Runner
    keeper: Keeper
    rows: int
    seeds: tuple[int, ...]
    budget_seconds: float
    project: str
    clock: Clock = "wall"
    parallel: int = 1
    played_anew: frozenset[str] = frozenset()

    def play(self, streams: Sequence[str], wanted: Sequence[Wanted], console: Console) -> list[Table]:
        """Play everything; tables in the order of the streams."""
        jobs = [job for name in streams for job in self._jobs(name, wanted)]
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
            runs = list(self._runs(jobs, progress))
        return [self._table(name, runs) for name in streams]

    def _jobs(self, stream: str, wanted: Sequence[Wanted]) -> Iterable[Job]:
        opened, path = self.catalogue.open(stream, self.rows)
        for one in wanted:
            entry = CONTESTANTS[one.contestant]
            for seed in self.seeds if entry.is_seeded else self.seeds[:1]:
                if opened.task in entry.build:
                    job = Job(
                        contestant=one.contestant,
                        stream=stream,
                        stream_path=path,
                        rows=len(opened.y_N),
                        seed=seed,
                        budget_seconds=self.budget_seconds,
                        predictions_path=Path(),
                        settings=dict(one.settings),
                        label=one.label,
                    )
                    yield self.keeper.placed(job)

    def _runs(self, jobs: Sequence[Job], progress: Progress) -> Iterable[Run]:
        total = progress.add_task("records", total=sum(job.rows for job in jobs))

        def run(job: Job) -> Run:
            kept = None if job.contestant in self.played_anew else self.keeper.find(job)
            found = kept or self._play(job, progress)
            progress.advance(total, job.rows)
            return found

        with concurrent.futures.ThreadPoolExecutor(self.parallel) as pool:
            yield from pool.map(run, jobs)

    def _play(self, job: Job, progress: Progress) -> Run:
        bar = progress.add_task(f"{job.stream}: {job.title}, seed {job.seed}", total=job.rows)
        run = Run(job, self.runner.run(job, lambda records: progress.update(bar, completed=records)))
        progress.remove_task(bar)
        if isinstance(run.outcome, Failed):
            progress.console.print(
                f"{job.stream}: {job.title}, seed {job.seed}: {run.outcome.reason}", markup=False
            )
        self.keeper.keep(run)
        return run

    def _table(self, stream: str, runs: Sequence[Run]) -> Table:
        opened, _ = self.catalogue.open(stream, self.rows)
        return stand(opened, [run for run in runs if run.job.stream == stream], self.project, self.clock)


def write_json(path: Path, kind: str, options: dict[str, Any], **results: Any) -> None:
    """Write results down with the options and the machine they belong to."""
    document = {"schema": SCHEMA, "kind": kind, "options": options, "machine": describe_machine(), **results}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_plain(document), indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _plain(value: Any) -> Any:
    """Plain values; what is not finite becomes null, since JSON knows no other word for it."""
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value) if isinstance(value, Path) else value
