"""Whole columns of a DataFrame at once, with the same result as record by record.

Shapes: N rows of the frame, D columns of the encoder.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from stream_hmoe.errors import BadRecord
from stream_hmoe.features.layout import (
    CategoryFeature,
    Feature,
    Layout,
    MomentFeature,
    NumberFeature,
    first_columns,
)
from stream_hmoe.features.values import Kind, kind_of, moment_of, number_of, text_of

__all__ = ["encode_frame", "rows_with_news"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]

NO_MOMENT = (np.nan,) * 5


def encode_frame(layout: Layout, frame: pd.DataFrame) -> Floats:
    """Return the vectors (N, D) of the rows; columns that were never learned are checked and left out.

    Raises:
        BadRecord: a value cannot be used, or two columns have one name.
    """
    X_ND = np.tile(layout.blank_D, (len(frame), 1))
    for name, series in _named_columns(frame):
        feature = layout.features.get(name)
        if feature is None:
            _check(name, series)
            continue
        present_N = _write(X_ND, feature, series)
        if feature.missing_column is not None:
            X_ND[present_N, feature.missing_column] = 0.0
    return X_ND


def rows_with_news(layout: Layout, frame: pd.DataFrame, max_categories: int) -> list[int]:
    """Return, in order, the positions of the rows that may teach an encoder something, and few others.

    These are the first row, and for each column the first with a value, the first gap after it, and the first
    of each new category as long as there is room for it. All other rows add no column.

    Raises:
        BadRecord: a value cannot be used, or two columns have one name.
    """
    rows = {0} if len(frame) else set()
    for name, series in _named_columns(frame):
        feature = layout.features.get(name)
        kind = _kind_of_column(name, series) if feature is None else _KIND[type(feature)]
        if kind is None:
            continue
        if kind is Kind.CATEGORY:
            codes_N, texts = _texts(name, series)
            known = feature.columns if isinstance(feature, CategoryFeature) else {}
            new = [code for code, text in enumerate(texts) if text not in known]
            rows.update(int(np.argmax(codes_N == code)) for code in new[: max_categories + 1])
            present_N = codes_N >= 0
        elif kind is Kind.NUMBER:
            present_N = ~np.isnan(_numbers(name, series))
        else:
            present_N = ~np.isnan(_moments(name, series)[:, 0])
        rows.update(_first_rows(present_N))
    return sorted(rows)


def _named_columns(frame: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    names = [str(name) for name in frame.columns]
    for position, name in enumerate(names):
        if name in names[:position]:
            raise BadRecord(name, name, "two columns have this name once names are text", "Rename one.")
        yield name, frame.iloc[:, position]


def _write(X_ND: Floats, feature: Feature, series: pd.Series) -> Bools:
    """Write one column of the frame and return in which rows there is a value, (N,)."""
    if isinstance(feature, NumberFeature):
        X_ND[:, feature.column] = _numbers(feature.name, series)
        return ~np.isnan(X_ND[:, feature.column])
    if isinstance(feature, MomentFeature):
        X_ND[:, feature.columns] = _moments(feature.name, series)
        return ~np.isnan(X_ND[:, feature.columns[0]])
    assert isinstance(feature, CategoryFeature)
    codes_N, texts = _texts(feature.name, series)
    other = -1 if feature.other_column is None else feature.other_column
    # one entry more than texts: code -1, a missing value, finds it from the end
    column_of = np.array([*(feature.columns.get(text, other) for text in texts), -1])
    columns_N = column_of[codes_N]
    rows = np.flatnonzero(columns_N >= 0)
    X_ND[rows, columns_N[rows]] = 1.0
    return codes_N >= 0


def _check(name: str, series: pd.Series) -> None:
    """Raise BadRecord if the column holds a value that no feature can hold."""
    if _is_numeric(series):
        _numbers(name, series)
    elif not isinstance(series.dtype, pd.StringDtype):
        for value in series:
            first_columns(name, value)


def _numbers(name: str, series: pd.Series) -> Floats:
    """Return the column as finite numbers, NaN where missing, (N,)."""
    if not _is_numeric(series):
        return np.fromiter((number_of(name, value) for value in series), np.float64, len(series))
    numbers_N: Floats = series.to_numpy(dtype=np.float64, na_value=np.nan)
    infinite_N = np.isinf(numbers_N)
    if infinite_N.any():
        number_of(name, series.iloc[int(np.argmax(infinite_N))])
    return numbers_N


def _texts(name: str, series: pd.Series) -> tuple[Indices, list[str]]:
    """Return which text each row holds (-1 where missing), (N,), and the texts in order of appearance."""
    if isinstance(series.dtype, pd.StringDtype | pd.CategoricalDtype):
        codes_N, values = series.factorize()
    else:
        codes_N, values = np.arange(len(series)), series
    texts: dict[str, int] = {}
    # one entry more than values: code -1, a missing value, finds it from the end
    text_code_of = np.full(len(values) + 1, -1, dtype=np.intp)
    for code, value in enumerate(values):
        text = text_of(name, value)
        if text:
            text_code_of[code] = texts.setdefault(text, len(texts))
    return text_code_of[codes_N], list(texts)


def _moments(name: str, series: pd.Series) -> Floats:
    """Return the five columns of each date, NaN where missing, (N, 5)."""
    return np.array([moment_of(name, value) or NO_MOMENT for value in series], dtype=np.float64).reshape(
        -1, 5
    )


def _kind_of_column(name: str, series: pd.Series) -> Kind | None:
    if _is_numeric(series):
        return Kind.NUMBER
    return next((kind for value in series if (kind := kind_of(name, value)) is not None), None)


def _first_rows(present_N: Bools) -> set[int]:
    """Return the first row with a value, and the first without after it; the first row of all is a given."""
    if not present_N.any():
        return set()
    born = int(np.argmax(present_N))
    gap = born + int(np.argmin(present_N[born:]))  # born itself where no gap follows
    return {born, gap}


def _is_numeric(series: pd.Series) -> bool:
    return series.dtype.kind in "fiub"


_KIND: dict[type[Feature], Kind] = {
    NumberFeature: Kind.NUMBER,
    CategoryFeature: Kind.CATEGORY,
    MomentFeature: Kind.MOMENT,
}
