"""Memory over a long drifting stream: ``python -m benchmarks.memory --help``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from rich.progress import Progress

from .comparison import write_json
from .measuring.memory import resident_bytes
from .peers.catalogue import CONTESTANTS, missing
from .peers.contestant import Problem
from .peers.project import PROJECT_NAME
from .reports.plots import PROJECT, figure_axes, save_figure
from .reports.tables import wide_console
from .sources.endless import endless
from .streams import EXIT_USAGE

__all__ = ["growth_bytes", "main", "readings"]

BLOCK_RECORDS = 10_000
SETTLED_RECORDS = 100_000
NUM_FEATURES = 10
NUM_CLASSES = 4
Reading = tuple[int, int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code."""
    options = _parser().parse_args(arguments)
    lack = missing(CONTESTANTS[options.contestant])
    if lack is not None:
        print(f"{options.contestant}: {lack}", file=sys.stderr)
        return EXIT_USAGE
    console = wide_console()
    taken: list[Reading] = []
    with Progress(console=console) as progress:
        task = progress.add_task(options.contestant, total=options.records)
        for reading in readings(options.contestant, options.records):
            taken.append(reading)
            progress.update(task, completed=reading[0])
    most, last = growth_bytes(taken)
    records, size = taken[-1]
    console.print(
        f"{options.contestant}: {size / 2**20:.1f} MiB after {records:,} records; growth after the first"
        f" {SETTLED_RECORDS:,}: {last / 2**20:+.1f} MiB at the end, {most / 2**20:+.1f} MiB at most"
    )
    if options.json:
        write_json(
            options.json, "memory", vars(options), readings=taken, growth_bytes={"most": most, "last": last}
        )
    if options.plot:
        _plot(taken, options.contestant, options.plot)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--records", type=int, default=5_000_000)
    parser.add_argument("--contestant", choices=sorted(CONTESTANTS), default=PROJECT_NAME)
    parser.add_argument("--json", type=Path, help="where results go")
    parser.add_argument("--plot", type=Path, help="where a picture goes (PNG)")
    return parser


def readings(contestant: str, records: int) -> Iterator[Reading]:
    """Play an endless stream -> (records so far, bytes held now), at the start and after every block."""
    problem = Problem("classification", NUM_FEATURES, NUM_CLASSES, seed=0)
    player = CONTESTANTS[contestant].build[problem.task](problem)
    blocks = endless(BLOCK_RECORDS, num_features=NUM_FEATURES, num_classes=NUM_CLASSES)
    yield 0, resident_bytes()
    for number, (x_ND, y_N) in enumerate(islice(blocks, -(-records // BLOCK_RECORDS)), start=1):
        player.play(player.prepare(x_ND, y_N))
        yield number * BLOCK_RECORDS, resident_bytes()


def growth_bytes(taken: Sequence[Reading]) -> tuple[int, int]:
    """Most and last memory, less that after the first 100,000 records (or after all, if there are fewer)."""
    settled = [size for records, size in taken if records >= SETTLED_RECORDS] or [taken[-1][1]]
    return max(settled) - settled[0], settled[-1] - settled[0]


def _plot(taken: Sequence[Reading], contestant: str, path: Path) -> None:
    figure, (axis,) = figure_axes([7.0], height=3.0)
    records, sizes = zip(*taken, strict=True)
    axis.plot(
        [count / 1e6 for count in records], [size / 2**20 for size in sizes], color=PROJECT, linewidth=1.5
    )
    axis.set_ylim(bottom=0)
    axis.set_xlabel("million records")
    axis.set_title(f"memory of the process, MiB ({contestant})", fontsize=10, loc="left")
    save_figure(figure, path)


if __name__ == "__main__":
    sys.exit(main())
