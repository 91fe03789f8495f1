"""Gate-shift detection: false alarms, delays, a learning model, the leaf named, cost.

``python -m benchmarks.drift --help``; a full run takes about ten minutes on one core.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table as Grid

from stream_hmoe.detectors import GateShiftDetector

from .drift_suite.delays import Contestant, geometric, measure_change, named_right, rivals_of
from .drift_suite.learning import watch_learner, watch_seconds
from .drift_suite.nulls import ARL, measure_null, null_table
from .drift_suite.run_lengths import Delay, mean_delay, run_length
from .drift_suite.worlds import Change, falling, one_hot, soft, soft_suite, suite, unseen_suite
from .machine import describe_machine
from .reports.tables import wide_console

__all__ = ["main"]

PARTS = ("false-alarms", "delays", "learning", "leaf", "cost")
NEVER_ROLLED = 10**9
UNWATCHED = 8_000  # the learner settles, the reference and then its threshold are found: no alarm before
Outcome = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown:
        parser.error(f"no part {unknown[0]!r}; choose some of {', '.join(PARTS)}")
    console = wide_console()
    found: Outcome = {}
    for part in options.parts or PARTS:
        with Progress(console=console, transient=True) as progress:
            found[part] = MEASURES[part](options, progress, console)
    if options.json:
        report = {"machine": describe_machine(), "options": vars(options) | {"json": str(options.json)}}
        options.json.write_text(json.dumps(report | {"found": found}, indent=1), encoding="utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.drift", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of {', '.join(PARTS)}; default: all")
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of the streams: seconds, wide intervals"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write everything measured there")
    return parser


def _false_alarms(options: argparse.Namespace, progress: Progress, console: Console) -> Outcome:
    nulls = null_table(20 if options.quick else 200)
    grid = _grid(
        f"run length realised / asked ({ARL:,.0f} records)", "gate", "ratio", "95%", "alarms / streams"
    )
    task = progress.add_task("false alarms", total=sum(null.references for null in nulls))
    found: Outcome = {}
    for null in nulls:
        for outcome in measure_null(null, options.seed):
            if outcome is None:
                progress.advance(task)
                continue
            found[null.name] = asdict(outcome)
            interval = f"{outcome.low:.2f} .. {outcome.high:.2f}"
            grid.add_row(null.name, f"{outcome.ratio:.2f}", interval, f"{outcome.alarms} / {outcome.streams}")
    console.print(grid)
    return found


def _delays(options: argparse.Namespace, progress: Progress, console: Console) -> Outcome:
    runs, streams = (20, 40) if options.quick else (200, 200)
    tuned, unseen = suite(), unseen_suite()
    task = progress.add_task("delays", total=len(tuned) + len(unseen) + len(soft_suite()) + 5)
    rivals = []
    for rival in rivals_of(tuned[0].p_K, runs, streams):
        rivals.append(rival)
        progress.advance(task)
    found: Outcome = {}
    for title, changes, others in (
        ("the seven changes", tuned, rivals),
        ("changes that nothing was tuned on", unseen, []),
        ("soft weights", soft_suite(), []),
    ):
        delays = []
        for change in changes:
            delays.append(measure_change(change, others, runs, streams, options.seed))
            progress.advance(task)
        found[title] = _print_delays(console, title, changes, delays, others)
    return found


def _print_delays(
    console: Console,
    title: str,
    changes: Sequence[Change],
    delays: Sequence[dict[str, Delay]],
    rivals: Sequence[Contestant],
) -> Outcome:
    grid = _grid(f"{title}: mean delay at run length {ARL:,.0f}", "detector", *(c.name for c in changes))
    grid.add_column("geo. mean / worst over CUSUM")
    grid.add_column("missed")
    grid.add_row("KL, nats", *(f"{change.kl_nats:.3f}" for change in changes))
    found: Outcome = {}
    for name in delays[0]:
        cells = [f"{by_name[name].mean:.0f} ±{by_name[name].error:.0f}" for by_name in delays]
        found[name] = {c.name: asdict(by_name[name]) for c, by_name in zip(changes, delays, strict=True)}
        if "CUSUM that knows" in delays[0]:
            spread = geometric(delays, name)
            found[name]["spread"] = asdict(spread)
            cells += [f"{spread.mean:.2f} / {spread.worst:.2f}", f"{spread.missed:.0%}"]
        grid.add_row(name, *cells)
    if rivals:
        grid.add_row("never alarms", *("-" for _ in changes), "", "100%")
        grid.add_row("always alarms (run length 1)", *("1" for _ in changes), "", "0%")
        grid.add_row("every 100 (run length 100)", *("50" for _ in changes), "", "0%")
    console.print(grid)
    return found


def _learning(options: argparse.Namespace, progress: Progress, console: Console) -> Outcome:
    streams, least = (6, 3) if options.quick else (40, 12)
    records, before = 25_000, 12_000
    kinds = {"rolled over every 5,000": 5_000, "frozen for good": NEVER_ROLLED}
    task = progress.add_task("learning", total=streams + 4 * least)
    runs = []
    for seed in range(streams):
        alarm = watch_learner(records, records, 0.0, (options.seed + 1) * 1000 + seed, ARL, 5_000)
        runs.append([((records if alarm is None else alarm + 1) - UNWATCHED, alarm is not None)])
        progress.advance(task)
    length = run_length(runs, ARL)
    found: Outcome = {"run_length": asdict(length)}
    interval = f"({length.low:.2f} .. {length.high:.2f}), {length.alarms} alarms / {streams} streams"
    console.print(f"a learner on a stream without change: run length / asked {length.ratio:.2f} {interval}")
    grid = _grid("a learner that goes on learning: mean delay", "gates", "mean + 0.4 sd", "mean + 0.8 sd")
    for name, roll_every in kinds.items():
        row: Outcome = {}
        for shift in (0.4, 0.8):
            delays = []
            for seed in range(least):
                own = (options.seed + 2) * 1000 + seed
                alarm = watch_learner(records, before, shift, own, ARL, roll_every)
                progress.advance(task)
                if alarm is None or alarm >= before:
                    delays.append(None if alarm is None else alarm - before + 1)
            row[f"shift {shift}"] = asdict(mean_delay(delays, records - before))
        grid.add_row(name, *(f"{delay['mean']:.0f} ±{delay['error']:.0f}" for delay in row.values()))
        found[name] = row
    console.print(grid)
    return found


def _leaf(options: argparse.Namespace, progress: Progress, console: Console) -> Outcome:
    task = progress.add_task("leaf named", total=1)
    shares = named_right(falling(16), 20 if options.quick else 200, options.seed)
    progress.advance(task)
    grid = _grid("single-leaf changes whose leaf is named at the alarm, K 16", *shares)
    grid.add_row(*(f"{share:.1%}" for share in shares.values()))
    console.print(grid)
    return shares


def _cost(options: argparse.Namespace, progress: Progress, console: Console) -> Outcome:
    task = progress.add_task("cost", total=5)
    grid = _grid(
        "microseconds a record, compiled scan (processor time, best of 5)", "K", "one-hot", "soft", "update()"
    )
    records = 20_000
    found: Outcome = {}
    for leaves in (2, 16, 64, 256, 1024):
        random = np.random.default_rng(options.seed)
        p_K = falling(leaves)
        hard_NK, soft_NK = one_hot(random, p_K, records), soft(random, p_K, records, 2.0)
        plain = GateShiftDetector(p_K, 1e12)
        both = GateShiftDetector(soft_NK, 1e12, calibrate="never")
        each = GateShiftDetector(p_K, 1e12)
        row = {
            "one-hot": _best(lambda d=plain, g=hard_NK: (d.reset(), d.scan(g))) / records,  # type: ignore[misc]
            "soft": _best(lambda d=both, g=soft_NK: (d.reset(), d.scan(g))) / records,  # type: ignore[misc]
            "update": _best(lambda d=each, g=hard_NK: [d.update(row) for row in g[:2000]]) / 2000,  # type: ignore[misc]
        }
        found[str(leaves)] = row
        grid.add_row(str(leaves), *(f"{1e6 * seconds:.2f}" for seconds in row.values()))
        progress.advance(task)
    seconds = watch_seconds(options.seed)
    found["watch"] = seconds
    console.print(
        f"watching a learner's gates, roll-overs included: {1e6 * seconds:.2f} microseconds a record"
    )
    console.print(grid)
    return found


def _best(work: Callable[[], object]) -> float:
    """Least processor seconds of five runs, after one to warm up."""
    work()
    seconds = []
    for _ in range(5):
        begin = time.process_time()
        work()
        seconds.append(time.process_time() - begin)
    return min(seconds)


def _grid(title: str, *columns: str) -> Grid:
    grid = Grid(title=title, title_justify="left")
    for index, column in enumerate(columns):
        grid.add_column(column, justify="left" if index == 0 else "right")
    return grid


MEASURES: dict[str, Callable[[argparse.Namespace, Progress, Console], Outcome]] = {
    "false-alarms": _false_alarms,
    "delays": _delays,
    "learning": _learning,
    "leaf": _leaf,
    "cost": _cost,
}

if __name__ == "__main__":
    sys.exit(main())
