"""Records with numbers, a category, gaps, and features and classes that appear late."""

from __future__ import annotations

from typing import Any

import numpy as np

from stream_hmoe import HMoEClassifier, HMoERegressor

Model = HMoEClassifier | HMoERegressor
MODELS = (HMoEClassifier, HMoERegressor)
KINDS = ("linear", "regions", "memory", "additive", "boosted")


def made(model: type[Model], count: int, seed: int = 2) -> tuple[list[dict[str, Any]], list[Any]]:
    """Records and targets; a third number and a third class come after two thirds of them."""
    random = np.random.default_rng(seed)
    records: list[dict[str, Any]] = []
    targets: list[Any] = []
    for n in range(count):
        a, b, c = random.normal(size=3).tolist()
        record: dict[str, Any] = {"a": 100.0 + 5.0 * a, "b": None if random.random() < 0.1 else b}
        record["colour"] = ("red", "green", None)[int(random.integers(3))]
        if 3 * n > 2 * count:
            record["c"] = c
        value = abs(a) + (b if record["colour"] == "red" else -b)
        records.append(record)
        is_third = 3 * n > 2 * count and c > 0.8
        label = "third" if is_third else "up" if value > 0.5 else "down"
        targets.append(label if model is HMoEClassifier else 50.0 + 9.0 * value)
    return records, targets


def small(model: type[Model]) -> Model:
    """A model quick to test."""
    return model(experts=4, kinds=KINDS)
