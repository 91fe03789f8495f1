"""Events as a table of words, and as marks of charts."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from dashboards.words import count
from monitor.journal.schema import EventKind
from stream_hmoe.events import Action

__all__ = ["LEVEL_NAMES", "event_table", "markers"]

LEVEL_NAMES: Mapping[int, str] = {0: "\u2713 stable", 1: "! warning", 2: "\u25b2 drift"}
# What leaves the model as it is, is not marked.
_QUIET = {Action.NONE.value, Action.DROP.value, Action.REREFERENCE.value}


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
    """Events of one kind for a chart -> record, text; those within ``nearest`` records share a marker.

    Args:
        events: the journal's events.
        kind: ``drift`` (at drift level), ``action`` (what changed the model), or another.
        nearest: records within which events share a marker.
    """
    chosen = _acted(events) if kind == "action" else events[events["kind"] == kind]
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


def _acted(events: pd.DataFrame) -> pd.DataFrame:
    """What the controller did, without its pondering."""
    kinds = zip(events["kind"].tolist(), events["detail"].tolist(), strict=True)
    is_deed = [
        kind == EventKind.RESTRUCTURED
        or (kind == EventKind.DECISION and json.loads(detail)["action"] not in _QUIET)
        for kind, detail in kinds
    ]
    return events[np.array(is_deed, dtype=bool)]
