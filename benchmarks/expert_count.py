"""Is the true number of experts found from data? ``python -m benchmarks.expert_count --help``.

Streams are drawn from known mixtures of Gaussian experts; the learner has one group of local experts whose
scale is not told. It is compared with the same learner whose number of experts is the true one and stays.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table as Grid

from stream_hmoe.adapting import make_learner
from stream_hmoe.settings import GATES, Settings
from stream_hmoe.streams import GaussianHMoEStream

from .comparison import write_json
from .reports.tables import wide_console

__all__ = ["Outcome", "main", "play", "within"]

MOST = 64
TOLERANCE = 0.25
BLOCK = 1000
QUICK = {"shapes": "1x4,2x2,3x3", "seeds": 2, "records": 60_000}


@dataclass(frozen=True)
class Outcome:
    """One learner on one stream.

    Args:
        shape: groups and experts of a group of the stream's mixture.
        seed: of the stream.
        start: experts that it began with; 0 where the true number was fixed.
        end: experts at the end.
        changes: edits that were promoted.
        mae: prequential mean absolute error over the whole stream.
        late_mae: the same over its last third.
        late_loss_nats: prequential loss over its last third.
        scale: the gate's scale at the end.
    """

    shape: tuple[int, int]
    seed: int
    start: int
    end: int
    changes: int
    mae: float
    late_mae: float
    late_loss_nats: float
    scale: float

    @property
    def truth(self) -> int:
        """The true number of experts."""
        return self.shape[0] * self.shape[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code."""
    options = _options(arguments)
    console = wide_console()
    shapes = [_shape(text) for text in options.shapes.split(",")]
    starts = [int(text) for text in options.starts.split(",")]
    cases = [
        (shape, seed, start) for shape in shapes for seed in range(options.seeds) for start in (0, *starts)
    ]
    outcomes = [
        play(options.gates, shape, seed, start, options.records)
        for shape, seed, start in track(cases, description="expert count", console=console)
    ]
    _print(console, outcomes, starts)
    if options.json:
        write_json(options.json, "expert_count", vars(options), outcomes=outcomes)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.expert_count", description=__doc__)
    parser.add_argument("--gates", choices=GATES, default="LL", help="of streams and learner")
    parser.add_argument("--shapes", default="1x4,1x9,1x16,2x2,3x3,4x4", help="groups x experts, with commas")
    parser.add_argument("--starts", default="2,64", help="numbers of experts to begin with, with commas")
    parser.add_argument("--seeds", type=int, default=5, help="streams of each shape")
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--quick", action="store_true", help="a few short streams")
    parser.add_argument("--json", type=Path, help="where results go")
    options = parser.parse_args(arguments)
    if options.quick:
        vars(options).update(QUICK)
    return options


def _shape(text: str) -> tuple[int, int]:
    groups, experts = text.split("x")
    return int(groups), int(experts)


def play(gates: str, shape: tuple[int, int], seed: int, start: int, records: int) -> Outcome:
    """Predict, then learn, a stream.

    Args:
        gates: of the stream and of the learner.
        shape: groups and experts of a group of the stream's mixture.
        seed: of the stream.
        start: experts to begin with; 0 fixes the true number.
        records: length of the stream.
    """
    truth = shape[0] * shape[1]
    settings = Settings.counted(gates, ("regions",), MOST if start else truth, 0, start or None)
    learner = make_learner(replace(settings, adapt_experts=start > 0), "regression")
    learner.widen(2, 1)
    stream = GaussianHMoEStream(seed, gates=gates, num_groups=shape[0], num_experts=shape[1])  # type: ignore[arg-type]
    error, loss = [], []
    for begin in range(0, records, BLOCK):
        rows = stream.rows(begin, min(begin + BLOCK, records))
        outcome = learner.step(rows.X, rows.y)
        error.append(np.abs(outcome.predicted[:, 0] - rows.y))
        loss.append(outcome.loss_nats)
    error_N, late = np.concatenate(error), slice(-max(records // 3, 1), None)
    return Outcome(
        shape,
        seed,
        start,
        int(learner.state.regions.born_G[0]),
        len(learner.news),
        float(error_N.mean()),
        float(error_N[late].mean()),
        float(np.concatenate(loss)[late].mean()),
        float(learner.state.regions.scale_G[0]),
    )


def within(outcome: Outcome) -> bool:
    """Whether the number at the end is the true one, give or take a quarter."""
    return abs(outcome.end - outcome.truth) <= TOLERANCE * outcome.truth


def _print(console: Console, outcomes: Sequence[Outcome], starts: Sequence[int]) -> None:
    grid = Grid(title="number of experts, found from data", title_justify="left")
    grid.add_column("groups x experts")
    for title in ("truth", "start", "ends", "within 25%", "edits", "MAE", "late MAE", "late loss", "scale"):
        grid.add_column(title, justify="right", no_wrap=True)
    grid.add_column("MAE against true number fixed", justify="right", no_wrap=True)
    for shape in dict.fromkeys(outcome.shape for outcome in outcomes):
        fixed = [outcome for outcome in outcomes if outcome.shape == shape and outcome.start == 0]
        grid.add_row(*_cells(fixed, "fixed"), "")
        for start in starts:
            mine = [outcome for outcome in outcomes if outcome.shape == shape and outcome.start == start]
            grid.add_row(*_cells(mine, str(start)), _against(mine, fixed))
    console.print(grid)
    adapted = [outcome for outcome in outcomes if outcome.start]
    console.print(f"within 25% of the truth: {sum(map(within, adapted))} of {len(adapted)}")


def _cells(mine: Sequence[Outcome], start: str) -> list[str]:
    groups, experts = mine[0].shape
    names = ("changes", "mae", "late_mae", "late_loss_nats", "scale")
    means = [fmean(getattr(outcome, name) for outcome in mine) for name in names]
    numbers = [f"{means[0]:.0f}", *(f"{mean:.4f}" for mean in means[1:4]), f"{means[4]:.1f}"]
    ends = " ".join(str(outcome.end) for outcome in mine)
    share = f"{sum(map(within, mine))}/{len(mine)}"
    return [f"{groups}x{experts}", str(mine[0].truth), start, ends, share, *numbers]


def _against(mine: Sequence[Outcome], fixed: Sequence[Outcome]) -> str:
    """Mean difference of the error in per cent, and on how many streams it is no larger than 1 per cent."""
    differences = [100.0 * (a.mae / b.mae - 1.0) for a, b in zip(mine, fixed, strict=True)]
    late = [100.0 * (a.late_mae / b.late_mae - 1.0) for a, b in zip(mine, fixed, strict=True)]
    no_worse = sum(difference <= 1.0 for difference in late)
    return f"{fmean(differences):+.1f}%, late {fmean(late):+.1f}%; late no worse on {no_worse}/{len(late)}"


if __name__ == "__main__":
    sys.exit(main())
