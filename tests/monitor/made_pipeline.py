"""A pipeline with a real learner and a made controller, so that whole runs come to decisions quickly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from monitor.run import starting
from monitor.targets import Task
from stream_hmoe.estimators import HMoEClassifier
from stream_hmoe.events import Fact
from stream_hmoe.pipeline import Pipeline
from tests.monitor.journal.made_control import SETTINGS, one_promotion

CONTROL = one_promotion()


class Controlled(Pipeline):
    """A pipeline that also gives the facts of a made controller."""

    def step(self, records: Sequence[Mapping[Any, Any]], targets: Sequence[Any]) -> list[Fact]:
        first = self.records_seen
        facts = super().step(records, targets)
        return [*facts, *(fact for fact in CONTROL if first < fact.record <= self.records_seen)]


def controlled(task: Task, detector: str | None = None) -> Pipeline:
    return Controlled(HMoEClassifier())


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every run build this pipeline, and say in its audit by which settings it decides."""
    monkeypatch.setattr(starting, "build_pipeline", controlled)
    monkeypatch.setattr(starting, "CONTROLLER", SETTINGS)
