"""Records per second beside the forests of River and CapyMOA, and seconds to the first prediction.

``python -m benchmarks.speed --help``
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack

from rich.console import Console
from rich.progress import track
from rich.table import Table as Grid

from .comparison import Comparison, write_json
from .measuring.job import Failed, Job, Measured
from .measuring.runner import ONE_THREAD, ROOT
from .peers.project import PROJECT_NAME
from .reports.standings import Clock
from .reports.tables import wide_console
from .sources.catalogue import UnknownStream
from .streams import EXIT_USAGE, add_options, opened_comparison, split

__all__ = ["main"]

DICTS = f"{PROJECT_NAME}-dicts"
FORESTS = ("river-arf", "capymoa-arf")
Speeds = dict[str, float]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code."""
    options = _parser().parse_args(arguments)
    console = wide_console()
    with ExitStack() as stack:
        comparison = opened_comparison(options, stack)
        try:
            streams = comparison.catalogue.expand(split(options.streams))
        except UnknownStream as error:
            print(error, file=sys.stderr)
            return EXIT_USAGE
        speeds = _speeds(comparison, streams, options.repeats, console)
    waits = first_predictions()
    _print_speeds(console, speeds, options.clock)
    _print_waits(console, waits)
    if options.json:
        write_json(
            options.json, "speed", vars(options), records_per_second=speeds, first_prediction_seconds=waits
        )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    add_options(parser)
    parser.add_argument(
        "--repeats", type=int, default=3, help="runs of each contestant, taking turns; the median counts"
    )
    parser.set_defaults(streams="indexed", rows=10_000, budget_seconds=60.0)
    return parser


def _speeds(
    comparison: Comparison, streams: Sequence[str], repeats: int, console: Console
) -> dict[str, Speeds]:
    """Median records per second by stream and contestant; taking turns, they all meet the same machine."""
    found: dict[str, dict[str, list[float]]] = {stream: {} for stream in streams}
    turns = [
        (stream, name)
        for stream in streams
        for _ in range(repeats)
        for name in (PROJECT_NAME, DICTS, *FORESTS)
    ]
    for stream, name in track(turns, description="speed", console=console):
        opened, path = comparison.catalogue.open(stream, comparison.rows)
        place = comparison.keeper.directory / "speed.npy"
        job = Job(name, stream, path, len(opened.y_N), 0, comparison.budget_seconds, place)
        outcome = comparison.runner.run(job, lambda records: None)
        if isinstance(outcome, Failed):
            console.print(f"{stream}: {name}: {outcome.reason}", markup=False)
        else:
            found[stream].setdefault(name, []).append(_by(comparison.clock, outcome))
    return {
        stream: {name: statistics.median(values) for name, values in by_name.items()}
        for stream, by_name in found.items()
    }


def _by(clock: Clock, outcome: Measured) -> float:
    return outcome.records_per_second if clock == "wall" else outcome.records_per_cpu_second


def first_predictions() -> dict[str, dict[str, float]]:
    """Seconds from import to the first prediction: with nothing compiled, and with what that run compiled."""
    with tempfile.TemporaryDirectory(prefix="compiled-") as compiled:
        environment = {**os.environ, **ONE_THREAD, "NUMBA_CACHE_DIR": compiled, "PYTHONPATH": _search_path()}
        return {state: _first_prediction(environment) for state in ("cold", "warm")}


def _search_path() -> str:
    return os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))


def _first_prediction(environment: dict[str, str]) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.measuring.first_prediction"]
    answer = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    return {name: float(seconds) for name, seconds in json.loads(answer).items()}


def _print_speeds(console: Console, speeds: dict[str, Speeds], clock: Clock) -> None:
    grid = Grid(title=f"records per second ({clock} time, median)", title_justify="left")
    names = (PROJECT_NAME, DICTS, *FORESTS)
    grid.add_column("stream")
    for title in (*names, *(f"project / {forest}" for forest in FORESTS)):
        grid.add_column(title, justify="right")
    for stream, by_name in speeds.items():
        ratios = [_ratio(by_name, forest) for forest in FORESTS]
        cells = [f"{by_name[name]:,.0f}" if name in by_name else "" for name in names]
        grid.add_row(stream, *cells, *(f"{ratio:.1f}x" if ratio else "" for ratio in ratios))
    console.print(grid)
    for forest in FORESTS:
        known = [ratio for by_name in speeds.values() if (ratio := _ratio(by_name, forest)) is not None]
        if known:
            console.print(f"least against {forest}: {min(known):.1f}x; most: {max(known):.1f}x")


def _ratio(by_name: Speeds, forest: str) -> float | None:
    return by_name[PROJECT_NAME] / by_name[forest] if {PROJECT_NAME, forest} <= by_name.keys() else None


def _print_waits(console: Console, waits: dict[str, dict[str, float]]) -> None:
    grid = Grid(title="seconds from the beginning of the import", title_justify="left")
    grid.add_column("")
    for title in ("imported, model made", "first prediction after a first record", "first array"):
        grid.add_column(title, justify="right")
    for state, seconds in waits.items():
        grid.add_row(
            {"cold": "nothing compiled", "warm": "compiled before"}[state],
            *(f"{s:.2f}" for s in seconds.values()),
        )
    console.print(grid)


if __name__ == "__main__":
    sys.exit(main())
