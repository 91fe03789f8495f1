"""Runs of one stream -> one standing a contestant, beside the project on the same rows.

Shapes: N records.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..measuring.job import Failed, Measured
from ..measuring.keeper import Run
from ..scores import HEADLINE, losses, score
from ..significance import Interval, mcnemar, paired_bootstrap
from ..sources.stream import Array, Stream, Task

__all__ = ["Against", "Clock", "Spread", "Standing", "Table", "stand"]

Clock = Literal["wall", "cpu"]


@dataclass(frozen=True)
class Spread:
    """A score over seeds: mean, and standard deviation (0 for one seed)."""

    mean: float
    deviation: float


@dataclass(frozen=True)
class Against:
    """The project against this contestant, on the rows that both have played.

    Args:
        records: how many rows.
        project: the project's headline score on them.
        margin: mean loss of the contestant minus that of the project, seeds averaged.
        mcnemar_p: of the first seeds; None for regression.
        speed_ratio: the project's records per second over the contestant's.
    """

    records: int
    project: float
    margin: Interval
    mcnemar_p: float | None
    speed_ratio: float


@dataclass(frozen=True)
class Standing:
    """How a contestant did on a stream.

    Args:
        contestant: its title.
        failure: why it has no score; empty if it has.
        records: rows that every seed has played; fewer than the stream's if the budget ran out.
        is_cut: whether the budget ran out.
        scores: each score over the first ``records`` rows.
        records_per_second: median over seeds, by the clock asked for.
        peak_bytes: most over seeds.
        warm_up_seconds: most over seeds; imports and compilation, not part of the speed.
        version: of its distribution.
        is_kept: whether it was measured in an earlier run.
        against: the project beside it; None for the project itself, or if there is none.
    """

    contestant: str
    failure: str
    records: int = 0
    is_cut: bool = False
    scores: dict[str, Spread] | None = None
    records_per_second: float = 0.0
    peak_bytes: int = 0
    warm_up_seconds: float = 0.0
    version: str = ""
    is_kept: bool = False
    against: Against | None = None


@dataclass(frozen=True)
class Table:
    """All standings on one stream.

    Args:
        stream: its name.
        task: what was predicted.
        rows: rows asked for.
        standings: the project first, then the others from the best headline score to the worst.
    """

    stream: str
    task: Task
    rows: int
    standings: list[Standing]


def stand(stream: Stream, runs: Sequence[Run], project: str, clock: Clock) -> Table:
    """Fold the runs of one stream.

    Args:
        stream: the rows that were asked for.
        runs: all runs on it.
        project: title of the contestant that others are compared with.
        clock: what speed is measured by.
    """
    titles = dict.fromkeys(run.job.title for run in runs)
    grouped = {title: [run for run in runs if run.job.title == title] for title in titles}
    ours = _Played.of(grouped.get(project, []))
    standings = [_standing(stream, title, group, ours, project, clock) for title, group in grouped.items()]
    sign = -1 if stream.task == "classification" else 1
    headline = HEADLINE[stream.task]

    def place(standing: Standing) -> tuple[bool, bool, float]:
        value = standing.scores[headline].mean if standing.scores else 0.0
        return standing.contestant != project, standing.scores is None, sign * value

    return Table(stream.name, stream.task, len(stream.y_N), sorted(standings, key=place))


@dataclass(frozen=True)
class _Played:
    """The runs of one contestant that were measured, with their predictions."""

    runs: list[Run]
    outcomes: list[Measured]
    predictions: list[Array]

    @classmethod
    def of(cls, runs: Sequence[Run]) -> _Played:
        played = [(run, run.outcome) for run in runs if isinstance(run.outcome, Measured)]
        predictions = [np.load(run.job.predictions_path) for run, _ in played]
        return cls([run for run, _ in played], [outcome for _, outcome in played], predictions)

    @property
    def records(self) -> int:
        return min(outcome.records for outcome in self.outcomes)

    def speed(self, clock: Clock) -> float:
        by_wall = (outcome.records_per_second for outcome in self.outcomes)
        by_cpu = (outcome.records_per_cpu_second for outcome in self.outcomes)
        return statistics.median(by_wall if clock == "wall" else by_cpu)

    def spreads(self, stream: Stream, records: int) -> dict[str, Spread]:
        """Each score over the first records."""
        each = [score(stream.task, stream.y_N[:records], said[:records]) for said in self.predictions]
        return {name: _spread([scores[name] for scores in each]) for name in each[0]}

    def loss(self, stream: Stream, records: int) -> Array:
        """(N,) loss of each of the first records, averaged over seeds."""
        each = [losses(stream.task, stream.y_N[:records], said[:records]) for said in self.predictions]
        return np.asarray(np.mean(each, axis=0))


def _spread(values: Sequence[float]) -> Spread:
    return Spread(statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else 0.0)


def _standing(
    stream: Stream, title: str, group: Sequence[Run], ours: _Played, project: str, clock: Clock
) -> Standing:
    played = _Played.of(group)
    failures = [run.outcome.reason for run in group if isinstance(run.outcome, Failed)]
    if not played.runs:
        return Standing(title, failures[0])
    return Standing(
        title,
        failure="",
        records=played.records,
        is_cut=played.records < len(stream.y_N),
        scores=played.spreads(stream, played.records),
        records_per_second=played.speed(clock),
        peak_bytes=max(outcome.peak_bytes for outcome in played.outcomes),
        warm_up_seconds=max(outcome.import_seconds + outcome.warm_up_seconds for outcome in played.outcomes),
        version=played.outcomes[0].version,
        is_kept=any(run.is_kept for run in played.runs),
        against=_against(stream, ours, played, clock) if ours.runs and title != project else None,
    )


def _against(stream: Stream, ours: _Played, theirs: _Played, clock: Clock) -> Against:
    records = min(ours.records, theirs.records)
    p_value = None
    if stream.task == "classification":
        y_N = stream.y_N[:records]
        p_value = mcnemar(*(side.predictions[0][:records] != y_N for side in (ours, theirs)))
    return Against(
        records=records,
        project=ours.spreads(stream, records)[HEADLINE[stream.task]].mean,
        margin=paired_bootstrap(ours.loss(stream, records), theirs.loss(stream, records)),
        mcnemar_p=p_value,
        speed_ratio=ours.speed(clock) / theirs.speed(clock),
    )
