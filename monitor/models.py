"""The learner of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from river.base import DriftDetector
from river.drift import ADWIN, KSWIN, PageHinkley

from monitor.targets import Task
from stream_hmoe.adaptation import Adaptation
from stream_hmoe.controller import ControllerSettings
from stream_hmoe.estimators import HMoEClassifier, HMoERegressor
from stream_hmoe.pipeline import Pipeline
from stream_hmoe.signals import RiverSignals

__all__ = ["CONTROLLER", "DETECTORS", "build_pipeline"]

CONTROLLER = ControllerSettings()
DETECTORS: Mapping[str, Callable[[], DriftDetector]] = {
    "adwin": ADWIN,
    "kswin": partial(KSWIN, seed=0),
    "page-hinkley": PageHinkley,
}


def build_pipeline(task: Task, detector: str | None = None) -> Pipeline:
    """The recommended model for a task, watched and controlled.

    Args:
        task: what is predicted.
        detector: name of a River detector that also watches loss, gate entropy and group shares.
    """
    model = HMoEClassifier() if task is Task.CLASSIFICATION else HMoERegressor()
    signals = None if detector is None else RiverSignals(model.topology, DETECTORS[detector]())
    return Pipeline(model, Adaptation(settings=CONTROLLER), signals, profile=True)
