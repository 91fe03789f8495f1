"""The four gate combinations, everything else the same: ``python -m benchmarks.gates --help``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from rich.console import Console
from rich.table import Table as Grid

from .comparison import Wanted, write_json
from .peers.project import PROJECT_NAME
from .reports.standings import Standing, Table
from .reports.tables import wide_console
from .scores import HEADLINE
from .sources.catalogue import UnknownStream
from .streams import EXIT_USAGE, add_options, opened_comparison, split

__all__ = ["COMBINATIONS", "main"]

COMBINATIONS = ("LL", "LS", "SL", "SS")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code."""
    options = _parser().parse_args(arguments)
    console = wide_console()
    kinds = (("kinds", tuple(split(options.kinds))),) if options.kinds else ()
    wanted = [Wanted(PROJECT_NAME, gates, (("gates", gates), *kinds)) for gates in COMBINATIONS]
    with ExitStack() as stack:
        comparison = replace(opened_comparison(options, stack), project="LL")
        try:
            streams = comparison.catalogue.expand(split(options.streams))
        except UnknownStream as error:
            print(error, file=sys.stderr)
            return EXIT_USAGE
        tables = comparison.play(streams, wanted, console)
    _print(console, tables)
    if options.json:
        write_json(options.json, "gates", vars(options), tables=tables)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gates", description=__doc__)
    add_options(parser)
    parser.add_argument(
        "--kinds", default="", help="kinds of groups that take part, for example regions; default: all"
    )
    return parser


def _print(console: Console, tables: Sequence[Table]) -> None:
    grid = Grid(title="outer gate, then inner gate: L Laplace, S softmax", title_justify="left")
    grid.add_column("stream")
    grid.add_column("score")
    for title in (*COMBINATIONS, "lead of LL over SS [95%]"):
        grid.add_column(title, justify="right", no_wrap=True)
    for table in tables:
        by_name = {standing.contestant: standing for standing in table.standings}
        scores = [_score(by_name.get(gates), table) for gates in COMBINATIONS]
        grid.add_row(table.stream, HEADLINE[table.task], *scores, _lead(by_name.get("SS"), table))
    console.print(grid)


def _score(standing: Standing | None, table: Table) -> str:
    if standing is None or standing.scores is None:
        return "failed"
    return f"{standing.scores[HEADLINE[table.task]].mean:.4f}"


def _lead(softmax: Standing | None, table: Table) -> str:
    if softmax is None or softmax.against is None:
        return ""
    factor = 100 if table.task == "classification" else 1
    margin = softmax.against.margin
    return f"{factor * margin.difference:+.2f} [{factor * margin.low:+.2f}, {factor * margin.high:+.2f}]"


if __name__ == "__main__":
    sys.exit(main())
