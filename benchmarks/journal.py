"""What a journal of millions of rows takes to write and to read: ``python -m benchmarks.journal --help``."""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.progress import track
from rich.table import Table as Grid

from monitor.journal.fold import INTERVAL_RECORDS
from monitor.journal.reader import MAX_POINTS, JournalReader
from monitor.journal.retention import Retention
from monitor.journal.schema import (
    BadRow,
    EventKind,
    EventRow,
    EvidenceRow,
    FeatureRow,
    FlowRow,
    IntervalRow,
    LeafFeatureRow,
    Rows,
    SampleRow,
    ShareRow,
    TopologyRow,
    WorthRow,
)
from monitor.journal.writer import JournalWriter, Stamp

from .comparison import write_json
from .reports.tables import wide_console

__all__ = ["QUERIES", "Reading", "Writing", "main"]

EVERYTHING = 10**9
PERIOD_INTERVALS = 4
SYNC_INTERVALS = 80
PATTERNS = 50
FEATURES = 20
LEAF_FEATURE_ROWS = 16 * FEATURES
SAMPLES = 10
CHART_POINTS = 600
SHARE_POINTS = 150

# A window of all records, of a hundred thousand, and of twenty thousand, up to the newest.
WINDOWS: Mapping[str, int | None] = {"all": None, "100k": 100_000, "20k": 20_000}
Query = Callable[[JournalReader, int], pd.DataFrame]
QUERIES: Mapping[str, Query] = {
    f"intervals, {CHART_POINTS} points": lambda reader, first: reader.intervals(first, None, CHART_POINTS),
    f"intervals, {MAX_POINTS} points": lambda reader, first: reader.intervals(first, None, MAX_POINTS),
    f"shares, {SHARE_POINTS} points": lambda reader, first: reader.shares(first, None, SHARE_POINTS),
    f"evidence, {CHART_POINTS} points": lambda reader, first: reader.evidence(first, None, CHART_POINTS),
    f"worth, {CHART_POINTS} points": lambda reader, first: reader.worth(first, None, CHART_POINTS),
    f"features, {CHART_POINTS} points": lambda reader, first: reader.features(first, None, CHART_POINTS),
    "usage": JournalReader.usage,
    "samples": JournalReader.samples,
    "leaf_features": lambda reader, first: reader.leaf_features(),
    "topology": lambda reader, first: reader.topology(),
    "events, newest 400": lambda reader, first: reader.events(None, first, 400),
    "drifts, newest 400": lambda reader, first: reader.events([EventKind.DRIFT], first, 400),
    "newest decision": lambda reader, first: reader.events([EventKind.DECISION], limit=1),
    f"flow, {MAX_POINTS} rows": lambda reader, first: reader.flow(),
    "bad": lambda reader, first: reader.bad(),
}


@dataclass(frozen=True)
class Writing:
    """What it took to write a journal.

    Args:
        rows: rows written, without the joined ones.
        records: records of the stream that they tell of.
        seconds: in the writer.
        longest_write_seconds: the longest call of ``write``, which may wait for the disk.
        longest_work_seconds: the most processor time that a call of ``write`` took.
        longest_sync_seconds: the longest call of ``sync``, which waits for the disk.
        file_bytes: the file in the end.
    """

    rows: int
    records: int
    seconds: float
    longest_write_seconds: float
    longest_work_seconds: float
    longest_sync_seconds: float
    file_bytes: int


