"""The learner of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from river.base import DriftDetector
from river.drift import ADWIN, KSWIN, PageHinkley

from monitor.config.schema import ModelConfig
from monitor.targets import Task
from stream_hmoe.adaptation import Adaptation
from stream_hmoe.controller import ControllerSettings
from stream_hmoe.estimators import HMoEClassifier, HMoERegressor
from stream_hmoe.labels import LabelSettings
from stream_hmoe.pipeline import Pipeline
from stream_hmoe.signals import RiverSignals
from stream_hmoe.targets import ClassTargets

__all__ = ["CONTROLLER", "DETECTORS", "build_pipeline"]

CONTROLLER = ControllerSettings()
DETECTORS: Mapping[str, Callable[[], DriftDetector]] = {
    "adwin": ADWIN,
    "kswin": partial(KSWIN, seed=0),
    "page-hinkley": PageHinkley,
}


def build_pipeline(
    task: Task,
    detector: str | None = None,
    model: ModelConfig | None = None,
    labels: LabelSettings | None = None,
) -> Pipeline:
    """The recommended model for a task, watched and controlled.

    Args:
        task: what is predicted.
        detector: name of a River detector that also watches loss, gate entropy and group shares.
        model: what is to differ from the recommended setting, and how far features and classes may grow;
            None for what the model itself allows.
        labels: how long records and labels that come later wait for each other.
    """
    chosen = model or ModelConfig()
    kind = HMoEClassifier if task is Task.CLASSIFICATION else HMoERegressor
    learner = kind(gates=chosen.gates, seed=chosen.seed, adapt_experts=chosen.adapt_experts)
    if model is not None:
        _limit(learner, model)
    signals = None if detector is None else RiverSignals(learner.topology, DETECTORS[detector]())
    adaptation = Adaptation(chosen.arl, CONTROLLER) if chosen.is_adapting else None
    return Pipeline(learner, adaptation, signals, labels, profile=True)


def _limit(learner: HMoEClassifier | HMoERegressor, model: ModelConfig) -> None:
    """Bound what senders can make the model grow to."""
    learner.incremental.encoder.max_features = model.max_features
    targets = learner.incremental.targets
    if isinstance(targets, ClassTargets):
        targets.classes.max_classes = model.max_classes
