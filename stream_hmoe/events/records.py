"""Records and what became of them.

Shapes: N records of a block, K leaves (experts) of the model, D features, S records of a sample.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = [
    "Account",
    "Event",
    "Example",
    "Expired",
    "Label",
    "Observation",
    "Predicted",
    "Profiled",
    "Rejected",
    "Scored",
    "Topology",
]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Topology:
    """The shape of the model: one entry per leaf, in the order of every gate-weight vector.

    Args:
        leaves: name of each leaf, for example ``"regions 4 1st order/3"``.
        group_of: index into ``groups`` for each leaf.
        groups: name of each group, in the order of the outer gate.
    """

    leaves: tuple[str, ...]
    group_of: tuple[int, ...]
    groups: tuple[str, ...]


class Observation(NamedTuple):
    """A record to be predicted now; its label comes later, under the same key.

    Args:
        key: joins it with its label; unique among the records that wait.
        features: names and values.
        time_seconds: when it happened, Unix time, as the stream says; 0 when it does not say.
    """

    key: str
    features: Mapping[str, Any]
    time_seconds: float = 0.0


class Label(NamedTuple):
    """What an observation turned out to be.

    Args:
        key: that of the observation.
        value: the class or the number.
        time_seconds: when it became known, Unix time, as the stream says; 0 when it does not say.
    """

    key: str
    value: Any
    time_seconds: float = 0.0


class Example(NamedTuple):
    """A record that brings its label with it.

    Args:
        features: names and values, without the label.
        target: the label.
    """

    features: Mapping[str, Any]
    target: Any


Event = Observation | Label | Example


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """A run of records that were predicted, scored and then learned from, in stream order.

    Args:
        record: (N,) 0-based record numbers.
        targets: the N labels as they arrived.
        predictions: the N predictions made before the label was used.
        probabilities: (N,) probability given to the prediction (classification); predictive sd (regression).
        loss_nats: (N,) negative log-likelihood of the label under the prediction.
        error: (N,) 0 or 1 (classification); absolute error (regression).
        gate_weights: (N, K) weight of every leaf in the prediction; rows sum to 1.
    """

    record: npt.NDArray[np.int64]
    targets: Sequence[Any]
    predictions: Sequence[Any]
    probabilities: Floats
    loss_nats: Floats
    error: Floats
    gate_weights: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """Predictions of observations whose labels are still to come, in stream order.

    Args:
        record: (N,) the pipeline's record count when each was predicted.
        keys: the N keys.
        predictions: the N predictions.
        probabilities: (N,) probability given to the prediction (classification); predictive sd (regression).
        gate_weights: (N, K) weight of every leaf in the prediction; rows sum to 1.
    """

    record: npt.NDArray[np.int64]
    keys: Sequence[str]
    predictions: Sequence[Any]
    probabilities: Floats
    gate_weights: Floats


@dataclass(frozen=True, slots=True)
class Expired:
    """Observations whose labels did not come in time, or for which there was no room any more.

    Args:
        record: number of the first of them.
        keys: their keys; each counts as one record, without a score.
    """

    record: int
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that could not be used; nothing was learned from it.

    Args:
        record: 0-based number of the record in the stream.
        field: the field at fault.
        value: its value, as text.
        reason: what is wrong.
        remedy: what can be done.
    """

    record: int
    field: str
    value: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Account:
    """Where every event of a stream went; both sums hold at every moment.

    ``received == learned + held_back + pending + expired + rejected + duplicates``;
    ``labels_received == labels_joined + labels_waiting + labels_duplicate + labels_corrected +
    labels_unmatched + labels_rejected``.

    Args:
        received: records (observations and examples).
        learned: records that were scored and learned from.
        held_back: records that were scored but, the model being frozen, not learned from.
        pending: observations whose labels are still to come.
        expired: observations whose labels did not come in time.
        rejected: records that could not be used.
        duplicates: observations whose key was pending or had lately been dealt with.
        labels_received: labels that came by themselves.
        labels_joined: labels that found their observation.
        labels_waiting: labels that came before their observation and wait for it.
        labels_duplicate: labels that said again what was known.
        labels_corrected: labels that said otherwise after the first had been learned: counted, not learned.
        labels_unmatched: labels whose observation never came, or was no longer waiting.
        labels_rejected: labels that could not be used.
        label_delay_seconds: sum over the joined labels of the time from observation to label.
    """

    received: int = 0
    learned: int = 0
    held_back: int = 0
    pending: int = 0
    expired: int = 0
    rejected: int = 0
    duplicates: int = 0
    labels_received: int = 0
    labels_joined: int = 0
    labels_waiting: int = 0
    labels_duplicate: int = 0
    labels_corrected: int = 0
    labels_unmatched: int = 0
    labels_rejected: int = 0
    label_delay_seconds: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Profiled:
    """What the records of late were like, over a fixed number of records.

    Args:
        record: number of records seen.
        since: number of records seen when the period began.
        records: records of the period that were scored; the rest is about them.
        features: names of the D encoded features.
        present: (D,) records that had the feature.
        mean: (D,) mean of the feature where it was present.
        deviation: (D,) its standard deviation.
        least: (D,) its smallest value.
        most: (D,) its largest value.
        leaf_weight: (K,) mean gate weight of every leaf, like the rest about leaves and the sample since the
            leaves are what they are at the end.
        leaf_mean: (K, D) mean of the features, each record weighted by the leaf's gate weight.
        leaf_deviation: (K, D) their standard deviation, weighted in the same way.
        sample_record: (S,) numbers of a few records, evenly spread.
        sample: (S, D) these records, encoded; NaN is missing.
        sample_leaf: (S,) the leaf with the most weight in each.
        sample_target: their labels.
        sample_prediction: their predictions.
        sample_loss_nats: (S,) their losses.
    """

    record: int
    since: int
    records: int
    features: tuple[str, ...]
    present: npt.NDArray[np.int64]
    mean: Floats
    deviation: Floats
    least: Floats
    most: Floats
    leaf_weight: Floats
    leaf_mean: Floats
    leaf_deviation: Floats
    sample_record: npt.NDArray[np.int64]
    sample: Floats
    sample_leaf: npt.NDArray[np.int64]
    sample_target: Sequence[Any]
    sample_prediction: Sequence[Any]
    sample_loss_nats: Floats
