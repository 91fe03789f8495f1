"""What the reader asks: every statement takes the rows of a window by its segments, which the index finds.

``:segments`` is the window (see ``segments``), ``:width`` the records of a point.
"""

from __future__ import annotations

from monitor.journal.joining import MERGED_FEATURE, MERGED_INTERVAL, WEIGHED

__all__ = [
    "EVENTS",
    "EVIDENCE",
    "FEATURES",
    "INTERVALS",
    "LEAF_FEATURES",
    "MERGED_INTERVALS",
    "SAMPLES",
    "SAMPLE_KEYS",
    "SHARES",
    "USAGE",
    "WORTH",
]

_SEGMENT = (
    "segment AS (SELECT json_extract(value, '$[0]') AS joined, json_extract(value, '$[1]') AS low, "
    "json_extract(value, '$[2]') AS high FROM json_each(:segments))"
)
_LEAVES = "(SELECT leaf, name, group_name, max(record) FROM topology GROUP BY leaf) AS leaves"


def _rows_of(table: str) -> str:
    """The rows of a table in the segments; CROSS JOIN makes SQLite take the segments first."""
    return (
        f"segment CROSS JOIN {table} ON {table}.joined = segment.joined "
        f"AND {table}.record BETWEEN segment.low AND segment.high"
    )


INTERVALS = f"""
WITH {_SEGMENT}
SELECT record, time_seconds, records, scored, predicted, records_per_second, loss_nats, metric, metric_window,
    gate_entropy_nats, level, rejected_total, num_leaves, memory_bytes
FROM {_rows_of("interval")} ORDER BY record
"""

MERGED_INTERVALS = f"""
WITH {_SEGMENT}
SELECT {MERGED_INTERVAL} FROM {_rows_of("interval")} GROUP BY (record - 1) / :width ORDER BY 1
"""

SHARES = f"""
WITH {_SEGMENT}
SELECT merged.record, merged.leaf, leaves.name, leaves.group_name,
    merged.weight, merged.loss_nats, merged.error
FROM (
    SELECT max(record) AS record, leaf,
        sum(share.joined * weight) / sum(share.joined) AS weight,
        sum(share.joined * weight * loss_nats)
            / sum(iif(loss_nats IS NULL, NULL, share.joined * weight)) AS loss_nats,
        sum(share.joined * weight * error) / sum(iif(error IS NULL, NULL, share.joined * weight)) AS error
    FROM {_rows_of("share")} GROUP BY (record - 1) / :width, leaf
) AS merged
JOIN {_LEAVES} ON leaves.leaf = merged.leaf
ORDER BY merged.record, merged.leaf
"""

USAGE = f"""
WITH {_SEGMENT},
everything AS (SELECT sum({WEIGHED}) AS total FROM {_rows_of("interval")})
SELECT live.leaf, live.name, live.group_name,
    coalesce(used.mass, 0.0) / max(1, coalesce((SELECT total FROM everything), 0)) AS usage,
    used.loss_nats, used.error
FROM topology AS live LEFT JOIN (
    SELECT share.leaf, sum({WEIGHED} * weight) AS mass,
        sum(interval.scored * weight * share.loss_nats)
            / sum(iif(share.loss_nats IS NULL, NULL, interval.scored * weight)) AS loss_nats,
        sum(interval.scored * weight * share.error)
            / sum(iif(share.error IS NULL, NULL, interval.scored * weight)) AS error
    FROM {_rows_of("interval")}
    CROSS JOIN share ON share.joined = interval.joined AND share.record = interval.record
    GROUP BY share.leaf
) AS used ON used.leaf = live.leaf
WHERE live.record = (SELECT max(record) FROM topology)
ORDER BY live.leaf
"""

EVIDENCE = f"""
WITH {_SEGMENT}
SELECT max(record) OVER (PARTITION BY point) AS record, signal, evidence_nats, threshold_nats, level
FROM (
    SELECT record, signal, evidence_nats, threshold_nats, level, (record - 1) / :width AS point,
        max(evidence_nats - threshold_nats)
    FROM {_rows_of("evidence")} GROUP BY point, signal
)
ORDER BY 1, signal
"""

WORTH = f"""
WITH {_SEGMENT}
SELECT max(record) AS record, since, sampled, losses, frozen_losses, errors_avoided, challenger_records
FROM {_rows_of("worth")} GROUP BY (record - 1) / :width ORDER BY 1
"""

FEATURES = f"""
WITH {_SEGMENT},
chosen AS (SELECT feature.*, (record - 1) / :width AS point FROM {_rows_of("feature")})
SELECT record, since, feature, present_ratio, mean, deviation, least, most FROM ({MERGED_FEATURE})
ORDER BY record, feature
"""

LEAF_FEATURES = f"""
SELECT leaf_feature.record, leaf_feature.leaf, leaves.name, leaves.group_name, feature, mean, deviation
FROM leaf_feature JOIN {_LEAVES} ON leaves.leaf = leaf_feature.leaf
WHERE leaf_feature.joined = ? AND leaf_feature.record = ?
ORDER BY leaf_feature.leaf, feature
"""

# The same sampled record may be among those of several kinds: the finest counts.
SAMPLE_KEYS = """
SELECT record, min(joined) AS joined FROM sample
WHERE joined IN (1, 10, 100, 1000) AND record BETWEEN ? AND ? GROUP BY record ORDER BY record
"""

SAMPLES = f"""
SELECT sample.record, sample.leaf, leaves.name, target, prediction, loss_nats, sample."values"
FROM json_each(?) AS key
CROSS JOIN sample ON sample.joined = json_extract(key.value, '$[1]')
    AND sample.record = json_extract(key.value, '$[0]')
LEFT JOIN {_LEAVES} ON leaves.leaf = sample.leaf
ORDER BY sample.record
"""

EVENTS = """
SELECT * FROM (
    SELECT * FROM event WHERE record >= ? AND kind IN (SELECT value FROM json_each(?))
    ORDER BY id DESC LIMIT ?
)
ORDER BY id
"""
