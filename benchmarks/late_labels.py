"""Cost of labels that come later: pairs a second, and checkpoints while many wait.

``python -m benchmarks.late_labels --help``
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from rich.table import Table as Grid

from stream_hmoe import Adaptation, HMoEClassifier, Pipeline, checkpoint
from stream_hmoe.events import Event, Example, Label, Observation
from stream_hmoe.labels import LabelSettings

from .comparison import write_json
from .reports.tables import wide_console
from .sources.endless import endless

__all__ = ["checkpoint_seconds", "late", "main", "with_records"]

NUM_FEATURES, NUM_CLASSES = 10, 4
CALL_EVENTS = 1_000
PART_RECORDS = 5_000
CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "cpu": time.process_time}
Record = dict[str, float]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code."""
    options = _parser().parse_args(arguments)
    console, clock = wide_console(), CLOCKS[options.clock]
    count = options.warm_up + options.records
    records = list(islice(_records(), count))
    grid = Grid(title=f"records a second ({options.clock} time)", title_justify="left")
    for title in ("labels", "median of parts", "slowest part"):
        grid.add_column(title, justify="left" if title == "labels" else "right")
    speeds: dict[str, list[float]] = {}
    for delay in (None, *(int(delay) for delay in options.delays.split(","))):
        name = "with the record" if delay is None else f"{delay:,} records later"
        events = with_records(records) if delay is None else late(records, delay)
        speeds[name] = _speeds(events, options.warm_up * (1 if delay is None else 2), clock)
        grid.add_row(name, f"{statistics.median(speeds[name]):,.0f}", f"{min(speeds[name]):,.0f}")
    console.print(grid)
    seconds = checkpoint_seconds(records, options.pending, clock)
    for name, value in seconds.items():
        console.print(f"{name} of a checkpoint while {options.pending:,} wait: {value:.3f} s")
    if options.json:
        write_json(
            options.json, "late labels", vars(options), records_per_second=speeds, checkpoint_seconds=seconds
        )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.late_labels", description=__doc__)
    parser.add_argument("--records", type=int, default=50_000, help="records that are measured")
    parser.add_argument("--warm-up", type=int, default=20_000, help="records before them")
    parser.add_argument("--delays", default="0,1000,10000", help="records between a record and its label")
    parser.add_argument("--pending", type=int, default=100_000, help="records that wait at a checkpoint")
    parser.add_argument("--clock", choices=sorted(CLOCKS), default="cpu", help="what time is counted")
    parser.add_argument("--json", type=Path, help="where results go")
    return parser


def _records() -> Iterator[tuple[Record, int]]:
    names = [f"feature {d}" for d in range(NUM_FEATURES)]
    for x_ND, y_N in endless(PART_RECORDS, num_features=NUM_FEATURES, num_classes=NUM_CLASSES):
        for row, label in zip(x_ND.tolist(), y_N.tolist(), strict=True):
            yield dict(zip(names, row, strict=True)), label


def with_records(records: Sequence[tuple[Record, int]]) -> list[Event]:
    """Every record brings its label with it."""
    return [Example(record, label) for record, label in records]


def late(records: Sequence[tuple[Record, int]], delay: int) -> list[Event]:
    """Every record's label comes after so many further records; those of the last never come."""
    events: list[Event] = []
    for n, (record, _) in enumerate(records):
        events.append(Observation(str(n), record, float(n)))
        if n >= delay:
            events.append(Label(str(n - delay), records[n - delay][1], float(n)))
    return events


def _speeds(events: Sequence[Event], warm_up: int, clock: Callable[[], float]) -> list[float]:
    """Records a second of every part after the warm-up, with control on."""
    pipeline = Pipeline(HMoEClassifier(), Adaptation())
    _take(pipeline, events[:warm_up])
    speeds = []
    events_of_record = 1 if isinstance(events[0], Example) else 2
    part = PART_RECORDS * events_of_record
    for begin in range(warm_up, len(events), part):
        some = events[begin : begin + part]
        begun = clock()
        _take(pipeline, some)
        speeds.append(len(some) / events_of_record / (clock() - begun))
    return speeds


def _take(pipeline: Pipeline, events: Sequence[Event]) -> None:
    for begin in range(0, len(events), CALL_EVENTS):
        pipeline.take(events[begin : begin + CALL_EVENTS])


def checkpoint_seconds(
    records: Sequence[tuple[Record, int]], pending: int, clock: Callable[[], float]
) -> dict[str, float]:
    """Seconds of a checkpoint's parts while many wait and as many keys are remembered; median of five."""
    pipeline = Pipeline(HMoEClassifier(), labels=LabelSettings(max_pending=pending))
    known = [records[n % len(records)] for n in range(pending)]
    _take(pipeline, late(known, 0))
    _take(pipeline, [Observation(f"waits {n}", record) for n, (record, _) in enumerate(known)])
    state: dict[str, Any] = {}
    seconds: dict[str, list[float]] = {"state": [], "saving": [], "loading": []}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(5):
            begun = clock()
            state = pipeline.state_dict()
            taken = clock()
            checkpoint.save(folder, state, keep=1)
            saved = clock()
            Pipeline(HMoEClassifier()).load_state_dict(checkpoint.load(folder))
            for name, value in zip(seconds, (taken - begun, saved - taken, clock() - saved), strict=True):
                seconds[name].append(value)
    return {name: statistics.median(values) for name, values in seconds.items()}


if __name__ == "__main__":
    sys.exit(main())
