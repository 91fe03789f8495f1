"""Two windows of records beside each other: whom the gate chose, and what the features were like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["Windows", "moves", "shifts"]

MOST_SHIFTS = 15
MOST_MOVES = 15


@dataclass(frozen=True, slots=True)
class Windows:
    """Two windows of ``length`` records each: from ``before`` on and from ``after`` on."""

    before: int
    after: int
    length: int

    @classmethod
    def around(cls, record: int, length: int) -> Windows:
        """The records just before ``record`` and those from it on."""
        return cls(max(0, record - length), record, length)

    @property
    def sentence(self) -> str:
        """Which records are compared."""
        first, second = self.before + self.length, self.after + self.length
        return f"records {self.before:,} to {first:,} against {self.after:,} to {second:,}"


def moves(shares: pd.DataFrame, windows: Windows, by: str) -> pd.DataFrame:
    """Share of the gate in both windows, by group or leaf -> name, before, after; what moved most first.

    Args:
        shares: record, leaf, name, group_name, weight; one row per point and leaf.
        windows: what is compared.
        by: ``name`` or ``group_name``.
    """
    parts = {"before": windows.before, "after": windows.after}
    means = {name: _mean_shares(shares, begin, windows.length, by) for name, begin in parts.items()}
    table = pd.DataFrame(means)
    if means["before"].empty or means["after"].empty:
        return table.iloc[:0].rename_axis("name").reset_index()
    table = table.fillna(0.0)
    order = (table["after"] - table["before"]).abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order[:MOST_MOVES]].rename_axis("name").reset_index()


def shifts(features: pd.DataFrame, windows: Windows) -> pd.DataFrame:
    """How far each feature's mean moved -> feature, shift, before, after; the furthest first.

    ``shift`` is the standardised mean difference, the difference of the means over the root of the mean of
    both variances (Cohen 1988). What never varied and yet moved is left out.

    Args:
        features: record, since, feature, present_ratio, mean, deviation; one row per period and feature.
        windows: what is compared; a period belongs to the window that holds its middle.
    """
    first = _pooled(features, windows.before, windows.length)
    second = _pooled(features, windows.after, windows.length)
    both = first.add_suffix("_before").join(second.add_suffix("_after"), how="inner")
    spread = np.sqrt((both["variance_before"] + both["variance_after"]) / 2.0)
    difference = both["mean_after"] - both["mean_before"]
    shift = (difference / spread.where(spread > 0.0)).where(difference != 0.0, 0.0)
    table = pd.DataFrame(
        {"shift": shift, "before": both["mean_before"], "after": both["mean_after"]}
    ).dropna()
    order = table["shift"].abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order[:MOST_SHIFTS]].rename_axis("feature").reset_index()


def _mean_shares(shares: pd.DataFrame, begin: int, length: int, by: str) -> pd.Series:
    within = shares[(shares["record"] > begin) & (shares["record"] <= begin + length)]
    points = max(1, within["record"].nunique())
    return within.groupby(by)["weight"].sum() / points


def _pooled(features: pd.DataFrame, begin: int, length: int) -> pd.DataFrame:
    """Mean and variance of every feature over a window, weighted by the records that had it."""
    middle = (features["since"] + features["record"]) / 2.0
    within = features[(middle >= begin) & (middle < begin + length) & features["mean"].notna()]
    weight = (within["record"] - within["since"]) * within["present_ratio"]
    mean = within["mean"].astype(float)
    square = within["deviation"].astype(float) ** 2 + mean**2
    sums = pd.DataFrame(
        {"feature": within["feature"], "weight": weight, "mean": weight * mean, "square": weight * square}
    )
    totals = sums.groupby("feature").sum()
    totals = totals[totals["weight"] > 0.0]
    mean = totals["mean"] / totals["weight"]
    return pd.DataFrame(
        {"mean": mean, "variance": (totals["square"] / totals["weight"] - mean**2).clip(lower=0.0)}
    )
