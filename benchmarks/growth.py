"""Cost of a record as the number of leaves grows: ``python -m benchmarks.growth --help``."""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table as Grid

from .comparison import Comparison, write_json
from .measuring.job import Failed, Job
from .peers.project import PROJECT_NAME
from .reports.plots import PEER, PROJECT, figure_axes, save_figure
from .reports.tables import wide_console
from .sources.catalogue import UnknownStream
from .streams import EXIT_USAGE, add_options, opened_comparison, split

__all__ = ["Cost", "exponent", "main"]

REGIONS = "regions"
VARIANTS: dict[str, dict[str, Any]] = {"regions only": {"kinds": (REGIONS,)}, "all kinds": {}}


@dataclass(frozen=True)
class Cost:
    """What a record costs with so many local experts.

    Args:
        stream: the stream.
        variant: which kinds of groups took part.
        leaves: local experts over all region groups.
        microseconds: predicting and learning one record.
    """

    stream: str
    variant: str
    leaves: int
    microseconds: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and plot; the exit code."""
    options = _parser().parse_args(arguments)
    console = wide_console()
    with ExitStack() as stack:
        comparison = opened_comparison(options, stack)
        try:
            streams = comparison.catalogue.expand(split(options.streams))
        except UnknownStream as error:
            print(error, file=sys.stderr)
            return EXIT_USAGE
        wanted = [int(leaves) for leaves in split(options.leaves)]
        costs = _costs(comparison, streams, wanted, options.repeats, console)
    _print(console, costs)
    if options.json:
        write_json(options.json, "growth", vars(options), costs=costs)
    if options.plot:
        _plot(costs, options.plot)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    add_options(parser)
    parser.add_argument(
        "--leaves", default="16,32,64,128,256,512,1024", help="local experts over all region groups"
    )
    parser.add_argument("--repeats", type=int, default=3, help="runs of each size; the median counts")
    parser.set_defaults(streams="hyperplane,rbf_drift", rows=10_000)
    return parser


def _costs(
    comparison: Comparison, streams: Sequence[str], wanted: Sequence[int], repeats: int, console: Console
) -> list[Cost]:
    groups = _region_groups()
    cases = [
        (stream, variant, max(1, round(n / groups)))
        for stream in streams
        for variant in VARIANTS
        for n in wanted
    ]
    costs = []
    for stream, variant, experts in track(cases, description="growth", console=console):
        opened, path = comparison.catalogue.open(stream, comparison.rows)
        settings = {**VARIANTS[variant], "experts": experts}
        place = comparison.keeper.directory / "growth.npy"
        budget = comparison.budget_seconds
        job = Job(PROJECT_NAME, stream, path, len(opened.y_N), 0, budget, place, settings)
        speeds = [_speed(comparison, job, console) for _ in range(repeats)]
        costs.append(Cost(stream, variant, experts * groups, 1e6 / statistics.median(speeds)))
    return costs


def _region_groups() -> int:
    import stream_hmoe

    topology = stream_hmoe.HMoEClassifier().topology
    return sum(name.startswith(REGIONS) for name in topology.groups)


def _speed(comparison: Comparison, job: Job, console: Console) -> float:
    outcome = comparison.runner.run(job, lambda records: None)
    if isinstance(outcome, Failed):
        raise RuntimeError(f"{job.stream}, {dict(job.settings)}: {outcome.reason}")
    by_wall = comparison.clock == "wall"
    return outcome.records_per_second if by_wall else outcome.records_per_cpu_second


def exponent(costs: Sequence[Cost]) -> float:
    """Slope of log cost over log leaves by least squares: 1 is cost in proportion to leaves, 0 no growth."""
    leaves = [math.log(cost.leaves) for cost in costs]
    return statistics.linear_regression(leaves, [math.log(cost.microseconds) for cost in costs]).slope


def _series(costs: Sequence[Cost]) -> dict[tuple[str, str], list[Cost]]:
    keys = dict.fromkeys((cost.stream, cost.variant) for cost in costs)
    return {key: [cost for cost in costs if (cost.stream, cost.variant) == key] for key in keys}


def _print(console: Console, costs: Sequence[Cost]) -> None:
    grid = Grid(title="microseconds a record", title_justify="left")
    grid.add_column("stream, kinds of groups")
    sizes = list(dict.fromkeys(cost.leaves for cost in costs))
    for title in (*(f"{size} leaves" for size in sizes), "exponent"):
        grid.add_column(title, justify="right")
    for (stream, variant), series in _series(costs).items():
        cells = [f"{cost.microseconds:.1f}" for cost in series]
        grid.add_row(f"{stream}, {variant}", *cells, f"{exponent(series):.2f}" if len(series) > 1 else "")
    console.print(grid)
    console.print("exponent 1: cost grows with the leaves; 0: it does not grow")


def _plot(costs: Sequence[Cost], path: Path) -> None:
    series = _series(costs)
    figure, axes = figure_axes([4.2] * len(series), height=3.4)
    for axis, ((stream, variant), one) in zip(axes, series.items(), strict=True):
        leaves = [cost.leaves for cost in one]
        first = one[0]
        proportional = [first.microseconds * size / first.leaves for size in leaves]
        axis.loglog(leaves, [cost.microseconds for cost in one], "o-", color=PROJECT, label="measured")
        axis.loglog(leaves, proportional, "--", color=PEER, label="in proportion to leaves")
        axis.set_xlabel("leaves")
        axis.set_title(f"{stream}, {variant}: microseconds a record", fontsize=10, loc="left")
    axes[0].legend(fontsize=8, frameon=False)
    save_figure(figure, path)


if __name__ == "__main__":
    sys.exit(main())
