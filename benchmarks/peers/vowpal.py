"""Vowpal Wabbit: text lines made before the clock starts, one call to learn a line.

What an example predicts after ``learn`` is the prediction from before the update (progressive validation).
"""

from __future__ import annotations

import importlib

import numpy as np

from ..sources.stream import Array
from .contestant import Contestant, Entry, Problem

__all__ = ["VOWPAL"]

Batch = list[str]


class TextExamples:
    """A workspace of Vowpal Wabbit.

    Args:
        arguments: its command line.
        problem: the stream it is for.
    """

    rows_per_call = 5_000

    def __init__(self, arguments: str, problem: Problem) -> None:
        self.is_classification = problem.task == "classification"
        reduction = f"--oaa {max(2, problem.num_classes)} " if self.is_classification else ""
        self.workspace = importlib.import_module("vowpalwabbit").Workspace(
            f"{reduction}{arguments} --quiet --random_seed {problem.seed}"
        )

    def prepare(self, x_ND: Array, y_N: Array) -> Batch:
        labels = (y_N + 1 if self.is_classification else y_N).tolist()
        return [
            f"{label} | " + " ".join(f"f{d}:{value!r}" for d, value in enumerate(row))
            for label, row in zip(labels, x_ND.tolist(), strict=True)
        ]

    def play(self, batch: Batch) -> Array:
        workspace = self.workspace
        kind = workspace.get_prediction_type()
        said_N = np.empty(len(batch), np.int64 if self.is_classification else np.float64)
        for n, text in enumerate(batch):
            example = workspace.parse(text)
            workspace.learn(example)
            said_N[n] = example.get_prediction(kind)
            workspace.finish_example(example)
        return said_N - 1 if self.is_classification else said_N


def _entry(arguments: str) -> Entry:
    def build(problem: Problem) -> Contestant:
        return TextExamples(arguments, problem)

    return Entry(
        build={"classification": build, "regression": build},
        install="vowpalwabbit",
        modules=("vowpalwabbit",),
        is_seeded="--nn" in arguments,
    )


VOWPAL = {"vw": _entry(""), "vw-nn": _entry("--nn 10")}
