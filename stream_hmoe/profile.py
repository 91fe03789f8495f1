"""What the records of late were like, feature by feature and leaf by leaf, told at fixed record counts.

Sums are taken over whole ticks, about the first value of a feature in a period, so that no cut of the stream
changes a bit of them and large values do not cancel.

Shapes: N records of a tick, D features, K leaves, S records of a sample.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .events import Block, Profiled
from .replay import widened

__all__ = ["PERIOD_RECORDS", "SAMPLE_EVERY", "Profile"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

PERIOD_RECORDS = 1_000
# A prime, so that the sample does not fall in step with the days or rounds of a stream.
SAMPLE_EVERY = 97


class _Part(NamedTuple):
    """Scored records of the tick under way, in one stretch."""

    record_N: Integers
    x_ND: Floats
    weight_NK: Floats


class _Sampled(NamedTuple):
    """One record of the sample."""

    record: int
    x_D: Floats
    leaf: int
    target: Any
    prediction: Any
    loss_nats: float


@dataclass(slots=True, eq=False)
class _FeatureSums:
    """Sums over the records of a period; ``d = x - origin`` where the feature is present.

    Args:
        origin_D: the first value of every feature; NaN before there is one.
        present_D: records that had the feature.
        sum_D: sum of d.
        square_D: sum of d^2.
        least_D: smallest value; NaN before there is one.
        most_D: largest value.
    """

    origin_D: Floats
    present_D: Integers
    sum_D: Floats
    square_D: Floats
    least_D: Floats
    most_D: Floats

    @classmethod
    def none(cls) -> _FeatureSums:
        nothing = np.empty(0)
        return cls(nothing, np.empty(0, np.int64), nothing, nothing, nothing, nothing)

    def widen(self, num_features: int) -> None:
        """Features that came now were missing before."""
        if num_features == len(self.origin_D):
            return
        more = (0, num_features - len(self.origin_D))
        self.present_D = np.pad(self.present_D, more)
        for name in ("sum_D", "square_D"):
            setattr(self, name, np.pad(getattr(self, name), more))
        for name in ("origin_D", "least_D", "most_D"):
            setattr(self, name, np.pad(getattr(self, name), more, constant_values=np.nan))

    def add(self, x_ND: Floats, present_ND: npt.NDArray[np.bool_]) -> Floats:
        """Add the records of a tick -> (N, D) their d, 0 where missing."""
        is_new_D = np.isnan(self.origin_D)
        if is_new_D.any():
            first_D = x_ND[present_ND.argmax(axis=0), np.arange(x_ND.shape[1])]
            self.origin_D = np.where(is_new_D, first_D, self.origin_D)
        d_ND: Floats = np.where(present_ND, x_ND - self.origin_D, 0.0)
        self.present_D = self.present_D + present_ND.sum(axis=0)
        self.sum_D = self.sum_D + d_ND.sum(axis=0)
        self.square_D = self.square_D + (d_ND * d_ND).sum(axis=0)
        self.least_D = np.fmin(self.least_D, np.fmin.reduce(x_ND, axis=0))
        self.most_D = np.fmax(self.most_D, np.fmax.reduce(x_ND, axis=0))
        return d_ND


@dataclass(slots=True, eq=False)
class _LeafSums:
    """The same sums, every record weighted by the gate weight of a leaf, since the leaves are what they are.

    Args:
        records: records in the sums.
        weight_K: sum of the gate weights.
        present_KD: sum of the gate weights of the records that had the feature.
        sum_KD: weighted sum of d.
        square_KD: weighted sum of d^2.
    """

    records: int
    weight_K: Floats
    present_KD: Floats
    sum_KD: Floats
    square_KD: Floats

    @classmethod
    def none(cls, num_leaves: int, num_features: int) -> _LeafSums:
        zeros = np.zeros((num_leaves, num_features))
        return cls(0, np.zeros(num_leaves), zeros, zeros, zeros)

    def widen(self, num_features: int) -> None:
        """Features that came now were missing before."""
        if num_features == self.sum_KD.shape[1]:
            return
        more = ((0, 0), (0, num_features - self.sum_KD.shape[1]))
        for name in ("present_KD", "sum_KD", "square_KD"):
            setattr(self, name, np.pad(getattr(self, name), more))

    def add(self, weight_NK: Floats, d_ND: Floats, present_ND: npt.NDArray[np.bool_]) -> None:
        """Add records of a tick."""
        weight_K = weight_NK.sum(axis=0)
        self.records += len(weight_NK)
        self.weight_K = self.weight_K + weight_K
        is_whole = bool(present_ND.all())
        columns = [d_ND, d_ND * d_ND] if is_whole else [d_ND, d_ND * d_ND, present_ND.astype(np.float64)]
        sums = weight_NK.T @ np.concatenate(columns, axis=1)
        width = d_ND.shape[1]
        self.sum_KD = self.sum_KD + sums[:, :width]
        self.square_KD = self.square_KD + sums[:, width : 2 * width]
        self.present_KD = self.present_KD + (weight_K[:, None] if is_whole else sums[:, 2 * width :])


class Profile:
    """Describes every ``PERIOD_RECORDS`` records: features, features by leaf, and a small sample."""

    def __init__(self) -> None:
        self._parts: list[_Part] = []
        self._restructured: list[int] = []
        self._sample: list[_Sampled] = []
        self._begin(0)

    def add(self, block: Block, first_record: int) -> None:
        """Take in what an estimator's ``step`` did on records from number ``first_record`` on."""
        self._restructured += [first_record + fact.record for fact in block.restructured]
        scored = block.scored
        if not len(scored.record):
            return
        record_N = scored.record + first_record
        self._parts.append(_Part(record_N, block.x_ND, scored.gate_weights))
        width = block.x_ND.shape[1]
        if self._sample and self._sample[0].x_D.size < width:
            self._sample = [s._replace(x_D=widened(s.x_D[None], width)[0]) for s in self._sample]
        for row in np.flatnonzero(record_N % SAMPLE_EVERY == 0).tolist():
            self._sample.append(
                _Sampled(
                    record=int(record_N[row]),
                    x_D=block.x_ND[row].copy(),
                    leaf=int(scored.gate_weights[row].argmax()),
                    target=_plain(scored.targets[row]),
                    prediction=_plain(scored.predictions[row]),
                    loss_nats=float(scored.loss_nats[row]),
                )
            )

    def close_tick(self, record: int, features: Sequence[str]) -> list[Profiled]:
        """A tick is over -> the period, if that is over too and any of its records was scored.

        Args:
            record: records seen.
            features: names of the D encoded features.
        """
        if self._parts:
            with np.errstate(over="ignore", invalid="ignore"):
                self._absorb(record)
        if record % PERIOD_RECORDS:
            return []
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            facts = [self._fact(record, features)] if self._records else []
        self._begin(record)
        return facts

    def _begin(self, record: int) -> None:
        self._since = record
        self._records = 0
        self._features = _FeatureSums.none()
        self._leaves = _LeafSums.none(0, 0)
        self._sample = []

    def _absorb(self, record: int) -> None:
        """Add the tick that ended before ``record``; the leaf part begins again where the leaves changed."""
        parts, self._parts = self._parts, []
        width, leaves = parts[-1].x_ND.shape[1], parts[-1].weight_NK.shape[1]
        record_N = np.concatenate([part.record_N for part in parts])
        x_ND = np.concatenate([widened(part.x_ND, width) for part in parts])
        present_ND = ~np.isnan(x_ND)
        self._records += len(record_N)
        self._features.widen(width)
        self._leaves.widen(width)
        d_ND = self._features.add(x_ND, present_ND)

        alike = [part.weight_NK for part in parts if part.weight_NK.shape[1] == leaves]
        weight_NK = np.concatenate(alike)
        begin = first_alike = len(record_N) - len(weight_NK)
        changes = [change for change in self._restructured if change < record]
        self._restructured = [change for change in self._restructured if change >= record]
        if changes:
            begin = max(begin, int(np.searchsorted(record_N, changes[-1])))
        if begin or changes or leaves != len(self._leaves.weight_K):
            self._leaves = _LeafSums.none(leaves, width)
            since = int(record_N[begin]) if begin < len(record_N) else record
            self._sample = [sampled for sampled in self._sample if sampled.record >= since]
        self._leaves.add(weight_NK[begin - first_alike :], d_ND[begin:], present_ND[begin:])

    def _fact(self, record: int, features: Sequence[str]) -> Profiled:
        sums, leaves, sample = self._features, self._leaves, self._sample
        mean_D, deviation_D = _moments(sums.present_D, sums.sum_D, sums.square_D)
        mean_KD, deviation_KD = _moments(leaves.present_KD, leaves.sum_KD, leaves.square_KD)
        width = len(sums.origin_D)
        return Profiled(
            record=record,
            since=self._since,
            records=self._records,
            features=tuple(features[:width]),
            present=sums.present_D,
            mean=sums.origin_D + mean_D,
            deviation=deviation_D,
            least=sums.least_D,
            most=sums.most_D,
            leaf_weight=leaves.weight_K / max(1, leaves.records),
            leaf_mean=sums.origin_D + mean_KD,
            leaf_deviation=deviation_KD,
            sample_record=np.array([sampled.record for sampled in sample], np.int64),
            sample=np.array([sampled.x_D for sampled in sample]).reshape(len(sample), width),
            sample_leaf=np.array([sampled.leaf for sampled in sample], np.int64),
            sample_target=[sampled.target for sampled in sample],
            sample_prediction=[sampled.prediction for sampled in sample],
            sample_loss_nats=np.array([sampled.loss_nats for sampled in sample]),
        )

    def state_dict(self) -> dict[str, Any]:
        """The period and the tick under way."""
        return {
            "since": self._since,
            "records": self._records,
            "features": _arrays(self._features),
            "leaves": _arrays(self._leaves),
            "restructured": list(self._restructured),
            "parts": [
                {name: part._asdict()[name].copy() for name in _Part._fields} for part in self._joined()
            ],
            "sample": [{**sampled._asdict(), "x_D": sampled.x_D.copy()} for sampled in self._sample],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue where ``state_dict`` was taken."""
        self._since = int(state["since"])
        self._records = int(state["records"])
        self._features = _FeatureSums(**{name: np.array(a) for name, a in state["features"].items()})
        leaves = dict(state["leaves"])
        records = int(leaves.pop("records"))
        self._leaves = _LeafSums(records, **{name: np.array(array) for name, array in leaves.items()})
        self._restructured = [int(record) for record in state["restructured"]]
        self._parts = [_Part(**{name: np.array(a) for name, a in part.items()}) for part in state["parts"]]
        self._sample = [_Sampled(**{**entry, "x_D": np.array(entry["x_D"])}) for entry in state["sample"]]

    def begin_at(self, record: int) -> None:
        """Begin with a stream that is ``record`` records old: the period under way is told of in part."""
        self._parts, self._restructured = [], []
        self._begin(record)

    def _joined(self) -> list[_Part]:
        """The parts, those with the same leaves as one: the state does not tell how the stream was cut."""
        joined: list[_Part] = []
        for part in self._parts:
            if joined and joined[-1].weight_NK.shape[1] == part.weight_NK.shape[1]:
                last, width = joined.pop(), part.x_ND.shape[1]
                x_ND = np.concatenate([widened(last.x_ND, width), part.x_ND])
                record_N = np.concatenate([last.record_N, part.record_N])
                part = _Part(record_N, x_ND, np.concatenate([last.weight_NK, part.weight_NK]))
            joined.append(part)
        return joined


def _moments(weight: npt.NDArray[Any], total: Floats, square: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation from weighted sums of d and d^2; NaN without weight."""
    mean = np.where(weight > 0, total / weight, np.nan)
    variance = np.where(weight > 0, square / weight, np.nan) - mean * mean
    return mean, np.sqrt(np.maximum(variance, 0.0))


def _arrays(sums: _FeatureSums | _LeafSums) -> dict[str, Any]:
    found = {name: getattr(sums, name) for name in sums.__slots__}
    return {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in found.items()}


def _plain(value: Any) -> Any:
    """A label as checkpoints can hold it."""
    return value.item() if isinstance(value, np.generic) else value
