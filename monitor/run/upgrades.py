"""Brings the state of a run that an older version saved up to date, one version at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from monitor.journal.loss_trend import LossTrend
from monitor.journal.pieces import join

__all__ = ["UPGRADES"]


def _from_2_to_3(values: Mapping[str, Any]) -> dict[str, Any]:
    """No label came late, so whatever was predicted was scored.

    The profile and the means of the loss begin with the next record.
    """
    fold, pipeline = values["fold"], values["pipeline"]
    totals = fold["totals"]
    sums = {leaf: [mass, mass, loss, error] for leaf, (mass, loss, error) in totals["sums"].items()}
    return {
        **values,
        "fold": {
            **fold,
            "totals": {**totals, "sums": sums},
            "trend": LossTrend().state_dict(),
            "predicted": join([]).state_dict(),
        },
        "pipeline": {**pipeline, "profile": None},
    }


UPGRADES: Mapping[int, Callable[[Mapping[str, Any]], dict[str, Any]]] = {2: _from_2_to_3}
