"""Whole columns against what the configuration says of features: where none can fail, no row is looked at."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from monitor.config.schema import FeatureConfig
from monitor.decoding.features import LARGEST

__all__ = ["all_rows_pass"]


def all_rows_pass(
    batch: pa.RecordBatch, features: Mapping[str, FeatureConfig], is_closed: bool, others: Collection[str]
) -> bool:
    """Whether checking row by row would find nothing and change nothing; may doubt wrongly.

    Args:
        batch: of plain columns.
        features: what is known of some features.
        is_closed: there are no others.
        others: columns that are no features.
    """
    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    seen = columns.keys() - set(others)
    if not seen or (is_closed and not seen <= features.keys()):
        return False
    if any(feature.is_required and name not in columns for name, feature in features.items()):
        return False
    return all(_passes(columns[name], features.get(name)) for name in seen)


def _passes(column: Any, feature: FeatureConfig | None) -> bool:
    kind = column.type
    is_number = pa.types.is_floating(kind) or pa.types.is_integer(kind)
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    if feature is None:
        return bool(is_number or is_text or pa.types.is_boolean(kind))
    if feature.is_required and column.null_count:
        return False
    if feature.type == "boolean":
        return bool(pa.types.is_boolean(kind))
    if feature.type == "category":
        return bool(is_text) and not pc.any(pc.equal(pc.utf8_trim_whitespace(column), "")).as_py()
    return bool(is_number) and _within(column, feature)


def _within(column: Any, feature: FeatureConfig) -> bool:
    if column.null_count == len(column):
        return True
    if pa.types.is_floating(column.type) and feature.is_required and pc.any(pc.is_nan(column)).as_py():
        return False
    limits = pc.min_max(column).as_py()
    if math.isnan(limits["min"]):
        return not feature.is_required
    least = -LARGEST if feature.least is None else feature.least
    most = LARGEST if feature.most is None else feature.most
    return bool(least <= limits["min"] and limits["max"] <= most)
