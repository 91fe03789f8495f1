"""What the controller did and what followed on known changes, as tables of words; evidence for its chart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from dashboards.words import Metric, count
from monitor.control.episodes import Episode
from monitor.control.known_changes import Answer

__all__ = ["Lines", "answer_table", "episode_table", "evidence_lines", "test_table"]

MOST_VALUES = 2_000


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Evidence that is drawn.

    Args:
        signals: names, in alphabetical order.
        rows: record, signal, evidence_nats, threshold_nats.
        num_left_out: signals that are not drawn because others came nearer to their thresholds.
    """

    signals: tuple[str, ...]
    rows: pd.DataFrame
    num_left_out: int


def evidence_lines(evidence: pd.DataFrame, most: int) -> Lines:
    """The ``most`` signals that came nearest to their thresholds, or went furthest beyond."""
    rows = evidence[["record", "signal", "evidence_nats", "threshold_nats"]]
    rows = rows.astype({"evidence_nats": float, "threshold_nats": float})
    excess = (rows["evidence_nats"] - rows["threshold_nats"]).groupby(rows["signal"]).max()
    nearest = excess.sort_values(ascending=False, kind="stable", na_position="last").index[:most]
    chosen = _thinned(rows[rows["signal"].isin(nearest)].reset_index(drop=True))
    return Lines(tuple(sorted(nearest)), chosen, len(excess) - len(nearest))


def episode_table(episodes: Sequence[Episode], metric: Metric) -> pd.DataFrame:
    """Episodes, newest first -> episode, record, moved, diagnosis, decision, test, outcome, metric."""
    columns = ["episode", "record", "moved", "diagnosis", "decision", "test", "outcome", "metric"]
    rows = [
        (
            episode.number,
            episode.alarm if episode.alarm is not None else episode.begin,
            ", ".join([*episode.signals, *episode.leaves[:2]]),
            episode.diagnosis or "-",
            episode.action,
            "; ".join(f"{test.get('plan', '-')} {test.get('verdict', '-')}" for test in episode.tests) or "-",
            episode.outcome,
            " \u2192 ".join(
                metric.write(value)
                for value in (episode.metric_before, episode.metric_at_alarm, episode.metric_after)
            ),
        )
        for episode in reversed(episodes)
    ]
    return pd.DataFrame(rows, columns=columns)


def answer_table(found: Sequence[Answer]) -> pd.DataFrame:
    """Known changes, newest first -> record, change, seen, action, back."""
    rows = [
        (answer.record, answer.what, _seen(answer), answer.action or "-", _back(answer))
        for answer in reversed(found)
    ]
    return pd.DataFrame(rows, columns=["record", "change", "seen", "action", "back"])


def test_table(episode: Episode) -> pd.DataFrame:
    """The paired tests of an episode -> plan, verdict, records, mean_gain, evidence_nats, threshold_nats."""
    columns = ["plan", "verdict", "records", "mean_gain", "evidence_nats", "threshold_nats"]
    return pd.DataFrame([[test.get(name) for name in columns] for test in episode.tests], columns=columns)


def _thinned(rows: pd.DataFrame) -> pd.DataFrame:
    """Of neighbouring points the one nearest to its threshold, where all are more than a chart holds."""
    if len(rows) <= MOST_VALUES:
        return rows
    width = -(-len(rows) // MOST_VALUES)
    points = rows["record"].rank(method="dense").astype(int).sub(1) // width
    excess = (rows["evidence_nats"] - rows["threshold_nats"]).fillna(-math.inf)
    chosen = excess.groupby([points, rows["signal"]], sort=False).idxmax().sort_values()
    newest = rows["record"].groupby(points).transform("max")
    return rows.assign(record=newest).loc[chosen].reset_index(drop=True)


def _seen(answer: Answer) -> str:
    return "not seen" if answer.delay is None else f"after {count(answer.delay)} records"


def _back(answer: Answer) -> str:
    if answer.recovery is None:
        return "not yet" if answer.is_hurt else "-"
    return f"after {count(answer.recovery)} records" if answer.is_hurt else "not hurt"
