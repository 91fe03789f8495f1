"""Gate shares: stacked by group or by leaf, and the leaves with what they do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dashboards.theme import OTHERS

__all__ = ["Stack", "expert_table", "group_shares", "leaf_shares"]

MOST_AREAS = 15
TREND_POINTS = 40
MOST_VALUES = 2_000


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Shares that are drawn on top of each other.

    Args:
        names: from the bottom up; at most fifteen, the last one may be ``"all others"``.
        rows: record, name, order (index into ``names``), share.
    """

    names: tuple[str, ...]
    rows: pd.DataFrame


def group_shares(shares: pd.DataFrame) -> Stack:
    """Share of every group at every point; the shares of a point sum to 1."""
    return _stack(shares, "group_name", shares["group_name"].notna())


def leaf_shares(shares: pd.DataFrame, group: str) -> Stack:
    """Share of every leaf of one group in the whole mixture; the group is left out of the leaves' names."""
    chosen = shares["group_name"] == group
    short = [name.removeprefix(group).lstrip("/") or name for name in shares["name"]]
    return _stack(shares.assign(name=short), "name", chosen)


def expert_table(recent_shares: pd.DataFrame, shares: pd.DataFrame, topology: pd.DataFrame) -> pd.DataFrame:
    """One row per live leaf, the busiest first -> expert, group, usage, trend, loss_nats, error.

    Without the group where every leaf is called after its group.

    Args:
        recent_shares: the intervals to average over; loss and error are weighted by the leaf's gate weight.
        shares: the longer stretch that the trend shows, at most 40 points of it.
        topology: the live leaves.
    """
    weight = recent_shares["weight"]
    sums = pd.DataFrame(
        {
            "leaf": recent_shares["leaf"],
            "weight": weight,
            "loss": recent_shares["loss_nats"].astype(float) * weight,
            "error": recent_shares["error"].astype(float) * weight,
            "scored": weight.where(recent_shares["loss_nats"].notna(), 0.0),
        }
    )
    totals = sums.groupby("leaf").sum().reindex(topology["leaf"]).reset_index(drop=True)
    points = max(1, recent_shares["record"].nunique())
    table = pd.DataFrame(
        {
            "expert": topology["name"],
            "group": topology["group_name"],
            "usage": (totals["weight"] / points).fillna(0.0),
            "trend": _trends(shares, topology["leaf"].tolist()),
            "loss_nats": totals["loss"] / totals["scored"],
            "error": totals["error"] / totals["scored"],
        }
    )
    pairs = zip(topology["name"], topology["group_name"], strict=True)
    if all(name.startswith(group) for name, group in pairs):
        table = table.drop(columns="group")
    return table.sort_values("usage", ascending=False, kind="stable", ignore_index=True)


def _stack(shares: pd.DataFrame, by: str, chosen: pd.Series) -> Stack:
    """Sum the chosen weights by name at each point, as parts of the weight of all leaves at that point.

    A point merges intervals between which leaves may have appeared or gone: its weights need not sum to 1.
    """
    totals = shares.groupby("record")["weight"].sum()
    ordered = shares[chosen].sort_values(["leaf", "record"], kind="stable")
    names = ordered[by].drop_duplicates().tolist()
    if len(names) > MOST_AREAS:
        largest = ordered.groupby(by)["weight"].sum().nlargest(MOST_AREAS - 1).index
        ordered = ordered.assign(**{by: ordered[by].where(ordered[by].isin(largest), OTHERS)})
        names = [*(name for name in names if name in set(largest)), OTHERS]
    sums = ordered.groupby(["record", by])["weight"].sum()
    points = pd.MultiIndex.from_product([totals.index, names], names=["record", "name"])
    filled = sums.rename_axis(["record", "name"]).reindex(points, fill_value=0.0)
    rows = _thinned(filled.div(totals, level="record").rename("share").reset_index(), len(names))
    return Stack(tuple(names), rows.assign(order=rows["name"].map({name: n for n, name in enumerate(names)})))


def _thinned(rows: pd.DataFrame, num_names: int) -> pd.DataFrame:
    """Neighbouring points averaged, where all together would be more values than a chart should hold."""
    if len(rows) <= MOST_VALUES:
        return rows
    points, most = len(rows) // num_names, MOST_VALUES // num_names
    bins = np.repeat(np.arange(points) * most // points, num_names)
    merged = rows.assign(bin=bins).groupby(["bin", "name"], sort=False)
    return merged.agg({"record": "max", "share": "mean"}).reset_index("name").reset_index(drop=True)


def _trends(shares: pd.DataFrame, leaves: Sequence[int]) -> list[list[float]]:
    """The course of each leaf's weight, averaged to at most ``TREND_POINTS`` values."""
    wide = shares.pivot(index="record", columns="leaf", values="weight").reindex(columns=leaves).fillna(0.0)
    bins = np.arange(len(wide)) * TREND_POINTS // max(TREND_POINTS, len(wide))
    courses: list[list[float]] = wide.groupby(bins).mean().to_numpy().T.tolist()
    return courses
