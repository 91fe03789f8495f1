"""The project and its peers on the same rows in one run: ``python -m benchmarks.streams --help``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from .comparison import Comparison, Wanted, write_json
from .measuring.keeper import Keeper
from .measuring.runner import Runner
from .peers.catalogue import UnknownPeer, expand
from .peers.dummies import DUMMIES
from .peers.project import PROJECT, PROJECT_NAME
from .reports.plots import plot_tables
from .reports.tables import print_summary, print_table, wide_console
from .sources.catalogue import Catalogue, UnknownStream

__all__ = ["add_options", "main", "opened_comparison", "split"]

EXIT_USAGE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, print, and write what was asked for; the exit code."""
    options = _parser().parse_args(arguments)
    console = wide_console()
    with ExitStack() as stack:
        comparison = opened_comparison(options, stack)
        try:
            streams = comparison.catalogue.expand(split(options.streams))
            peers = expand(split(options.peers))
        except (UnknownStream, UnknownPeer) as error:
            print(error, file=sys.stderr)
            return EXIT_USAGE
        project = [] if options.no_project else [PROJECT_NAME]
        names = dict.fromkeys([*project, *peers, *DUMMIES])
        tables = comparison.play(streams, [Wanted(name) for name in names], console)
    for table in tables:
        print_table(console, table, options.clock)
    print_summary(console, tables)
    if options.json:
        write_json(options.json, "streams", vars(options), tables=tables)
    if options.plot:
        plot_tables(tables, PROJECT_NAME, options.plot)
    return 0


def opened_comparison(options: argparse.Namespace, stack: ExitStack) -> Comparison:
    """A comparison as the options say; what lies in temporary directories goes with ``stack``."""
    temporary = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmarks-")))
    return Comparison(
        catalogue=Catalogue(options.data, options.cache or temporary / "streams"),
        runner=Runner(dict(pair.split("=", 1) for pair in options.python)),
        keeper=Keeper(options.keep or temporary / "outcomes"),
        rows=options.rows,
        seeds=tuple(int(seed) for seed in split(options.seeds)),
        budget_seconds=options.budget_seconds,
        project=PROJECT_NAME,
        clock=options.clock,
        parallel=options.parallel,
        played_anew=frozenset(PROJECT),
    )


def split(text: str) -> list[str]:
    """``"a,b"`` -> ``["a", "b"]``."""
    return [part.strip() for part in text.split(",") if part.strip()]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.streams", description=__doc__)
    add_options(parser)
    parser.add_argument("--peers", default="all", help="names, 'all' or 'none'; a wrong name lists all")
    parser.add_argument("--no-project", action="store_true", help="peers only")
    return parser


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options that every comparison on streams has."""
    parser.add_argument("--data", type=Path, help="directory of gzip CSV streams")
    parser.add_argument(
        "--streams", default="all", help="names, 'indexed', 'unseen' or 'all'; a wrong name lists all"
    )
    parser.add_argument("--rows", type=int, default=50_000, help="records of each stream, from its beginning")
    parser.add_argument(
        "--seeds", default="0", help="for example 0,1,2; contestants without randomness play once"
    )
    parser.add_argument(
        "--budget-seconds",
        type=float,
        default=600.0,
        help="playing time of a contestant on a stream with one seed",
    )
    parser.add_argument(
        "--clock",
        choices=["wall", "cpu"],
        default="wall",
        help="cpu: time of the playing thread, on a busy machine",
    )
    parser.add_argument("--json", type=Path, help="where results go")
    parser.add_argument("--plot", type=Path, help="where a picture goes (PNG)")
    parser.add_argument(
        "--cache", type=Path, help="directory for streams made once; default: a temporary one"
    )
    parser.add_argument(
        "--keep",
        type=Path,
        help="directory of outcomes: peers found there are not played anew; default: none",
    )
    parser.add_argument(
        "--python",
        action="append",
        default=[],
        metavar="PREFIX=PATH",
        help="another interpreter for contestants whose names begin so, for example capymoa=/venv/bin/python",
    )
    parser.add_argument(
        "--parallel", type=int, default=1, help="processes at a time; speeds are only right with 1"
    )


if __name__ == "__main__":
    sys.exit(main())
