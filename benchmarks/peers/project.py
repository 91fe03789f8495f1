"""The project itself: arrays through ``prequential``, dict records through River's verbs or the pipeline."""

from __future__ import annotations

import numpy as np

from ..sources.stream import Array
from .contestant import NOTHING, Contestant, Entry, Problem
from .river_models import Batch, DictRecords

__all__ = ["PROJECT", "PROJECT_NAME"]

PROJECT_NAME = "stream-hmoe"


def _model(problem: Problem) -> object:
    import stream_hmoe

    kinds = {"classification": stream_hmoe.HMoEClassifier, "regression": stream_hmoe.HMoERegressor}
    return kinds[problem.task](**{"seed": problem.seed, **problem.settings})


class Arrays:
    """The default model on arrays; the model lives on from call to call."""

    rows_per_call = 10_000

    def __init__(self, problem: Problem) -> None:
        from stream_hmoe import prequential

        self.prequential = prequential
        self.model = _model(problem)

    def prepare(self, x_ND: Array, y_N: Array) -> tuple[Array, Array]:
        return np.ascontiguousarray(x_ND), y_N

    def play(self, batch: tuple[Array, Array]) -> Array:
        said_N = self.prequential(self.model, *batch).predictions
        if said_N.dtype == object:
            said_N = np.array([NOTHING if said is None else said for said in said_N])
        return said_N.astype(batch[1].dtype)


class Adapting(DictRecords):
    """The default model in a pipeline that watches it, decides, and may replace it."""

    rows_per_call = 1_000

    def __init__(self, problem: Problem) -> None:
        from stream_hmoe.adaptation import Adaptation
        from stream_hmoe.pipeline import Pipeline

        super().__init__(_model(problem), problem)
        self.pipeline = Pipeline(self.model, Adaptation())

    def play(self, batch: Batch) -> Array:
        from stream_hmoe.events import Scored

        scored = [fact for fact in self.pipeline.step(*batch) if isinstance(fact, Scored)]
        said = [prediction for fact in scored for prediction in fact.predictions]
        return np.array([self.unknown if one is None else one for one in said]).astype(self.dtype)


def _dict_records(problem: Problem) -> Contestant:
    return DictRecords(_model(problem), problem)


PROJECT = {
    PROJECT_NAME: Entry(
        build={"classification": Arrays, "regression": Arrays},
        install="stream-hmoe",
        modules=("stream_hmoe",),
        is_seeded=True,
    ),
    f"{PROJECT_NAME}-adapting": Entry(
        build={"classification": Adapting, "regression": Adapting},
        install="stream-hmoe",
        modules=("stream_hmoe",),
        is_seeded=True,
    ),
    f"{PROJECT_NAME}-dicts": Entry(
        build={"classification": _dict_records, "regression": _dict_records},
        install="stream-hmoe",
        modules=("stream_hmoe",),
        is_seeded=True,
    ),
}
