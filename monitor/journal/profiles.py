"""What the records were like, as rows: of many leaves and features those that tell most.

Shapes: D features, K leaves, S sampled records.
"""

from __future__ import annotations

import json

import numpy as np
import numpy.typing as npt

from monitor.journal.schema import FeatureRow, LeafFeatureRow, SampleRow
from monitor.plain_values import finite
from stream_hmoe.events import Profiled

__all__ = ["MAX_FEATURES", "feature_rows", "leaf_feature_rows", "sample_rows"]

# Bounds on the rows of one period.
MAX_FEATURES = 200
MAX_LEAVES = 16
MAX_LEAF_FEATURES = 32

Floats = npt.NDArray[np.float64]


def feature_rows(fact: Profiled) -> list[FeatureRow]:
    """One row per feature, the first two hundred."""
    columns = (fact.present, fact.mean, fact.deviation, fact.least, fact.most)
    return [
        FeatureRow(
            fact.record, fact.since, name, present / fact.records, *(finite(value) for value in values)
        )
        for name, present, *values in zip(
            fact.features[:MAX_FEATURES], *(column.tolist() for column in columns), strict=False
        )
    ]


def leaf_feature_rows(fact: Profiled, leaf: npt.NDArray[np.int64]) -> list[LeafFeatureRow]:
    """One row per leaf and feature: the leaves with most weight, and the features by which they differ most.

    Args:
        fact: what the records were like.
        leaf: (K,) numbers of its leaves.
    """
    leaves = np.sort(np.argsort(-fact.leaf_weight, kind="stable")[:MAX_LEAVES])
    features = np.sort(np.argsort(-_difference(fact, leaves), kind="stable")[:MAX_LEAF_FEATURES])
    return [
        LeafFeatureRow(
            fact.record,
            int(leaf[k]),
            fact.features[d],
            finite(float(fact.leaf_mean[k, d])),
            finite(float(fact.leaf_deviation[k, d])),
        )
        for k in leaves.tolist()
        if fact.leaf_weight[k] > 0
        for d in features.tolist()
    ]


def sample_rows(fact: Profiled, leaf: npt.NDArray[np.int64]) -> list[SampleRow]:
    """One row per sampled record.

    Args:
        fact: what the records were like.
        leaf: (K,) numbers of its leaves.
    """
    names = fact.features[:MAX_FEATURES]
    return [
        SampleRow(
            record=int(record),
            leaf=int(leaf[best]),
            target=str(target),
            prediction=str(prediction),
            loss_nats=float(loss),
            values=json.dumps(dict(zip(names, map(finite, x_D), strict=False)), allow_nan=False),
        )
        for record, best, target, prediction, loss, x_D in zip(
            fact.sample_record,
            fact.sample_leaf,
            fact.sample_target,
            fact.sample_prediction,
            fact.sample_loss_nats,
            fact.sample.tolist(),
            strict=True,
        )
    ]


def _difference(fact: Profiled, leaves: npt.NDArray[np.int64]) -> Floats:
    """(D,) variance of a feature's mean between leaves, as a share of its variance; 0 where unknown."""
    weight_K1 = fact.leaf_weight[leaves][:, None]
    with np.errstate(over="ignore", invalid="ignore"):  # some senders send 1e308
        apart_KD = np.nan_to_num(
            (fact.leaf_mean[leaves] - fact.mean) / np.where(fact.deviation > 0, fact.deviation, np.inf)
        )
        difference: Floats = (weight_K1 * apart_KD * apart_KD).sum(axis=0)
    return difference
