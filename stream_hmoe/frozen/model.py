"""A frozen model for records: a program with the meaning of its columns, in one file.

Shapes: N records, D features, C outputs, K leaves.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from stream_hmoe.adapting import restored_learner
from stream_hmoe.errors import BadCheckpoint
from stream_hmoe.features import FeatureEncoder
from stream_hmoe.frozen.mixture import FrozenMixture
from stream_hmoe.frozen.onnx_program import INPUT, OUTPUTS, OnnxProgram
from stream_hmoe.frozen.torch_program import TorchProgram
from stream_hmoe.learner import Learner

__all__ = ["FORMATS", "Format", "FrozenModel", "Program"]

Floats = npt.NDArray[np.float64]
Format = Literal["onnx", "torch"]

SCHEMA = 1
BATCH_RECORDS = 64  # more fall out of the processor's cache
ZIP = b"PK"
FORMATS: Mapping[str, type[TorchProgram] | type[OnnxProgram]] = {"onnx": OnnxProgram, "torch": TorchProgram}
PREDICTED = {
    "classification": "(N, C) probability of each class",
    "regression": "(N, 2) mean and standard deviation",
}


class Program(Protocol):
    """A frozen mixture in one of the formats."""

    def predict(self, x_ND: Floats) -> tuple[Floats, Floats]:
        """Return predictions (N, C) and leaf weights (N, K) of encoded records (N, D)."""

    def to_bytes(self, description: str) -> bytes:
        """The file, with a description in it."""


class FrozenModel:
    """Predicts records as a model did at one moment; it cannot learn.

    Args:
        program: what computes.
        description: what its columns mean, as plain values; facts may be added before it is saved.

    Raises:
        BadCheckpoint: the description is not of this schema.

    Examples:
    --------
    >>> from stream_hmoe import FrozenModel, HMoEClassifier
    >>> model = HMoEClassifier()
    >>> for hour in range(200):
    ...     model.learn_one({"hour": hour % 24}, "day" if 6 <= hour % 24 < 20 else "night")
    >>> frozen = FrozenModel.of(model.state_dict(), "torch")
    >>> frozen.predict_one({"hour": 3}), frozen.predict_one({"hour": 12})
    ('night', 'day')
    """

    def __init__(self, program: Program, description: Mapping[str, Any]) -> None:
        if description.get("schema") != SCHEMA:
            raise BadCheckpoint(f"frozen model: got schema {description.get('schema')!r}, expected {SCHEMA}")
        self.description = dict(description)
        self._program = program
        self._encoder = FeatureEncoder()
        self._encoder.load_state_dict(description["encoder"])

    @classmethod
    def of(cls, state: Mapping[str, Any], form: Format) -> Self:
        """Freeze a model.

        Args:
            state: what ``HMoEClassifier.state_dict`` or ``HMoERegressor.state_dict`` returned.
            form: ``"onnx"`` or ``"torch"``.

        Raises:
            ValueError: the model has learned nothing yet.
            MissingPackage: the extra ``onnx`` is not installed.
        """
        learner = restored_learner(state["learner"])
        return cls(FORMATS[form].of(FrozenMixture(learner)), _describe(state, learner, form))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what ``save`` or ``hmoe export`` wrote; load no file of which you do not know who wrote it.

        Raises:
            BadCheckpoint: the file is no exported model, or is damaged.
            MissingPackage: it is ONNX, and the extra ``onnx`` is not installed.
        """
        content = Path(path).read_bytes()
        kind = TorchProgram if content.startswith(ZIP) else OnnxProgram
        program, description = kind.from_bytes(content)
        if not description:
            raise BadCheckpoint(
                f"{path} does not say what its columns mean; hmoe export writes a file that does"
            )
        return cls(program, json.loads(description))

    def save(self, path: str | Path) -> None:
        """Write program and description into one file."""
        Path(path).write_bytes(self.to_bytes())

    def to_bytes(self) -> bytes:
        """The content of the file that ``save`` writes."""
        return self._program.to_bytes(json.dumps(self.description, allow_nan=False))

    @property
    def task(self) -> str:
        """``"classification"`` or ``"regression"``."""
        return str(self.description["task"])

    @property
    def labels(self) -> tuple[Any, ...]:
        """The classes, in the order of probabilities; empty in a regression."""
        return tuple(self.description["classes"])

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the encoded features, in the order of encoded records."""
        return self._encoder.names

    @property
    def leaves(self) -> tuple[str, ...]:
        """Names of the experts, in the order of leaf weights."""
        return tuple(self.description["leaves"])

    def predict_encoded(self, x_ND: Floats) -> tuple[Floats, Floats]:
        """Predict encoded records (N, D).

        Returns:
            (N, C) probabilities, or (N, 2) mean and standard deviation; and (N, K) leaf weights.
        """
        x_ND = np.ascontiguousarray(x_ND, dtype=np.float64)
        begins = range(0, max(len(x_ND), 1), BATCH_RECORDS)
        parts = [self._program.predict(x_ND[begin : begin + BATCH_RECORDS]) for begin in begins]
        predicted, weights = zip(*parts, strict=True)
        return np.concatenate(predicted), np.concatenate(weights)

    def predict(self, records: pd.DataFrame | Sequence[Mapping[Any, Any]]) -> tuple[Floats, Floats]:
        """The same of N records: a DataFrame or dicts; features and categories unknown to it are left out."""
        return self.predict_encoded(self._encoder.encode_many(records))

    def predict_one(self, x: Mapping[Any, Any]) -> Any:
        """The most probable class, or the mean."""
        predicted_C = self.predict([x])[0][0]
        if self.task == "regression":
            return float(predicted_C[0])
        return self.labels[int(predicted_C.argmax())]

    def predict_proba_one(self, x: Mapping[Any, Any]) -> dict[Any, float]:
        """The probability of every class; empty in a regression."""
        return dict(zip(self.labels, self.predict([x])[0][0].tolist(), strict=False))

    def gate_weights_one(self, x: Mapping[Any, Any]) -> Floats:
        """(K,) weight of every expert in the prediction for a record; sums to 1."""
        weight_K: Floats = self.predict([x])[1][0]
        return weight_K


def _describe(state: Mapping[str, Any], learner: Learner, form: Format) -> dict[str, Any]:
    encoder = FeatureEncoder()
    encoder.load_state_dict(state["encoder"])
    return {
        "schema": SCHEMA,
        "format": form,
        "task": learner.task,
        "records": learner.records,
        "gates": learner.settings.gates,
        "input": {INPUT: "(N, D) float64, one column for each of features; NaN is a missing value"},
        "outputs": dict(
            zip(OUTPUTS, (PREDICTED[learner.task], "(N, K) weight of each of leaves"), strict=True)
        ),
        "classes": list(state["targets"].get("labels", ())),
        "features": list(encoder.names),
        "encoder": encoder.state_dict(),
        "leaves": list(learner.topology.leaves),
    }
