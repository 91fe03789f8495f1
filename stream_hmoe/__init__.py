"""Streaming hierarchical mixtures of experts: learn one record at a time, with gates one can read.

Names are loaded when they are first used, so that reading events or errors imports neither torch nor Numba.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .adaptation import Adaptation
    from .estimators import HMoEClassifier, HMoERegressor
    from .evaluate import prequential
    from .events import Example, Label, Observation, Order
    from .frozen import FrozenModel
    from .hmoe import HMoE
    from .labels import LabelSettings
    from .pipeline import Pipeline

__all__ = [
    "Adaptation",
    "Example",
    "FrozenModel",
    "HMoE",
    "HMoEClassifier",
    "HMoERegressor",
    "Label",
    "LabelSettings",
    "Observation",
    "Order",
    "Pipeline",
    "prequential",
]
__version__ = "0.1.0"

_HOME = {
    "Adaptation": "adaptation",
    "Example": "events",
    "FrozenModel": "frozen",
    "HMoE": "hmoe",
    "HMoEClassifier": "estimators",
    "HMoERegressor": "estimators",
    "Label": "events",
    "LabelSettings": "labels",
    "Observation": "events",
    "Order": "events",
    "Pipeline": "pipeline",
    "prequential": "evaluate",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
