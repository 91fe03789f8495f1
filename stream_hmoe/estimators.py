"""The learner behind River's API: records in, labels or numbers out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from river import base

from . import checkpoint
from .adapting import make_learner
from .errors import BadCheckpoint
from .events import Block, Rejected, Scored, Topology
from .features import FeatureEncoder
from .incremental import Incremental, Run
from .learner import Learner
from .settings import KINDS, Settings
from .targets import ClassTargets, MeanTargets

__all__ = ["HMoEClassifier", "HMoERegressor"]

Floats = npt.NDArray[np.float64]


class HMoEClassifier(base.MiniBatchClassifier):
    """Hierarchical mixture of experts for classification, learning one record at a time.

    Records are dicts of numbers, booleans, text (categories), dates and missing values; features and
    classes may appear and vanish. With no argument it is the recommended setting for any stream.

    Parameters
    ----------
    gates
        Outer then inner gate: L is Laplace, S is softmax. One of SS, SL, LS, LL.
    kinds
        Which kinds of groups stand under the outer gate.
    experts
        Local experts of each region group; with ``adapt_experts`` the most there may be.
    seed
        Which features a boosted tree may split on depends on it; nothing else does.
    adapt_experts
        Whether the data choose the number of local experts: each region group starts with as many as
        find room, then splits, merges and prunes them on evidence; every change is tried beside the
        model before it counts.

    Examples:
    --------
    >>> from stream_hmoe import HMoEClassifier
    >>> model = HMoEClassifier()
    >>> for hour in range(200):
    ...     model.learn_one({"hour": hour % 24}, "day" if 6 <= hour % 24 < 20 else "night")
    >>> model.predict_one({"hour": 3}), model.predict_one({"hour": 12})
    ('night', 'day')
    """

    def __init__(
        self,
        gates: str = "LL",
        kinds: Sequence[str] = KINDS,
        experts: int = 24,
        seed: int = 0,
        adapt_experts: bool = False,
    ) -> None:
        self.gates = gates
        self.kinds = tuple(kinds)
        self.experts = experts
        self.seed = seed
        self.adapt_experts = adapt_experts
        settings = Settings(
            gates=gates, kinds=self.kinds, experts=experts, seed=seed, adapt_experts=adapt_experts
        )
        self._targets = ClassTargets()
        self._inner = Incremental(FeatureEncoder(), self._targets, make_learner(settings, "classification"))

    @property
    def _multiclass(self) -> bool:
        return True

    @property
    def labels(self) -> tuple[Any, ...]:
        """The classes seen so far, in order of appearance: the order of probability columns."""
        return self._targets.labels

    @property
    def topology(self) -> Topology:
        """Names and groups of the experts, in the order of gate weights."""
        return self._inner.learner.topology

    @property
    def learner(self) -> Learner:
        """The model on encoded vectors; another one of the same widths may take its place."""
        return self._inner.learner

    @learner.setter
    def learner(self, learner: Learner) -> None:
        self._inner.learner = learner

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the encoded features that the model knows, in the order of encoded records."""
        return self._inner.feature_names

    @property
    def incremental(self) -> Incremental:
        """Encoder, targets and learner, kept in step."""
        return self._inner

    def learn_one(self, x: Mapping[Any, Any], y: Any) -> None:
        """Learn one record; after an error nothing has changed."""
        self._inner.learn(x, y)

    def predict_proba_one(self, x: Mapping[Any, Any], **kwargs: Any) -> dict[Any, float]:
        """Probability of every class seen so far; empty before the first."""
        probabilities = self._inner.predict_one(x)
        return dict(zip(self.labels, probabilities.tolist(), strict=True))

    def predict_one(self, x: Mapping[Any, Any], **kwargs: Any) -> Any:
        """The most probable class; None before any was learned."""
        probabilities = self._inner.predict_one(x)
        return self.labels[int(probabilities.argmax())] if probabilities.size else None

    def gate_weights_one(self, x: Mapping[Any, Any]) -> Floats:
        """(K,) weight of every expert in the prediction for a record; sums to 1."""
        return _weights_one(self._inner, x)

    def learn_many(self, X: pd.DataFrame, y: pd.Series) -> None:
        """Learn the rows in order, as one by one."""
        self._inner.step_frame(X, y.tolist(), weights=False)

    def predict_proba_many(self, X: pd.DataFrame) -> pd.DataFrame:
        """Probability of every class (columns) for each row."""
        outcome = self._inner.predict_many(X)
        return pd.DataFrame(outcome.predicted, index=X.index, columns=list(self.labels))

    def predict_many(self, X: pd.DataFrame) -> pd.Series:
        """The most probable class of each row."""
        probabilities = self._inner.predict_many(X).predicted
        return pd.Series(self._named(probabilities), index=X.index)

    def step(self, records: Sequence[Mapping[Any, Any]], targets: Sequence[Any]) -> Block:
        """Predict, score, then learn each record in order; unusable records are reported, not learned."""
        before = self._inner.learner.records
        run, rejected = self._inner.step(records, targets)
        return _block(self._inner, run, rejected, targets, before)

    def score(self, records: Sequence[Mapping[Any, Any]], targets: Sequence[Any]) -> Block:
        """The same without learning: every record is predicted by the model as it is."""
        run, rejected = self._inner.score(records, targets)
        return _block(self._inner, run, rejected, targets, self._inner.learner.records)

    def step_frame(
        self, X: pd.DataFrame, y: Sequence[Any], *, weights: bool = False
    ) -> tuple[Scored, Floats]:
        """The same for the rows of a DataFrame -> scored rows and all probabilities (N, C)."""
        run = self._inner.step_frame(X, y, weights=weights)
        return _scored(self._inner, run, list(y)), run.join(len(self.labels)).predicted

    def state_dict(self) -> dict[str, Any]:
        """Everything learned, as arrays and plain values."""
        return self._inner.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a saved state, its settings included."""
        self._inner.load_state_dict(state)
        _take_settings(self, self._inner.learner.settings)

    def save(self, path: str | Path) -> None:
        """Write a checkpoint into the directory ``path``."""
        checkpoint.save(path, {"model": self.state_dict()})

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The model that ``save`` wrote, or that of a run's checkpoint."""
        model = cls()
        model.load_state_dict(_saved_model(path, "classification"))
        return model

    def _named(self, probability_NC: Floats) -> list[Any]:
        if not probability_NC.shape[1]:
            return [None] * len(probability_NC)
        labels = self.labels
        return [labels[index] for index in probability_NC.argmax(axis=1).tolist()]


