"""Pure transformations of the journal's tables into what charts and tables on the page show."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dashboards.theme import OTHERS
from dashboards.words import count

__all__ = ["Stack", "event_table", "expert_table", "group_shares", "leaf_shares", "markers"]

LEVEL_NAMES: Mapping[int, str] = {0: "\u2713 stable", 1: "! warning", 2: "\u25b2 drift"}

MOST_AREAS = 15
TREND_POINTS = 40


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


def event_table(events: pd.DataFrame) -> pd.DataFrame:
    """Events, newest first -> record, time, kind, signal, level, message.

    The message of a drift says how many records after the last known change of the stream it was seen.
    """
    table = events.sort_values("id", kind="stable")
    is_drift = table["kind"] == "drift"
    change = table["record"].where(table["kind"] == "change point").ffill()
    delay = (table["record"] - change).where(is_drift & (table["level"] == 2))
    known = [
        "" if math.isnan(records) else f", {count(records)} records after the known change"
        for records in delay.astype(float).tolist()
    ]
    result = pd.DataFrame(
        {
            "record": table["record"],
            "time": pd.to_datetime(table["time_seconds"], unit="s", utc=True),
            "kind": table["kind"],
            "signal": table["signal"],
            "level": table["level"].map(LEVEL_NAMES).where(is_drift, ""),
            "message": [message + words for message, words in zip(table["message"], known, strict=True)],
        }
    )
    return result.iloc[::-1].reset_index(drop=True)


def markers(events: pd.DataFrame, kind: str, nearest: int) -> pd.DataFrame:
    """Events of one kind for a chart -> record, text; those within ``nearest`` records share a marker."""
    chosen = events[events["kind"] == kind]
    if kind == "drift":
        chosen = chosen[chosen["level"] == 2]
    rows: list[tuple[int, list[str]]] = []
    for record, signal, message in zip(chosen["record"], chosen["signal"], chosen["message"], strict=True):
        if not rows or record - rows[-1][0] > nearest:
            rows.append((int(record), []))
        rows[-1][1].append(signal or message)
    return pd.DataFrame(
        {"record": [record for record, _ in rows], "text": [_listed(names) for _, names in rows]}
    ).astype({"record": "int64", "text": "object"})


def _listed(names: list[str]) -> str:
    """Names in their order, each once, at most four of them."""
    once = list(dict.fromkeys(names))
    return ", ".join(once) if len(once) <= 4 else f"{', '.join(once[:3])} and {len(once) - 3} more"


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
    rows = filled.div(totals, level="record").rename("share").reset_index()
    return Stack(tuple(names), rows.assign(order=rows["name"].map({name: n for n, name in enumerate(names)})))


def _trends(shares: pd.DataFrame, leaves: Sequence[int]) -> list[list[float]]:
    """The course of each leaf's weight, averaged to at most ``TREND_POINTS`` values."""
    wide = shares.pivot(index="record", columns="leaf", values="weight").reindex(columns=leaves).fillna(0.0)
    bins = np.arange(len(wide)) * TREND_POINTS // max(TREND_POINTS, len(wide))
    courses: list[list[float]] = wide.groupby(bins).mean().to_numpy().T.tolist()
    return courses
