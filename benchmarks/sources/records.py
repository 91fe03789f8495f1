"""River's dict records -> arrays: a number or boolean is one column, text becomes one for each category."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .stream import Array, Stream, Task, coded

__all__ = ["as_stream"]


def as_stream(name: str, task: Task, pairs: Iterable[tuple[Mapping[Any, Any], Any]]) -> Stream:
    """Collect (record, target) pairs whose records all have the same fields."""
    records, targets = zip(*pairs, strict=True)
    columns = [column for field in records[0] for column in _columns([record[field] for record in records])]
    y = np.array(targets)
    y_N = coded(y) if task == "classification" else y.astype(np.float64)
    return Stream(name, task, np.column_stack(columns), y_N)


def _columns(values: list[Any]) -> list[Array]:
    if isinstance(values[0], str):
        text = np.array(values)
        return [(text == category).astype(np.float64) for category in np.unique(text)]
    if isinstance(values[0], dt.datetime):
        return _calendar(values)
    return [np.array(values, np.float64)]


def _calendar(moments: list[dt.datetime]) -> list[Array]:
    """Days since the first moment, month, weekday and hour."""
    days = [(moment - moments[0]).total_seconds() / 86_400 for moment in moments]
    parts = [[moment.month, moment.weekday(), moment.hour] for moment in moments]
    return [np.array(days), *np.array(parts, np.float64).T]