class HMoERegressor(base.MiniBatchRegressor):
    """Hierarchical mixture of experts for regression, learning one record at a time.

    Takes records as ``HMoEClassifier`` does. The target is scaled as it goes, so that neither raw
    features nor a raw target need preparation.

    Parameters
    ----------
    gates
        Outer then inner gate: L is Laplace, S is softmax. One of SS, SL, LS, LL.
    kinds
        Which kinds of groups stand under the outer gate.
    experts
        Local experts of each region group; with ``adapt_experts`` the most there may be.
    seed
        Which features a boosted tree may split on depends on it; nothing else does.
    adapt_experts
        Whether the data choose the number of local experts: each region group starts with as many as
        find room, then splits, merges and prunes them on evidence; every change is tried beside the
        model before it counts.

    Examples:
    --------
    >>> from stream_hmoe import HMoERegressor
    >>> model = HMoERegressor()
    >>> for n in range(500):
    ...     model.learn_one({"x": n % 10}, 100.0 * (n % 10) + 7.0)
    >>> abs(model.predict_one({"x": 4}) - 407.0) < 1.0
    True
    """

    def __init__(
        self,
        gates: str = "LL",
        kinds: Sequence[str] = KINDS,
        experts: int = 24,
        seed: int = 0,
        adapt_experts: bool = False,
    ) -> None:
        self.gates = gates
        self.kinds = tuple(kinds)
        self.experts = experts
        self.seed = seed
        self.adapt_experts = adapt_experts
        settings = Settings(
            gates=gates, kinds=self.kinds, experts=experts, seed=seed, adapt_experts=adapt_experts
        )
        self._inner = Incremental(FeatureEncoder(), MeanTargets(), make_learner(settings, "regression"))

    @property
    def topology(self) -> Topology:
        """Names and groups of the experts, in the order of gate weights."""
        return self._inner.learner.topology

    @property
    def learner(self) -> Learner:
        """The model on encoded vectors; another one of the same widths may take its place."""
        return self._inner.learner

    @learner.setter
    def learner(self, learner: Learner) -> None:
        self._inner.learner = learner

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the encoded features that the model knows, in the order of encoded records."""
        return self._inner.feature_names

    @property
    def incremental(self) -> Incremental:
        """Encoder, targets and learner, kept in step."""
        return self._inner

    def learn_one(self, x: Mapping[Any, Any], y: Any) -> None:
        """Learn one record; after an error nothing has changed."""
        self._inner.learn(x, y)

    def predict_one(self, x: Mapping[Any, Any]) -> float:
        """The predicted mean; 0 before anything was learned."""
        return float(self._inner.predict_one(x)[0])

    def predict_moments_one(self, x: Mapping[Any, Any]) -> tuple[float, float]:
        """Mean and standard deviation of the predicted distribution."""
        mean, deviation = self._inner.predict_one(x).tolist()
        return mean, deviation

    def gate_weights_one(self, x: Mapping[Any, Any]) -> Floats:
        """(K,) weight of every expert in the prediction for a record; sums to 1."""
        return _weights_one(self._inner, x)

    def learn_many(self, X: pd.DataFrame, y: pd.Series) -> None:
        """Learn the rows in order, as one by one."""
        self._inner.step_frame(X, y.tolist(), weights=False)

    def predict_many(self, X: pd.DataFrame) -> pd.Series:
        """The predicted mean of each row."""
        outcome = self._inner.predict_many(X)
        return pd.Series(outcome.predicted[:, 0], index=X.index)

    def step(self, records: Sequence[Mapping[Any, Any]], targets: Sequence[Any]) -> Block:
        """Predict, score, then learn each record in order; unusable records are reported, not learned."""
        before = self._inner.learner.records
        run, rejected = self._inner.step(records, targets)
        return _block(self._inner, run, rejected, targets, before)

    def score(self, records: Sequence[Mapping[Any, Any]], targets: Sequence[Any]) -> Block:
        """The same without learning: every record is predicted by the model as it is."""
        run, rejected = self._inner.score(records, targets)
        return _block(self._inner, run, rejected, targets, self._inner.learner.records)

    def step_frame(
        self, X: pd.DataFrame, y: Sequence[Any], *, weights: bool = False
    ) -> tuple[Scored, Floats]:
        """The same for the rows of a DataFrame -> scored rows, and mean and deviation (N, 2)."""
        run = self._inner.step_frame(X, y, weights=weights)
        return _scored(self._inner, run, list(y)), run.join(2).predicted

    def state_dict(self) -> dict[str, Any]:
        """Everything learned, as arrays and plain values."""
        return self._inner.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a saved state, its settings included."""
        self._inner.load_state_dict(state)
        _take_settings(self, self._inner.learner.settings)

    def save(self, path: str | Path) -> None:
        """Write a checkpoint into the directory ``path``."""
        checkpoint.save(path, {"model": self.state_dict()})

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The model that ``save`` wrote, or that of a run's checkpoint."""
        model = cls()
        model.load_state_dict(_saved_model(path, "regression"))
        return model


