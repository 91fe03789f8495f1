"""CapyMOA: instances made before the clock starts, ``predict`` then ``train``; needs Java."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..sources.stream import Array, Task
from .contestant import NOTHING, Contestant, Entry, Problem

__all__ = ["CAPYMOA"]


class Instances:
    """A learner of CapyMOA.

    Args:
        learner: name of its class in ``capymoa.classifier`` or ``capymoa.regressor``.
        options: keywords that differ from its defaults.
        problem: the stream it is for.
    """

    rows_per_call = 200

    def __init__(self, learner: str, options: Mapping[str, Any], problem: Problem) -> None:
        core = importlib.import_module("capymoa.core")
        schema = importlib.import_module("capymoa.stream").Schema
        is_classification = problem.task == "classification"
        classes = [str(code) for code in range(problem.num_classes)]
        self.schema = schema.from_custom(
            features=[*(f"x{d}" for d in range(problem.num_features)), "target"],
            target="target",
            categories={"target": classes} if is_classification else {},
            name="stream",
        )
        library = importlib.import_module("capymoa.classifier" if is_classification else "capymoa.regressor")
        self.model = getattr(library, learner)(schema=self.schema, random_seed=problem.seed, **options)
        self.instance = core.LabeledInstance if is_classification else core.RegressionInstance
        self.dtype = np.int64 if is_classification else np.float64
        self.unknown = NOTHING if is_classification else 0.0

    def prepare(self, x_ND: Array, y_N: Array) -> list[Any]:
        return [self.instance.from_array(self.schema, x, y) for x, y in zip(x_ND, y_N.tolist(), strict=True)]

    def play(self, batch: list[Any]) -> Array:
        predict, train = self.model.predict, self.model.train
        said_N = np.empty(len(batch), self.dtype)
        for n, instance in enumerate(batch):
            said = predict(instance)
            said_N[n] = self.unknown if said is None else said
            train(instance)
        return said_N


def _entry(learners: Mapping[Task, str], *, is_seeded: bool = True, **options: Any) -> Entry:
    def builder(learner: str) -> Any:
        def build(problem: Problem) -> Contestant:
            return Instances(learner, options, problem)

        return build

    return Entry(
        build={task: builder(learner) for task, learner in learners.items()},
        install="capymoa",
        modules=("capymoa", "torch"),
        programs=("java",),
        is_seeded=is_seeded,
    )


_ARF: dict[Task, str] = {
    "classification": "AdaptiveRandomForestClassifier",
    "regression": "AdaptiveRandomForestRegressor",
}
_SRP: dict[Task, str] = {"classification": "StreamingRandomPatches"}
_KNN: dict[Task, str] = {"classification": "KNN", "regression": "KNNRegressor"}

CAPYMOA = {
    "capymoa-arf": _entry(_ARF, ensemble_size=10),
    "capymoa-arf100": _entry(_ARF, ensemble_size=100),
    "capymoa-srp": _entry(_SRP, ensemble_size=10),
    "capymoa-srp100": _entry(_SRP, ensemble_size=100),
    "capymoa-levbag": _entry({"classification": "LeveragingBagging"}, ensemble_size=10),
    "capymoa-hat": _entry({"classification": "HoeffdingAdaptiveTree"}),
    "capymoa-knn": _entry(_KNN, is_seeded=False),
    "capymoa-samknn": _entry({"classification": "SAMkNN"}, is_seeded=False),
    "capymoa-dems": _entry({"classification": "DynamicEnsembleMemberSelection"}, ensemble_size=10),
    "capymoa-sgbt": _entry({"classification": "StreamingGradientBoostedTrees"}),
    "capymoa-soknl": _entry({"regression": "SOKNL"}, ensemble_size=10),
    "capymoa-sgbr": _entry({"regression": "StreamingGradientBoostedRegression"}),
}
