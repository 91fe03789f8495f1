"""The learner of a run."""

from __future__ import annotations

from monitor.targets import Task
from stream_hmoe.estimators import HMoEClassifier, HMoERegressor
from stream_hmoe.pipeline import Pipeline

__all__ = ["build_pipeline"]


def build_pipeline(task: Task) -> Pipeline:
    """The recommended model for a task, with its gates watched."""
    model = HMoEClassifier() if task is Task.CLASSIFICATION else HMoERegressor()
    return Pipeline(model)
