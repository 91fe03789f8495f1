"""Where every record and label went, what features are like, and how the process fares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = [
    "LABEL_PARTS",
    "RECORD_PARTS",
    "Balance",
    "balance_rows",
    "balances",
    "feature_health",
    "over_time",
]

RECORD_PARTS: Mapping[str, str] = {
    "learned": "learned",
    "held_back": "held back",
    "pending": "waiting for a label",
    "expired": "expired",
    "rejected": "rejected",
    "duplicates": "duplicate",
}
LABEL_PARTS: Mapping[str, str] = {
    "labels_joined": "joined",
    "labels_waiting": "waiting for a record",
    "labels_duplicate": "duplicate label",
    "labels_corrected": "corrected",
    "labels_unmatched": "unmatched",
    "labels_rejected": "rejected label",
}
MOST_VALUES = 2_000


@dataclass(frozen=True, slots=True)
class Balance:
    """What was received and where it went.

    Args:
        what: ``records`` or ``labels``.
        received: how many.
        parts: where they went.
    """

    what: str
    received: int
    parts: Mapping[str, int]

    @property
    def missing(self) -> int:
        """Received and nowhere to be found; 0 where the balance adds up."""
        return self.received - sum(self.parts.values())

    @property
    def sentence(self) -> str:
        """The sum in words."""
        parts = " + ".join(f"{number:,} {name}" for name, number in self.parts.items() if number) or "0"
        verdict = "" if self.missing == 0 else f"; {self.missing:+,} unaccounted for"
        return f"{self.received:,} {self.what} received = {parts}{verdict}"


def balances(flow: pd.DataFrame) -> list[Balance]:
    """The newest balance of records, and of labels where any came."""
    newest = flow.iloc[-1]
    columns = (("records", "received", RECORD_PARTS), ("labels", "labels_received", LABEL_PARTS))
    found = [
        Balance(what, int(newest[total]), {title: int(newest[name]) for name, title in parts.items()})
        for what, total, parts in columns
    ]
    return [balance for balance in found if balance.what == "records" or balance.received > 0]


def balance_rows(found: Sequence[Balance]) -> pd.DataFrame:
    """Balances for a chart -> what, part, order, count, share."""
    rows = [
        (balance.what, part, order, number, number / max(1, balance.received))
        for balance in found
        for order, (part, number) in enumerate(balance.parts.items())
        if number > 0
    ]
    return pd.DataFrame(rows, columns=["what", "part", "order", "count", "share"])


def feature_health(features: pd.DataFrame) -> pd.DataFrame:
    """The newest period of every feature beside the periods before it, what moved most first.

    Returns:
        feature, missing (share), least, most, mean, shift (of the mean against the mean of the periods
        before, in their deviations), course (means, oldest first).
    """
    columns = ["feature", "missing", "least", "most", "mean", "shift", "course"]
    rows = []
    for name, periods in features.sort_values("record", kind="stable").groupby("feature", sort=True):
        newest, before = periods.iloc[-1], periods.iloc[:-1]
        means = periods["mean"].astype(float)
        rows.append(
            (
                str(name),
                1.0 - float(newest["present_ratio"]),
                newest["least"],
                newest["most"],
                means.iloc[-1],
                _shift(means.iloc[-1], before),
                means.dropna().tail(60).tolist(),
            )
        )
    table = pd.DataFrame(rows, columns=columns)
    order = table["shift"].abs().fillna(-1.0).sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True)


def over_time(flow: pd.DataFrame, columns: Mapping[str, str], scale: float = 1.0) -> pd.DataFrame:
    """Numbers of the flow for a chart over the clock -> time, name, value.

    Args:
        flow: the journal's flow rows.
        columns: title of each column that is drawn.
        scale: what a value is multiplied with.
    """
    step = -(-len(flow) * len(columns) // MOST_VALUES) if len(flow) else 1
    kept = flow.iloc[:: max(1, step)]
    time = pd.to_datetime(kept["time_seconds"].astype(float), unit="s", utc=True)
    parts = [
        pd.DataFrame({"time": time, "name": title, "value": scale * kept[name].astype(float)})
        for name, title in columns.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _shift(mean: float, before: pd.DataFrame) -> float:
    known = before.dropna(subset=["mean", "deviation"])
    if known.empty or np.isnan(mean):
        return float("nan")
    usual = float(known["mean"].astype(float).mean())
    spread = float(np.sqrt((known["deviation"].astype(float) ** 2).mean()))
    if spread > 0.0:
        return (mean - usual) / spread
    return 0.0 if mean == usual else float("nan")
