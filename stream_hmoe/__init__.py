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
    from .frozen import FrozenModel
    from .hmoe import HMoE
    from .pipeline import Pipeline

__all__ = ["Adaptation", "FrozenModel", "HMoE", "HMoEClassifier", "HMoERegressor", "Pipeline", "prequential"]
__version__ = "0.1.0"

_HOME = {
    "Adaptation": "adaptation",
    "FrozenModel": "frozen",
    "HMoE": "hmoe",
    "HMoEClassifier": "estimators",
    "HMoERegressor": "estimators",
    "Pipeline": "pipeline",
    "prequential": "evaluate",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
