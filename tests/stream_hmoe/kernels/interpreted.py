"""Small learners run by the interpreter instead of machine code: every index is checked.

``python -m tests.stream_hmoe.kernels.interpreted`` with ``NUMBA_DISABLE_JIT=1`` prints what they predict as
JSON; ``predictions`` gives the same from the compiled kernels.
"""

from __future__ import annotations

import json
from typing import Any

from stream_hmoe import layout
from stream_hmoe import learner as learners
from stream_hmoe.kernels.categorical import run_classes
from stream_hmoe.kernels.gaussian import run_means
from tests.stream_hmoe.learners import TASKS, learner, stream

RECORDS = 130
SMALL: dict[str, Any] = {"experts": 4, "remembered": 20, "prototypes": 5, "bins": 4, "stages": 2, "leaves": 4}
# name -> features, and the budget of histograms: the smallest leaves every tree one leaf
MODELS = {"usual": (3, 100_000), "no features": (0, 100_000), "trees of one leaf": (3, 1)}


def predictions() -> dict[str, list[list[float]]]:
    """What every model predicted for the stream, record by record."""
    found = {}
    for task in TASKS:
        for name, (features, budget) in MODELS.items():
            usual, layout.HISTOGRAM_BUDGET = layout.HISTOGRAM_BUDGET, budget
            try:
                model = learner(task, features=features, **SMALL)
            finally:
                layout.HISTOGRAM_BUDGET = usual
            outcome = model.step(*stream(task, RECORDS, features), weights=True)
            found[f"{task}: {name}"] = outcome.predicted.tolist() + outcome.leaf_weights.tolist()
    return found


if __name__ == "__main__":
    learners.RUN_CLASSES, learners.RUN_MEANS = run_classes, run_means  # type: ignore[assignment]
    print(json.dumps(predictions()))
