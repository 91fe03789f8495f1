"""The tables are what readers were promised."""

from __future__ import annotations

import sqlite3
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from monitor.journal.schema import (
    SCHEMA_VERSION,
    BadRow,
    EvidenceRow,
    FeatureRow,
    FlowRow,
    LeafFeatureRow,
    SampleRow,
    ShareRow,
    TopologyRow,
    WorthRow,
)
from monitor.journal.writer import JournalWriter

TOTALS = [
    "received",
    "learned",
    "held_back",
    "pending",
    "expired",
    "rejected",
    "duplicates",
    "labels_received",
    "labels_joined",
    "labels_waiting",
    "labels_duplicate",
    "labels_corrected",
    "labels_unmatched",
    "labels_rejected",
]


@pytest.fixture
def columns(tmp_path: Path) -> dict[str, list[str]]:
    path = tmp_path / "journal.sqlite"
    JournalWriter(path, {}).close()
    with sqlite3.connect(path) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            table: [row[1] for row in connection.execute(f"PRAGMA table_info({table})")] for table in tables
        }


def test_the_schema_is_frozen(columns: dict[str, list[str]]) -> None:
    # A change here is a change for every reader: raise SCHEMA_VERSION with it, and write a migration.
    assert SCHEMA_VERSION == 3
    interval = "records scored predicted records_per_second loss_nats metric metric_window gate_entropy_nats"
    flow = "label_delay_seconds dead_lettered skipped lag_records records_per_second latency_p50_seconds"
    more_flow = "latency_p99_seconds memory_bytes checkpoint_seconds checkpoint_bytes halted"
    event = "id record time_seconds kind signal level statistic message detail"
    worth = "since sampled losses frozen_losses errors_avoided challenger_records"
    assert columns == {
        "meta": ["key", "value"],
        "interval": [
            *["joined", "record", "time_seconds", *interval.split()],
            *["level", "rejected_total", "num_leaves", "memory_bytes"],
        ],
        "share": ["joined", "record", "leaf", "weight", "loss_nats", "error"],
        "topology": ["record", "leaf", "name", "group_name"],
        "event": event.split(),
        "evidence": ["joined", "record", "signal", "evidence_nats", "threshold_nats", "level"],
        "worth": ["joined", "record", *worth.split()],
        "feature": [
            *["joined", "record", "feature", "since", "present_ratio"],
            *["mean", "deviation", "least", "most"],
        ],
        "leaf_feature": ["joined", "record", "leaf", "feature", "mean", "deviation"],
        "sample": ["joined", "record", "leaf", "target", "prediction", "loss_nats", "values"],
        "flow": ["joined", "time_seconds", "record", *TOTALS, *flow.split(), *more_flow.split()],
        "bad": ["id", "record", "time_seconds", "origin", "field", "value", "reason", "remedy", "text"],
    }


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("share", ShareRow),
        ("topology", TopologyRow),
        ("evidence", EvidenceRow),
        ("worth", WorthRow),
        ("feature", FeatureRow),
        ("leaf_feature", LeafFeatureRow),
        ("sample", SampleRow),
        ("flow", FlowRow),
        ("bad", BadRow),
    ],
)
def test_a_row_has_the_columns_of_its_table(columns: dict[str, list[str]], table: str, row: Any) -> None:
    own = [name for name in columns[table] if name not in ("joined", "id")]
    assert sorted(own) == sorted(field.name for field in fields(row))
