"""The learner of a run."""

from __future__ import annotations

from monitor.targets import Task
from stream_hmoe.adaptation import Adaptation
from stream_hmoe.controller import ControllerSettings
from stream_hmoe.estimators import HMoEClassifier, HMoERegressor
from stream_hmoe.pipeline import Pipeline

__all__ = ["CONTROLLER", "build_pipeline"]

CONTROLLER = ControllerSettings()


def build_pipeline(task: Task) -> Pipeline:
    """The recommended model for a task, watched and controlled."""
    model = HMoEClassifier() if task is Task.CLASSIFICATION else HMoERegressor()
    return Pipeline(model, Adaptation(settings=CONTROLLER))
