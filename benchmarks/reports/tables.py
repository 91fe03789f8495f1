"""Standings as tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table as Grid

from ..peers.dummies import DUMMIES
from ..scores import HEADLINE
from ..sources.stream import Task
from .standings import Against, Spread, Standing, Table

__all__ = ["print_summary", "print_table", "strongest_peer", "wide_console"]

SCORES: dict[Task, dict[str, str]] = {
    "classification": {
        "accuracy": "accuracy",
        "kappa": "kappa",
        "kappa_temporal": "kappa-t",
        "macro_f1": "F1",
    },
    "regression": {"mae": "MAE", "rmse": "RMSE", "r2": "R2"},
}
SPEED_PEERS = ("river-arf", "capymoa-arf")
LEAST_COLUMNS = 180


def wide_console() -> Console:
    """A console that does not break tables where output goes to a file."""
    console = Console()
    return console if console.is_terminal else Console(width=LEAST_COLUMNS)


def print_table(console: Console, table: Table, clock: str) -> None:
    """Every contestant on one stream."""
    grid = Grid(title=f"{table.stream}: {table.task}, {table.rows:,} rows", title_justify="left")
    grid.add_column("contestant")
    names = SCORES[table.task]
    for title in (*names.values(), "project there", "margin [95%]", f"records/s ({clock})"):
        grid.add_column(title, justify="right", no_wrap=True)
    for title in ("speed of project", "peak MiB", "warm-up s"):
        grid.add_column(title, justify="right")
    for standing in table.standings:
        if standing.scores is not None:
            grid.add_row(*_cells(standing, standing.scores, table.task))
    console.print(grid)
    for standing in table.standings:
        if standing.failure:
            console.print(f"{standing.contestant}: {standing.failure}", markup=False)


def _cells(standing: Standing, scores: dict[str, Spread], task: Task) -> list[str]:
    against = standing.against
    cut = f" @{standing.records:,}" if standing.is_cut else ""
    kept = " (earlier run)" if standing.is_kept else ""
    first, *others = SCORES[task]
    return [
        standing.contestant,
        f"{_spread(scores[first])}{cut}",
        *(_number(scores[name].mean) for name in others),
        _number(against.project) if against else "",
        _margin(against, task) if against else "",
        f"{standing.records_per_second:,.0f}{kept}",
        f"{against.speed_ratio:,.1f}x" if against else "",
        f"{standing.peak_bytes / 2**20:,.0f}",
        f"{standing.warm_up_seconds:.1f}",
    ]


def _number(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 10 else f"{value:.4g}"


def _spread(value: Spread) -> str:
    return _number(value.mean) + (f" +-{value.deviation:.2g}" if value.deviation > 0 else "")


def _margin(against: Against, task: Task) -> str:
    """The project's lead: points of accuracy, or units of the target; the interval in brackets."""
    factor = 100 if task == "classification" else 1
    centre, low, high = (
        factor * v for v in (against.margin.difference, against.margin.low, against.margin.high)
    )
    return f"{centre:+.2f} [{low:+.2f}, {high:+.2f}]" if abs(centre) < 1e4 else f"{centre:+.2g}"


def strongest_peer(table: Table) -> Standing | None:
    """The peer that is best against the project on the rows both played; dummies are no peers."""
    peers = [peer for peer in table.standings if peer.against is not None and peer.contestant not in DUMMIES]
    return min(peers, key=lambda peer: peer.against.margin.difference if peer.against else 0.0, default=None)


def print_summary(console: Console, tables: Sequence[Table]) -> None:
    """The project against the strongest peer of every stream, and its speed against the forests."""
    grid = Grid(title="project against the strongest peer of each stream", title_justify="left")
    grid.add_column("stream")
    for title in ("project", "strongest peer", "its score", "margin [95%]", "p bootstrap", "p McNemar"):
        grid.add_column(title, justify="right")
    for peer in SPEED_PEERS:
        grid.add_column(f"speed / {peer}", justify="right")
    for table in tables:
        rival = strongest_peer(table)
        if rival is not None and rival.against is not None and rival.scores is not None:
            grid.add_row(*_summary_cells(table, rival, rival.against, rival.scores))
    if grid.row_count:
        console.print(grid)
        console.print(_verdict(tables))


def _summary_cells(table: Table, rival: Standing, against: Against, scores: dict[str, Spread]) -> list[str]:
    cut = f" @{rival.records:,}" if rival.is_cut else ""
    return [
        table.stream,
        _number(against.project),
        rival.contestant,
        _number(scores[HEADLINE[table.task]].mean) + cut,
        _margin(against, table.task),
        f"{against.margin.p_value:.2g}",
        "" if against.mcnemar_p is None else f"{against.mcnemar_p:.2g}",
        *(_speed_ratio(table, peer) for peer in SPEED_PEERS),
    ]


def _speed_ratio(table: Table, peer: str) -> str:
    ratios = [
        s.against.speed_ratio for s in table.standings if s.contestant == peer and s.against is not None
    ]
    return f"{ratios[0]:,.1f}x" if ratios else ""


def _verdict(tables: Sequence[Table]) -> str:
    rivals = [rival.against.margin for table in tables if (rival := strongest_peer(table)) and rival.against]
    first = [margin for margin in rivals if margin.difference >= 0]
    sure = [margin for margin in first if margin.low > 0]
    behind = [margin for margin in rivals if margin.high < 0]
    return (
        f"At least level with every peer on {len(first)} of {len(rivals)} streams; ahead of all beyond"
        f" chance (95%) on {len(sure)}, behind one beyond chance on {len(behind)}."
    )
