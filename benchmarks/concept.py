"""Loss evidence and promotions, false alarms and delays: ``python -m benchmarks.concept --help``.

Reference, threshold and decisions come from the project as it is; only River's detectors are tuned, to the
same average run length.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import track
from rich.table import Table as Grid

from .comparison import write_json
from .losses.changes import changes_found, mix_only, no_change
from .losses.findings import Finding, Track
from .losses.promotions import promotions
from .reports.tables import wide_console
from .streams import EXIT_USAGE, split

__all__ = ["main"]

Item = TypeVar("Item")
Measure = Callable[[int, int, Track], Iterator[Finding]]
# What is measured, and on how many streams or trials: in full and with --quick.
CASES: dict[str, tuple[Measure, int, int]] = {
    "null": (no_change, 200, 10),
    "change": (changes_found, 100, 5),
    "mix": (mix_only, 200, 10),
    "promotion": (promotions, 2000, 40),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code."""
    options = _parser().parse_args(arguments)
    wanted = split(options.cases)
    strange = [case for case in wanted if case not in CASES]
    if strange:
        print(f"no case {strange[0]!r}; there are {', '.join(CASES)}", file=sys.stderr)
        return EXIT_USAGE
    console = wide_console()

    def shown(items: Sequence[Item], case: str) -> Iterator[Item]:
        quiet = not console.is_terminal
        yield from track(items, description=case, console=console, transient=True, disable=quiet)

    findings: list[Finding] = []
    for case in wanted:
        measure, full, quick = CASES[case]
        found = list(measure(quick if options.quick else full, options.seed, shown))
        _print(console, case, found)
        findings += found
    if options.json:
        write_json(options.json, "concept", vars(options), findings=findings)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.concept", description=__doc__)
    parser.add_argument("--cases", default=",".join(CASES), help="of " + ", ".join(CASES))
    parser.add_argument("--quick", action="store_true", help="few streams: shows that it runs, no more")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="where results go")
    return parser


def _print(console: Console, case: str, findings: Sequence[Finding]) -> None:
    grid = Grid(title=case, title_justify="left")
    for title in ("case", "setting", "quantity"):
        grid.add_column(title)
    for title in ("measured", "95% interval", "aim"):
        grid.add_column(title, justify="right", no_wrap=True)
    for one in findings:
        interval = "" if one.low == one.high else f"[{_figure(one.low)}, {_figure(one.high)}]"
        grid.add_row(one.case, one.setting, one.quantity, _figure(one.value), interval, one.aim)
    console.print(grid)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    sys.exit(main())
