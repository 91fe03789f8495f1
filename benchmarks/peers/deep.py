"""deep-river: a small PyTorch network behind River's verbs, one gradient step a record, on scaled records."""

from __future__ import annotations

import importlib

from .contestant import Contestant, Entry, Problem
from .river_models import DictRecords

__all__ = ["DEEP"]


def _perceptron(problem: Problem) -> Contestant:
    from river import preprocessing

    zoo = importlib.import_module("deep_river.classification.zoo")
    model = zoo.MultiLayerPerceptron(
        n_features=problem.num_features,
        n_width=32,
        n_layers=2,
        n_init_classes=problem.num_classes,
        loss_fn="cross_entropy",
        optimizer_fn="adam",
        lr=0.01,
        seed=problem.seed,
    )
    return DictRecords(preprocessing.StandardScaler() | model, problem)


DEEP = {
    "deep-river-mlp": Entry(
        build={"classification": _perceptron},
        install="deep-river",
        modules=("deep_river",),
        is_seeded=True,
    )
}