@dataclass(frozen=True)
class Reading:
    """What one query took.

    Args:
        query: its name.
        window: the records it was about.
        seconds: median over the repeats, the journal opened anew each time.
        rows: rows that came back.
    """

    query: str
    window: str
    seconds: float
    rows: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Write, read and print; the exit code."""
    options = _parser().parse_args(arguments)
    retention = Retention() if options.retention == "default" else Retention(EVERYTHING, 1, EVERYTHING)
    with ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "journal.sqlite"
        written = _write(path, options.rows, options.leaves, retention)
        readings = _read(path, options.repeats)
    _print(written, readings)
    if options.json:
        write_json(options.json, "journal", vars(options), written=[written], readings=readings)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.journal", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000, help="rows to write, joined ones not counted")
    parser.add_argument("--leaves", type=int, default=152, help="experts of the model")
    parser.add_argument(
        "--retention", choices=("everything", "default"), default="everything", help="what is kept of them"
    )
    parser.add_argument("--repeats", type=int, default=3, help="of every query; the median counts")
    parser.add_argument("--folder", type=Path, help="where the journal goes, to be kept; default: nowhere")
    parser.add_argument("--json", type=Path, help="file for the numbers")
    return parser


def _write(path: Path, rows: int, leaves: int, retention: Retention) -> Writing:
    writer = JournalWriter(
        path, {"task": "classification", "interval_records": str(INTERVAL_RECORDS)}, retention
    )
    count, number, seconds, writes, work, syncs = 0, 0, 0.0, [0.0], [0.0], [0.0]
    with_progress = track(_made(leaves), description="write", total=rows // (leaves + 8), transient=True)
    for number, made in enumerate(with_progress, start=1):
        begun, begun_work = time.perf_counter(), time.process_time()
        writer.write(made, Stamp(float(number), 1_000.0, 500_000_000))
        writes.append(time.perf_counter() - begun)
        work.append(time.process_time() - begun_work)
        writer.write_flow(_flow(number))
        if number % SYNC_INTERVALS == 0:
            syncing = time.perf_counter()
            writer.sync()
            syncs.append(time.perf_counter() - syncing)
        seconds += time.perf_counter() - begun
        count += 1 + sum(len(getattr(made, name)) for name in Rows.__slots__)
        if count >= rows:
            break
    writer.sync()
    writer.close()
    records = number * INTERVAL_RECORDS
    return Writing(count, records, seconds, max(writes), max(work), max(syncs), path.stat().st_size)


def _made(leaves: int) -> Iterator[Rows]:
    """The rows of one interval after the other, for ever."""
    generator = np.random.default_rng(0)
    weights = generator.dirichlet(np.full(leaves, 0.3), PATTERNS).tolist()
    losses = generator.gamma(2.0, 0.2, (PATTERNS, leaves)).tolist()
    number = 0
    while True:
        number += 1
        end, pattern = number * INTERVAL_RECORDS, number % PATTERNS
        shares = zip(range(leaves), weights[pattern], losses[pattern], strict=True)
        loss = losses[pattern][0]
        made = Rows(
            intervals=(
                IntervalRow(
                    end, INTERVAL_RECORDS, INTERVAL_RECORDS - 1, loss, 0.9, 0.9, loss, 0, number, leaves
                ),
            ),
            shares=tuple(ShareRow(end, leaf, weight, loss, loss / 2) for leaf, weight, loss in shares),
            topology=() if number > 1 else tuple(TopologyRow(0, n, f"g/{n}", "g") for n in range(leaves)),
            events=tuple(_events(number, end)),
            evidence=tuple(EvidenceRow(end, signal, loss, 9.2, 0) for signal in ("gates", "losses")),
            worth=(WorthRow(end, 0, number, loss, loss, 1.0, 0),),
            bad=() if number % 10 else (BadRow(end, float(number), "x@1", "f", "?", "no", "yes", "{}"),),
        )
        yield made if number % PERIOD_INTERVALS else replace(made, **_profile(end, leaves))


def _events(number: int, end: int) -> Iterator[EventRow]:
    if number % 3 == 0:
        yield EventRow(end, EventKind.REJECTED, "3 records rejected", statistic=3.0)
    if number % SYNC_INTERVALS == 0:
        yield EventRow(end, EventKind.CHECKPOINT, "checkpoint")
    if number % 40 == 0:
        yield EventRow(end, EventKind.DRIFT, "gates drifted", "gates", 2, 9.9)
    if number % 200 == 0:
        episode = number // 200
        decided = {
            "episode": episode,
            "before": "normal",
            "after": "warn",
            "action": "none",
            "reason": "made",
        }
        message = f"episode {episode}: so it was decided"
        yield EventRow(end, EventKind.DECISION, message, detail=json.dumps(decided))


def _values(sample: int, names: Sequence[str]) -> str:
    return json.dumps({name: (7 * sample + 5 * place) % 13 for place, name in enumerate(names)})


def _profile(end: int, leaves: int) -> dict[str, Any]:
    since, names = end - PERIOD_INTERVALS * INTERVAL_RECORDS, [f"feature {n}" for n in range(FEATURES)]
    return {
        "features": tuple(FeatureRow(end, since, name, 1.0, 0.1, 1.0, -3.0, 3.0) for name in names),
        "leaf_features": tuple(
            LeafFeatureRow(end, leaf, name, 0.1, 1.0) for leaf in range(min(16, leaves)) for name in names
        ),
        "samples": tuple(
            SampleRow(since + 97 * n, n, "a", "b", 0.5, _values(n, names)) for n in range(SAMPLES)
        ),
    }


def _flow(number: int) -> FlowRow:
    total = number * INTERVAL_RECORDS
    labels = (total, total, 0, 0, 0, 0, 0)
    return FlowRow(
        float(number), total, total, total, 0, 0, 0, 0, 0, *labels, 1.0, 0, 0, 5, 250.0, 0.001, 0.005,
        500_000_000, float(number), 2_000_000, "",
    )  # fmt: skip


def _read(path: Path, repeats: int) -> list[Reading]:
    found = []
    with JournalReader(path) as reader:
        span = reader.span()
        last = 0 if span is None else span.last
    cases = [(name, window) for window in WINDOWS for name in QUERIES]
    for name, window in track(cases, description="read", transient=True):
        length = WINDOWS[window]
        first, seconds, rows = 0 if length is None else max(0, last - length + 1), [], 0
        for _ in range(repeats):
            begun = time.perf_counter()
            with JournalReader(path) as reader:
                rows = len(QUERIES[name](reader, first))
            seconds.append(time.perf_counter() - begun)
        found.append(Reading(name, window, statistics.median(seconds), rows))
    return found


def _print(written: Writing, readings: Sequence[Reading]) -> None:
    console = wide_console()
    console.print(
        f"{written.rows:,} rows about {written.records:,} records: written in {written.seconds:.1f} s, "
        f"{1e6 * written.seconds / written.records:.2f} us a record; longest write "
        f"{1e3 * written.longest_write_seconds:.1f} ms, of processor time "
        f"{1e3 * written.longest_work_seconds:.1f} ms, longest sync "
        f"{1e3 * written.longest_sync_seconds:.1f} ms; file {written.file_bytes / 2**20:,.0f} MiB"
    )
    grid = Grid(title="milliseconds to open the journal and ask (rows)", title_justify="left")
    grid.add_column("query")
    for window in WINDOWS:
        grid.add_column(window, justify="right")
    by_name = {(reading.query, reading.window): reading for reading in readings}
    for name in QUERIES:
        chosen = [by_name[name, window] for window in WINDOWS]
        grid.add_row(name, *(f"{1e3 * reading.seconds:.1f} ({reading.rows:,})" for reading in chosen))
    console.print(grid)
    total = sum(reading.seconds for reading in readings if reading.window == "all")
    console.print(f"all of them about all records: {total:.2f} s")


if __name__ == "__main__":
    raise SystemExit(main())
