"""How much is lost after each known change, beside a forest that replaces its trees: regret areas.

``python -m benchmarks.recovery --help``

The regret area of a change is the sum, over the records from the change to the next (3,000 at most), of the
contestant's loss less the lowest loss that any contestant reaches on that concept, once settled: its mean
over the last third of the concept. Losses are wrong predictions, or absolute errors.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table as Grid

from .comparison import write_json
from .peers.catalogue import CONTESTANTS
from .peers.contestant import Problem
from .peers.project import PROJECT_NAME
from .reports.tables import wide_console
from .sources.catalogue import Catalogue, UnknownStream
from .sources.records import as_stream
from .sources.stream import Array, Stream
from .streams import EXIT_USAGE, split

__all__ = ["CHANGES", "Regret", "main", "regret_area"]

ADAPTING = f"{PROJECT_NAME}-adapting"
CONTESTANTS_WANTED = (ADAPTING, f"{PROJECT_NAME}-dicts", "river-arf")
AFTER_RECORDS = 3_000
LOCAL_ROWS = 40_000
CHANGES: dict[str, tuple[int, ...]] = {
    "interRBF": tuple(range(3_000, 50_000, 3_000)),
    "sea50k": (12_500, 25_000, 37_500),
    "agrawal_drift": (12_500, 25_000, 37_500),
    "deliveries": (6_000, 18_000, 28_000),
    "leaves": (10_000, 20_000, 30_000),
}


@dataclass(frozen=True)
class Regret:
    """What one contestant lost after the changes of a stream.

    Args:
        stream: the stream.
        contestant: who.
        loss: mean loss over the whole stream.
        area: sum of the regret areas of its changes.
    """

    stream: str
    contestant: str
    loss: float
    area: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code."""
    options = _parser().parse_args(arguments)
    console = wide_console()
    try:
        streams = [_open(name, options.data, options.cache) for name in split(options.streams)]
    except UnknownStream as error:
        print(error, file=sys.stderr)
        return EXIT_USAGE
    regrets: list[Regret] = []
    with Progress(console=console) as progress:
        for stream in streams:
            losses = {name: _losses(name, stream, options.seed, progress) for name in CONTESTANTS_WANTED}
            changes = CHANGES[stream.name]
            floors = [_floor(list(losses.values()), *span) for span in _spans(changes, len(stream.y_N))]
            for name, loss_N in losses.items():
                area = regret_area(loss_N, changes, floors)
                regrets.append(Regret(stream.name, name, float(loss_N.mean()), area))
    _print(console, regrets)
    if options.json:
        write_json(options.json, "recovery", vars(options), regrets=regrets)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.recovery",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, help="directory of gzip CSV streams, for interRBF and sea50k")
    parser.add_argument(
        "--streams", default="agrawal_drift,deliveries,leaves", help=f"some of {', '.join(CHANGES)}"
    )
    parser.add_argument("--cache", type=Path, default=Path(".benchmarks"), help="where made streams are kept")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="where results go")
    return parser


def _open(name: str, data: Path | None, cache: Path) -> Stream:
    if name == "deliveries":
        return _deliveries()
    if name == "leaves":
        return _leaves()
    if name not in CHANGES:
        raise UnknownStream(f"stream {name!r} has no known changes; there are: {', '.join(CHANGES)}")
    catalogue = Catalogue(data, cache)
    (known,) = catalogue.expand([name])
    return catalogue.open(known, 50_000)[0]


def _deliveries() -> Stream:
    """The product's own demo stream: reasons turn in one district at a time."""
    from stream_hmoe.streams import DriftStream

    stream = DriftStream(seed=5, period=LOCAL_ROWS)
    pairs = [(record, label) for _, (record, label, _) in zip(range(LOCAL_ROWS), stream, strict=False)]
    for record, _ in pairs:
        if record["temperature_c"] is None:
            record["temperature_c"] = float("nan")
    return as_stream("deliveries", "classification", pairs)


def _leaves() -> Stream:
    """Nine leaves with affine experts, of which one is drawn anew at each change."""
    from stream_hmoe.streams import GaussianHMoEStream, LeafChange

    changes = [LeafChange(record, (leaf,)) for record, leaf in zip(CHANGES["leaves"], (1, 4, 7), strict=True)]
    rows = GaussianHMoEStream(seed=6, num_features=3, num_groups=3, num_experts=3, changes=changes).rows(
        0, LOCAL_ROWS
    )
    return Stream("leaves", "regression", rows.X, rows.y)


def _losses(name: str, stream: Stream, seed: int, progress: Progress) -> Array:
    """(N,) losses of a contestant, predicted before learned."""
    problem = Problem(stream.task, stream.x_ND.shape[1], stream.num_classes, seed=seed)
    player = CONTESTANTS[name].build[stream.task](problem)
    said: list[Array] = []
    bar = progress.add_task(f"{stream.name}: {name}", total=len(stream.y_N))
    for begin in range(0, len(stream.y_N), player.rows_per_call):
        rows = slice(begin, begin + player.rows_per_call)
        said.append(player.play(player.prepare(stream.x_ND[rows], stream.y_N[rows])))
        progress.update(bar, completed=begin)
    progress.remove_task(bar)
    said_N = np.concatenate(said)
    if stream.task == "classification":
        return np.asarray(said_N != stream.y_N, dtype=np.float64)
    return np.asarray(np.abs(said_N.astype(np.float64) - stream.y_N))


def _spans(changes: Sequence[int], rows: int) -> list[tuple[int, int]]:
    """Each change and the end of its concept."""
    ends = [*changes[1:], rows]
    return list(zip(changes, ends, strict=True))


def _floor(losses: Sequence[Array], begin: int, end: int) -> float:
    """The lowest mean loss of the last third of a concept."""
    settled = slice(end - (end - begin) // 3, end)
    return float(min(loss_N[settled].mean() for loss_N in losses))


def regret_area(loss_N: Array, changes: Sequence[int], floors: Sequence[float]) -> float:
    """Sum over all changes of the losses above the floor, until the next change or for 3,000 records."""
    area = 0.0
    for (begin, end), floor in zip(_spans(changes, len(loss_N)), floors, strict=True):
        area += float((loss_N[begin : min(end, begin + AFTER_RECORDS)] - floor).sum())
    return area


def _print(console: Console, regrets: Sequence[Regret]) -> None:
    grid = Grid(title="regret areas after known changes", title_justify="left")
    for title in ("stream", "contestant", "mean loss", "regret area", "ratio to river-arf"):
        grid.add_column(title, justify="left" if title in ("stream", "contestant") else "right")
    forest = {regret.stream: regret.area for regret in regrets if regret.contestant == "river-arf"}
    for regret in regrets:
        ratio = regret.area / forest[regret.stream]
        grid.add_row(
            regret.stream, regret.contestant, f"{regret.loss:.4f}", f"{regret.area:,.1f}", f"{ratio:.2f}"
        )
    console.print(grid)


if __name__ == "__main__":
    sys.exit(main())
