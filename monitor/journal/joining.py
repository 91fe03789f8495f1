"""Ten rows become one: the rules by which intervals, and seconds of flow, are joined.

Sums stay sums, means are weighted by what they were means of, of levels the highest and of totals the last
stays. Readers merge rows by the same rules.
"""

from __future__ import annotations

import math
import sqlite3
from itertools import pairwise

from monitor.journal.schema import JOINED
from stream_hmoe.profile import SAMPLE_EVERY

__all__ = [
    "MERGED_FEATURE",
    "MERGED_INTERVAL",
    "WEIGHED",
    "add_functions",
    "join_flow",
    "join_intervals",
    "sample_levels",
]

# Records over which the gate weights of an interval are means.
WEIGHED = "coalesce(nullif(interval.predicted, 0), interval.scored)"


def add_functions(connection: sqlite3.Connection) -> None:
    """Give a connection what the rules need and not every SQLite has."""
    connection.create_function("root", 1, _root, deterministic=True)


def _root(value: float | None) -> float | None:
    return None if value is None else math.sqrt(max(0.0, value))


def _mean(value: str, weight: str) -> str:
    """SQL for the mean of what is there."""
    return f"sum({weight} * {value}) / nullif(sum(iif({value} IS NULL, 0, {weight})), 0)"


MERGED_INTERVAL = ", ".join(
    [
        "max(record) AS record",
        "max(time_seconds) AS time_seconds",
        "sum(records) AS records",
        "sum(scored) AS scored",
        "sum(predicted) AS predicted",
        f"{_mean('records_per_second', 'records')} AS records_per_second",
        f"{_mean('loss_nats', 'scored')} AS loss_nats",
        f"{_mean('metric', 'records')} AS metric",
        f"{_mean('metric_window', 'records')} AS metric_window",
        f"{_mean('gate_entropy_nats', WEIGHED)} AS gate_entropy_nats",
        "max(level) AS level",
        "max(rejected_total) AS rejected_total",
        "max(num_leaves) AS num_leaves",
        "max(memory_bytes) AS memory_bytes",
    ]
)

# Of rows with a column ``point``: one row per point and feature. The spread of the means counts as spread.
MERGED_FEATURE = f"""
SELECT max(record) AS record, feature, min(since) AS since, sum(n) / sum(record - since) AS present_ratio,
    max(centre) AS mean,
    root({_mean("(deviation * deviation + (mean - centre) * (mean - centre))", "n")}) AS deviation,
    min(least) AS least, max(most) AS most
FROM (
    SELECT *, sum(n * mean) OVER same / nullif(sum(iif(mean IS NULL, 0, n)) OVER same, 0) AS centre
    FROM (SELECT *, present_ratio * (record - since) AS n FROM chosen)
    WINDOW same AS (PARTITION BY point, feature)
)
GROUP BY point, feature
"""

_RANGE = "joined = :finer AND record BETWEEN :low AND :high"

_JOIN_INTERVALS = (
    f"INSERT OR REPLACE INTO interval SELECT :joined, {MERGED_INTERVAL} FROM interval WHERE {_RANGE} "
    "GROUP BY joined",
    f"""
    INSERT OR REPLACE INTO share
    SELECT :joined, :high, leaf,
        sum(n * weight) / (SELECT sum({WEIGHED}) FROM interval WHERE {_RANGE}),
        {_mean("loss_nats", "scored * weight")},
        {_mean("error", "scored * weight")}
    FROM (
        SELECT share.*, interval.scored, {WEIGHED} AS n FROM share JOIN interval
        ON interval.joined = share.joined AND interval.record = share.record
        WHERE share.joined = :finer AND share.record BETWEEN :low AND :high
    )
    GROUP BY leaf
    """,
    f"""
    INSERT OR REPLACE INTO evidence
    SELECT :joined, :high, signal, evidence_nats, threshold_nats, level FROM (
        SELECT *, max(evidence_nats - threshold_nats) FROM evidence WHERE {_RANGE} GROUP BY signal
    )
    """,
    f"""
    INSERT OR REPLACE INTO worth
    SELECT :joined, max(record), since, sampled, losses, frozen_losses, errors_avoided, challenger_records
    FROM worth WHERE {_RANGE} GROUP BY joined
    """,
    f"""
    WITH chosen AS (SELECT *, 0 AS point FROM feature WHERE {_RANGE})
    INSERT OR REPLACE INTO feature SELECT :joined, * FROM ({MERGED_FEATURE})
    """,
    # Of leaves there are too many for more than one period in ten.
    f"""
    INSERT OR REPLACE INTO leaf_feature
    SELECT :joined, record, leaf, feature, mean, deviation FROM leaf_feature
    WHERE joined = :finer AND record = (SELECT max(record) FROM leaf_feature WHERE {_RANGE})
    """,
)

