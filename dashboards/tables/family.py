"""The experts as a tree of boxes, the lives of the leaves, and what one of them serves."""

from __future__ import annotations

import pandas as pd

__all__ = ["course_of", "lives", "ranges_of", "tree"]

NEVER = 1e-6
SMALL = 0.012
MOST_LIVES = 40


def tree(recent_shares: pd.DataFrame) -> pd.DataFrame:
    """Boxes of groups and their leaves, as high as their usage.

    Args:
        recent_shares: record, name, group_name, weight, loss_nats, error of the intervals to average over.

    Returns:
        name, level (0 group, 1 leaf), left, right, begin, end, usage, loss_nats, error, label.
    """
    weight = recent_shares["weight"]
    sums = pd.DataFrame(
        {
            "group": recent_shares["group_name"],
            "name": recent_shares["name"],
            "usage": weight / max(1, recent_shares["record"].nunique()),
            "loss_nats": weight * recent_shares["loss_nats"].astype(float),
            "error": weight * recent_shares["error"].astype(float),
            "weight": weight,
        }
    )
    leaves = sums.groupby(["group", "name"], as_index=False).sum()
    leaves = leaves[leaves["usage"] > NEVER]
    leaves = _small_joined(leaves)
    groups = leaves.drop(columns="name").groupby("group", as_index=False).sum()
    groups = groups.sort_values("usage", ascending=False, kind="stable").assign(
        name=lambda rows: rows["group"]
    )
    rank = {name: number for number, name in enumerate(groups["group"])}
    leaves = leaves.assign(rank=leaves["group"].map(rank))
    leaves = leaves.sort_values(["rank", "usage"], ascending=[True, False], kind="stable")
    boxes = pd.concat([_stacked(groups, 0), _stacked(leaves, 1)], ignore_index=True)
    for column in ("loss_nats", "error"):
        boxes[column] = boxes[column] / boxes["weight"]
    usage = [
        f"{name}   {100.0 * share:.1f} %" for name, share in zip(boxes["name"], boxes["usage"], strict=True)
    ]
    columns = ["name", "level", "left", "right", "begin", "end", "usage", "loss_nats", "error"]
    return boxes[columns].assign(label=usage)


def lives(found: pd.DataFrame, last: int) -> pd.DataFrame:
    """Leaves that were not there all the time -> name, group_name, record (begin), end; oldest first.

    Args:
        found: leaf, name, group_name, record, end of every leaf that ever lived; NaN while it lives.
        last: the newest record.
    """
    changed = found[(found["record"] > 0) | found["end"].notna()]
    table = changed.assign(end=changed["end"].fillna(last).clip(lower=changed["record"]))
    newest = table.nlargest(MOST_LIVES, ["end", "record"]).sort_values(["record", "leaf"], kind="stable")
    return newest[["name", "group_name", "record", "end"]].reset_index(drop=True)


def course_of(shares: pd.DataFrame, leaf: int, column: str) -> pd.DataFrame:
    """One number of one leaf over records -> record, value."""
    chosen = shares[shares["leaf"] == leaf]
    return pd.DataFrame({"record": chosen["record"], "value": chosen[column].astype(float)}).reset_index(
        drop=True
    )


def ranges_of(leaf_features: pd.DataFrame, features: pd.DataFrame, leaf: int) -> pd.DataFrame:
    """What a leaf's records are like beside all records, what differs most first.

    Args:
        leaf_features: leaf, feature, mean, deviation of the newest period.
        features: record, feature, mean, deviation; of each feature the newest row counts.
        leaf: which leaf.

    Returns:
        feature, mean, low, high (one deviation to each side), all_mean, all_low, all_high, shift (in
        deviations of all records).
    """
    own = (
        leaf_features[leaf_features["leaf"] == leaf].set_index("feature")[["mean", "deviation"]].astype(float)
    )
    every = features.sort_values("record").groupby("feature")[["mean", "deviation"]].last().astype(float)
    both = own.join(every.add_suffix("_all"), how="inner").dropna()
    spread = both["deviation_all"]
    shift = (both["mean"] - both["mean_all"]) / spread.where(spread > 0.0)
    table = pd.DataFrame(
        {
            "mean": both["mean"],
            "low": both["mean"] - both["deviation"],
            "high": both["mean"] + both["deviation"],
            "all_mean": both["mean_all"],
            "all_low": both["mean_all"] - spread,
            "all_high": both["mean_all"] + spread,
            "shift": shift.fillna(0.0),
        }
    )
    order = table["shift"].abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order].rename_axis("feature").reset_index()


def _small_joined(leaves: pd.DataFrame) -> pd.DataFrame:
    """Of each group the leaves that are too thin to see as one box; a single one keeps its name."""
    is_small = leaves["usage"] < SMALL * float(leaves["usage"].sum())
    numbers = leaves[is_small].groupby("group")["name"].transform("size")
    several = numbers.index[numbers > 1]
    names = leaves["name"].copy()
    names[several] = [
        f"{count} others of {group}"
        for count, group in zip(numbers[several], leaves["group"][several], strict=True)
    ]
    return leaves.assign(name=names).groupby(["group", "name"], as_index=False).sum()


def _stacked(rows: pd.DataFrame, level: int) -> pd.DataFrame:
    """Boxes on top of each other in the order of the rows; all together fill the height."""
    total = float(rows["usage"].sum()) or 1.0
    end = rows["usage"].cumsum() / total
    places = {
        "level": level,
        "left": level,
        "right": level + 1,
        "begin": end - rows["usage"] / total,
        "end": end,
    }
    return rows.assign(**places)
