"""River: dict records made before the clock starts, ``predict_one`` then ``learn_one``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..sources.stream import Array, Task
from .contestant import NOTHING, Contestant, Entry, Problem

__all__ = ["RIVER", "Batch", "DictRecords"]

Batch = tuple[list[dict[str, float]], list[Any]]
Builder = Callable[[Problem], Contestant]


class DictRecords:
    """Any estimator with River's verbs.

    Args:
        model: the estimator.
        problem: the stream it is for.
        has_bool_labels: whether it wants False and True instead of 0 and 1.
    """

    rows_per_call = 200

    def __init__(self, model: Any, problem: Problem, *, has_bool_labels: bool = False) -> None:
        self.model = model
        self.fields = [f"x{d}" for d in range(problem.num_features)]
        self.dtype = np.int64 if problem.task == "classification" else np.float64
        self.unknown = NOTHING if problem.task == "classification" else 0.0
        self.has_bool_labels = has_bool_labels

    def prepare(self, x_ND: Array, y_N: Array) -> Batch:
        """Records as dicts, targets as plain Python values."""
        records = [dict(zip(self.fields, row, strict=True)) for row in x_ND.tolist()]
        return records, (y_N.astype(bool) if self.has_bool_labels else y_N).tolist()

    def play(self, batch: Batch) -> Array:
        """``predict_one``, then ``learn_one``, record by record."""
        records, targets = batch
        predict, learn = self.model.predict_one, self.model.learn_one
        said_N = np.empty(len(records), self.dtype)
        for n, (x, y) in enumerate(zip(records, targets, strict=True)):
            said = predict(x)
            said_N[n] = self.unknown if said is None else said
            learn(x, y)
        return said_N


def _forest(problem: Problem) -> Contestant:
    from river import forest

    if problem.task == "classification":
        return DictRecords(forest.ARFClassifier(n_models=10, seed=problem.seed), problem)
    return DictRecords(forest.ARFRegressor(n_models=10, seed=problem.seed), problem)


def _patches(problem: Problem) -> Contestant:
    from river import ensemble

    if problem.task == "classification":
        return DictRecords(ensemble.SRPClassifier(n_models=10, seed=problem.seed), problem)
    return DictRecords(ensemble.SRPRegressor(n_models=10, seed=problem.seed), problem)


def _adaptive_tree(problem: Problem) -> Contestant:
    from river import tree

    if problem.task == "classification":
        return DictRecords(tree.HoeffdingAdaptiveTreeClassifier(seed=problem.seed), problem)
    return DictRecords(tree.HoeffdingAdaptiveTreeRegressor(seed=problem.seed), problem)


def _leveraging_bagging(problem: Problem) -> Contestant:
    from river import ensemble, tree

    model = ensemble.LeveragingBaggingClassifier(
        tree.HoeffdingTreeClassifier(), n_models=10, seed=problem.seed
    )
    return DictRecords(model, problem)


def _mondrian_forest(problem: Problem) -> Contestant:
    from river import forest

    if problem.task == "classification":
        return DictRecords(forest.AMFClassifier(n_estimators=10, seed=problem.seed), problem)
    return DictRecords(forest.AMFRegressor(n_estimators=10, seed=problem.seed), problem)


def _neighbours(problem: Problem) -> Contestant:
    from river import neighbors, preprocessing

    engine = neighbors.LazySearch(window_size=1000)
    kinds = {"classification": neighbors.KNNClassifier, "regression": neighbors.KNNRegressor}
    return DictRecords(preprocessing.StandardScaler() | kinds[problem.task](engine=engine), problem)


def _gradient_tree(problem: Problem) -> Contestant:
    from river import tree

    return DictRecords(tree.SGTRegressor(), problem)


def _scaled(model: Any, problem: Problem) -> Contestant:
    """A linear model on scaled records; one model against the rest for each class where there are several."""
    from river import multiclass, preprocessing

    is_binary = problem.task == "classification" and problem.num_classes <= 2
    if problem.num_classes > 2:
        model = multiclass.OneVsRestClassifier(model)
    return DictRecords(preprocessing.StandardScaler() | model, problem, has_bool_labels=is_binary)


def _linear(problem: Problem) -> Contestant:
    from river import linear_model

    kinds = {"classification": linear_model.LogisticRegression, "regression": linear_model.LinearRegression}
    return _scaled(kinds[problem.task](), problem)


def _passive_aggressive(aggressiveness: float) -> Builder:
    def build(problem: Problem) -> Contestant:
        from river import linear_model

        kinds = {"classification": linear_model.PAClassifier, "regression": linear_model.PARegressor}
        return _scaled(kinds[problem.task](C=aggressiveness), problem)

    return build


def _large_margin(problem: Problem) -> Contestant:
    from river import linear_model

    return _scaled(linear_model.ALMAClassifier(), problem)


def _entry(build: Builder, *tasks: Task, is_seeded: bool = False) -> Entry:
    return Entry(build=dict.fromkeys(tasks, build), install="river", modules=("river",), is_seeded=is_seeded)


RIVER = {
    "river-arf": _entry(_forest, "classification", "regression", is_seeded=True),
    "river-srp": _entry(_patches, "classification", "regression", is_seeded=True),
    "river-hat": _entry(_adaptive_tree, "classification", "regression", is_seeded=True),
    "river-levbag": _entry(_leveraging_bagging, "classification", is_seeded=True),
    "river-amf": _entry(_mondrian_forest, "classification", "regression", is_seeded=True),
    "river-knn": _entry(_neighbours, "classification", "regression"),
    "river-linear": _entry(_linear, "regression"),
    "river-logistic": _entry(_linear, "classification"),
    "river-pa": _entry(_passive_aggressive(1.0), "classification", "regression"),
    "river-pa-gentle": _entry(_passive_aggressive(0.01), "classification", "regression"),
    "river-alma": _entry(_large_margin, "classification"),
    "river-sgt": _entry(_gradient_tree, "regression"),
}
