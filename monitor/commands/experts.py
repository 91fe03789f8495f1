"""``hmoe experts``: who serves the stream: groups and leaves with their usage, loss and error."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from monitor.commands.output import print_json
from monitor.problems import ConfigurationProblem

__all__ = ["ExpertUse", "command", "experts_of"]


@dataclass(frozen=True, slots=True)
class ExpertUse:
    """One live leaf.

    Args:
        group: its group.
        leaf: its name.
        usage: share of the gate weight of all records.
        loss_nats: mean loss, weighted by its gate weight; None for one that never had weight.
        error: mean error, weighted in the same way.
    """

    group: str
    leaf: str
    usage: float
    loss_nats: float | None
    error: float | None


def command(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="A run's folder, its journal or its checkpoint.")
    ],
    last: Annotated[
        int | None,
        typer.Option("--last", min=1, metavar="N", help="Only the last N records (from the journal)."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List groups and experts with their usage, loss and error.

    Example: hmoe experts runs/elec
    """
    experts = experts_of(run, last)
    if as_json:
        print_json({"experts": [asdict(expert) for expert in experts]})
        return
    from rich.console import Console

    Console().print(_table(experts))


def experts_of(run: Path, last: int | None = None) -> list[ExpertUse]:
    """The live leaves of a run, the most used group and leaf first.

    Raises:
        ConfigurationProblem: ``run`` holds neither a journal nor a checkpoint.
    """
    if run.is_file():
        found = _from_journal(run, last)
    elif (run / "journal.sqlite").is_file():
        found = _from_journal(run / "journal.sqlite", last)
    elif run.is_dir():
        found = _from_checkpoint(run)
    else:
        raise ConfigurationProblem(f"there is no run at {run}")
    groups: dict[str, float] = {}
    for expert in found:
        groups[expert.group] = groups.get(expert.group, 0.0) + expert.usage
    return sorted(found, key=lambda expert: (-groups[expert.group], expert.group, -expert.usage))


def _from_journal(journal: Path, last: int | None) -> list[ExpertUse]:
    from monitor.journal.reader import JournalReader

    with JournalReader(journal) as reader:
        span = reader.span()
        first = 0 if span is None or last is None else max(0, span.last - last + 1)
        return [
            ExpertUse(row.group_name, row.name, row.usage, _or_none(row.loss_nats), _or_none(row.error))
            for row in reader.usage(first).itertuples()
        ]


def _from_checkpoint(directory: Path) -> list[ExpertUse]:
    from monitor.journal.fold import JournalFold
    from stream_hmoe import checkpoint
    from stream_hmoe.errors import BadCheckpoint
    from stream_hmoe.events import Topology

    state = checkpoint.load(directory)
    if "fold" not in state:
        raise BadCheckpoint(f"{directory} holds a model alone, not a run: what its experts did is not known")
    fold = JournalFold(True, Topology((), (), ()))
    fold.load_state_dict(state["fold"])
    return [
        ExpertUse(leaf.group, leaf.name, use.usage, use.loss_nats, use.error)
        for leaf in fold.leaves.live
        for use in (fold.totals.use_of(leaf.number),)
    ]


def _or_none(value: float) -> float | None:
    return None if value != value else float(value)


def _table(experts: Iterable[ExpertUse]) -> object:
    from rich.table import Table

    table = Table("group", "expert", "usage", "loss (nats)", "error", box=None, header_style="bold")
    for column in table.columns[2:]:
        column.justify = "right"
    before = ""
    for expert in experts:
        group = expert.group if expert.group != before else ""
        before = expert.group
        table.add_row(
            group, expert.leaf, f"{expert.usage:.2%}", _number(expert.loss_nats), _number(expert.error)
        )
    return table


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