_LAST_FLOW = (
    "time_seconds", "record", "received", "learned", "held_back", "pending", "expired", "rejected",
    "duplicates", "labels_received", "labels_joined", "labels_waiting", "labels_duplicate",
    "labels_corrected", "labels_unmatched", "labels_rejected",
)  # fmt: skip

_JOIN_FLOW = f"""
INSERT OR REPLACE INTO flow
SELECT :joined, {", ".join(f"last.{name}" for name in _LAST_FLOW)}, merged.label_delay_seconds,
    last.dead_lettered, last.skipped, merged.lag_records, merged.records_per_second,
    merged.latency_p50_seconds, merged.latency_p99_seconds, merged.memory_bytes, last.checkpoint_seconds,
    last.checkpoint_bytes, merged.halted
FROM (
    SELECT avg(label_delay_seconds) AS label_delay_seconds, max(lag_records) AS lag_records,
        avg(records_per_second) AS records_per_second, avg(latency_p50_seconds) AS latency_p50_seconds,
        max(latency_p99_seconds) AS latency_p99_seconds, max(memory_bytes) AS memory_bytes,
        max(halted) AS halted
    FROM flow WHERE joined = :finer AND time_seconds >= :low AND time_seconds < :high
) AS merged
JOIN (
    SELECT * FROM flow WHERE joined = :finer AND time_seconds >= :low AND time_seconds < :high
    ORDER BY time_seconds DESC LIMIT 1
) AS last
"""


def sample_levels(record: int) -> list[int]:
    """In rows of how many joined intervals a sample record stands: one in ten is kept longer, and so on.

    Its number alone decides, as samples come at other counts than intervals close.

    Args:
        record: its number.
    """
    return [joined for joined in JOINED if record // SAMPLE_EVERY % joined == 0]


def join_intervals(connection: sqlite3.Connection, record: int, interval_records: int) -> None:
    """Write the joined rows that the interval which closed after ``record`` records completes.

    Args:
        connection: a journal open for writing.
        record: its rows, those of its features included, are there.
        interval_records: length of an interval.
    """
    for finer, joined in pairwise(JOINED):
        width = joined * interval_records
        if record % width:
            return
        values = {"finer": finer, "joined": joined, "low": record - width + 1, "high": record}
        for statement in _JOIN_INTERVALS:
            connection.execute(statement, values)


def join_flow(connection: sqlite3.Connection, before_seconds: float, now_seconds: float) -> None:
    """Write the joined rows of the stretches of time that ended between two flow rows.

    Args:
        connection: a journal open for writing.
        before_seconds: time of the last flow row in it.
        now_seconds: time of the next one.
    """
    for finer, joined in pairwise(JOINED):
        stretch = int(before_seconds // joined)
        if now_seconds // joined <= stretch:
            return
        values = {"finer": finer, "joined": joined, "low": stretch * joined, "high": (stretch + 1) * joined}
        connection.execute(_JOIN_FLOW, values)
