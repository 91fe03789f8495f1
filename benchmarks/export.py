"""What a prediction of an exported model costs: ``python -m benchmarks.export --help``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from rich.table import Table as Grid

from stream_hmoe.learner import Learner
from stream_hmoe.settings import Settings

from .comparison import write_json
from .reports.tables import wide_console
from .sources.endless import endless

__all__ = ["Speed", "main", "measure", "microseconds"]

Floats = npt.NDArray[np.float64]
Predict = Callable[[Floats], object]

LEARNER = "learner"
FORMATS = ("torch", "onnx")


@dataclass(frozen=True)
class Speed:
    """What predicting costs.

    Args:
        features: D.
        classes: C.
        program: the learner, or a format.
        microseconds: batch size -> processor time of a record.
        bytes: size of the file; 0 for the learner.
        export_seconds: time to make it; 0 for the learner.
        difference: largest relative difference from the learner.
    """

    features: int
    classes: int
    program: str
    microseconds: dict[int, float]
    bytes: int = 0
    export_seconds: float = 0.0
    difference: float = 0.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code."""
    options = _parser().parse_args(arguments)
    batches = [int(size) for size in options.batches.split(",")]
    console = wide_console()
    found: list[Speed] = []
    with console.status("measuring"):
        for shape in options.shapes.split(","):
            features, classes = (int(length) for length in shape.split("x"))
            found += measure(features, classes, options.learned, options.records, batches, options.repeats)
    grid = Grid(
        title=f"microseconds of one processor a record, best of {options.repeats}", title_justify="left"
    )
    titles = [*(f"batches of {size:,}" for size in batches), "KiB", "seconds to export", "difference"]
    for title in ("features", "classes", "program"):
        grid.add_column(title)
    for title in titles:
        grid.add_column(title, justify="right")
    for speed in found:
        grid.add_row(*_cells(speed))
    console.print(grid)
    if options.json:
        write_json(options.json, "export", vars(options), speeds=found)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.export", description=__doc__)
    parser.add_argument("--shapes", default="10x4,10x40,40x4,160x4", help="features x classes")
    parser.add_argument("--learned", type=int, default=10_000, help="records learned before the export")
    parser.add_argument("--records", type=int, default=2_048, help="records predicted")
    parser.add_argument("--batches", default="1,64,1024", help="records at a time")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each; the fastest counts")
    parser.add_argument("--json", type=Path, help="where results go")
    return parser


def measure(
    features: int, classes: int, learned: int, records: int, batches: Sequence[int], repeats: int
) -> Iterator[Speed]:
    """Teach a learner a drifting stream, export it, and time the predictions of all three."""
    learner = Learner(Settings(), "classification")
    learner.widen(features, classes)
    blocks = endless(max(learned, records), num_features=features, num_classes=classes)
    x_ND, y_N = next(blocks)
    learner.step(x_ND[:learned], y_N[:learned])
    x_ND = next(blocks)[0][:records]
    times = {size: microseconds(learner.predict, x_ND, size, repeats) for size in batches}
    yield Speed(features, classes, LEARNER, times)
    for form in FORMATS:
        yield _exported(learner, form, x_ND, batches, repeats)


def _exported(learner: Learner, form: str, x_ND: Floats, batches: Sequence[int], repeats: int) -> Speed:
    import torch

    from stream_hmoe.frozen import FrozenMixture, compare
    from stream_hmoe.frozen.model import FORMATS as PROGRAMS

    torch.set_num_threads(1)
    begin = time.perf_counter()
    program = PROGRAMS[form].of(FrozenMixture(learner))
    content = program.to_bytes("{}")
    seconds = time.perf_counter() - begin
    run = program.predict if form == "torch" else _one_thread(content)
    return Speed(
        learner.num_features,
        learner.num_outputs,
        form,
        {size: microseconds(run, x_ND, size, repeats) for size in batches},
        len(content),
        seconds,
        compare(program.predict, learner, x_ND[:500]).predicted,
    )


def _one_thread(content: bytes) -> Predict:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return lambda x_ND: cast(Any, session).run(None, {"x": x_ND})


def microseconds(predict: Predict, x_ND: Floats, batch: int, repeats: int) -> float:
    """Processor time of a record, so many at a time: the least of some runs, after one to warm up."""
    taken = []
    for _ in range(repeats + 1):
        begin = time.process_time()
        for row in range(0, len(x_ND), batch):
            predict(x_ND[row : row + batch])
        taken.append(time.process_time() - begin)
    return 1e6 * min(taken[1:]) / len(x_ND)


def _cells(speed: Speed) -> list[str]:
    times = [f"{value:,.1f}" for value in speed.microseconds.values()]
    cells = [str(speed.features), str(speed.classes), speed.program, *times]
    if speed.program == LEARNER:
        return cells
    return [*cells, f"{speed.bytes / 1024:,.0f}", f"{speed.export_seconds:.1f}", f"{speed.difference:.0e}"]


if __name__ == "__main__":
    sys.exit(main())
