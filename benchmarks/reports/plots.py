"""Standings as a picture: scores and speeds of every contestant, one line a stream."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..peers.dummies import DUMMIES
from .standings import Standing, Table

__all__ = ["figure_axes", "plot_tables", "save_figure"]

INK = "#33312e"
PROJECT = "#c2410c"
PEER = "#8a9ba8"
DUMMY = "#d8d4cd"


def figure_axes(widths: Sequence[float], height: float) -> tuple[Any, list[Any]]:
    """A figure without a display, and its panels from left to right, in inches."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(
        1,
        len(widths),
        figsize=(sum(widths), height),
        width_ratios=list(widths),
        squeeze=False,
        layout="constrained",
    )
    for axis in axes[0]:
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(colors=INK, labelsize=9)
        axis.grid(axis="x", color="#eeeae4", linewidth=0.8)
        axis.set_axisbelow(True)
    return figure, list(axes[0])


def save_figure(figure: Any, path: Path) -> None:
    """Write the picture, and let go of its memory."""
    from matplotlib import pyplot

    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    pyplot.close(figure)


def plot_tables(tables: Sequence[Table], project: str, path: Path) -> None:
    """Accuracy (or error, in multiples of the project's) on the left, records per second on the right."""
    kinds = [task for task in ("classification", "regression") if any(table.task == task for table in tables)]
    figure, axes = figure_axes([5.5] * len(kinds) + [4.0], height=1.9 + 0.36 * len(tables))
    for axis, task in zip(axes, kinds, strict=False):
        chosen = [table for table in tables if table.task == task]
        if task == "classification":
            _dots(axis, chosen, project, _accuracy, "accuracy")
        else:
            _dots(
                axis,
                chosen,
                project,
                _relative_error,
                "mean absolute error / that of the project (log scale)",
            )
            _multiples(axis)
    _dots(axes[-1], tables, project, _speed, "records per second (log scale)")
    axes[-1].set_xscale("log")
    handles = axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower left", ncols=3, fontsize=9, frameon=False)
    save_figure(figure, path)


def _dots(
    axis: Any, tables: Sequence[Table], project: str, value: Callable[[Standing], float | None], title: str
) -> None:
    for kind, colour, size, order in (
        ("dummy", DUMMY, 18, 1),
        ("peer", PEER, 26, 2),
        (project, PROJECT, 60, 3),
    ):
        points = [
            (found, line)
            for line, table in enumerate(tables)
            for standing in table.standings
            if _kind(standing, project) == kind and (found := value(standing)) is not None
        ]
        if points:
            axis.scatter(
                *zip(*points, strict=True), s=size, color=colour, label=kind, zorder=order, linewidths=0
            )
    axis.set_yticks(range(len(tables)), [table.stream for table in tables])
    axis.set_ylim(len(tables) - 0.5, -0.5)
    axis.set_title(title, fontsize=10, color=INK, loc="left")


def _multiples(axis: Any) -> None:
    """A log axis of multiples; what is worse than ten times, a model that diverged, lies outside."""
    axis.set_xscale("log")
    axis.set_xlim(right=min(10.0, axis.get_xlim()[1]))
    axis.xaxis.set_major_formatter("{x:g}")
    axis.xaxis.set_minor_formatter("{x:g}")
    axis.tick_params(axis="x", which="minor", labelsize=8, colors=INK)


def _kind(standing: Standing, project: str) -> str:
    if standing.contestant == project:
        return project
    return "dummy" if standing.contestant in DUMMIES else "peer"


def _accuracy(standing: Standing) -> float | None:
    return standing.scores["accuracy"].mean if standing.scores else None


def _relative_error(standing: Standing) -> float | None:
    if standing.scores is None:
        return None
    ours = standing.against.project if standing.against else standing.scores["mae"].mean
    return standing.scores["mae"].mean / ours


def _speed(standing: Standing) -> float | None:
    return standing.records_per_second if standing.scores and standing.contestant not in DUMMIES else None