def _block(
    inner: Incremental, run: Run, rejected: Sequence[Rejected], targets: Sequence[Any], before: int
) -> Block:
    x_ND = run.encoded(inner.learner.num_features)
    y_N = inner.targets.column(run.targets)
    scored = _scored(inner, run, [targets[n] for n in run.records])
    return Block(scored, tuple(rejected), x_ND, y_N, inner.restructured(run, before))


def _scored(inner: Incremental, run: Run, targets: Sequence[Any]) -> Scored:
    outcome = run.join(inner.num_columns)
    predictions, probabilities = inner.targets.answers(outcome.predicted)
    return Scored(
        record=np.array(run.records, dtype=np.int64),
        targets=targets,
        predictions=predictions,
        probabilities=probabilities,
        loss_nats=outcome.loss_nats,
        error=inner.targets.errors(predictions, targets),
        gate_weights=outcome.leaf_weights,
    )


def _weights_one(inner: Incremental, x: Mapping[Any, Any]) -> Floats:
    weights: Floats = inner.predict(x, weights=True).leaf_weights[0]
    return weights


def _take_settings(model: HMoEClassifier | HMoERegressor, settings: Settings) -> None:
    model.gates, model.kinds, model.experts, model.seed, model.adapt_experts = (
        settings.gates,
        settings.kinds,
        settings.experts,
        settings.seed,
        settings.adapt_experts,
    )


def _saved_model(path: str | Path, task: str) -> Mapping[str, Any]:
    """The model's state in a checkpoint of a model or of a run."""
    state = checkpoint.load(path)
    model = state.get("model") or state.get("pipeline", {}).get("model")
    if model is None:
        raise BadCheckpoint(f"{path} holds no model; it was not written by save or by hmoe run")
    if model["learner"]["task"] != task:
        raise BadCheckpoint(f"{path} holds a {model['learner']['task']} model, not a {task} model")
    return dict(model)
