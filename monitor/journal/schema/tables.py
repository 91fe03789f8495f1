"""The tables of the journal; a change of columns raises SCHEMA_VERSION and adds a step to ``migration``."""

from __future__ import annotations

__all__ = ["CREATE_TABLES", "JOINED", "MAX_BAD", "SCHEMA_VERSION"]

SCHEMA_VERSION = 3

# How many intervals one row stands for. Rows of ten, a hundred and a thousand joined intervals are written as
# soon as the last of them closes, so that old rows can be deleted and long windows read few rows.
JOINED = (1, 10, 100, 1_000)
MAX_BAD = 500

# meta holds, as text: schema_version, run_name, task (classification, regression), metric (accuracy, absolute
# error), target, source, interval_records, window_intervals, status (running, stopped, finished),
# product_version, started_seconds, updated_seconds (Unix time), input (JSON: how to open it again) and, when
# served, metrics_address.
# interval.record counts the records read when the interval closed (250, 500, ...); the last one of a stream
# may be shorter. event.record is the 0-based number of the record at which the event happened.
# A decision takes effect before the record of its event.
# leaf is a number that a leaf name keeps for the whole run, also after its expert is gone.
# evidence and worth carry the record of their interval; feature, leaf_feature and sample that of their
# period. joined is how many intervals (of flow: seconds) a row stands for, see JOINED; record is that of the
# last one.
# Version 2 added evidence, worth and the kind "decision". Version 3 added joined, interval.predicted, flow,
# bad, feature, leaf_feature and sample.
CREATE_TABLES = """
CREATE TABLE IF NOT EXISTS meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS interval (
    joined INTEGER NOT NULL,
    record INTEGER NOT NULL,
    time_seconds REAL NOT NULL,
    records INTEGER NOT NULL,
    scored INTEGER NOT NULL,
    predicted INTEGER NOT NULL,
    records_per_second REAL NOT NULL,
    loss_nats REAL,
    metric REAL,
    metric_window REAL,
    gate_entropy_nats REAL,
    level INTEGER NOT NULL,
    rejected_total INTEGER NOT NULL,
    num_leaves INTEGER NOT NULL,
    memory_bytes INTEGER NOT NULL,
    PRIMARY KEY (joined, record)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS share (
    joined INTEGER NOT NULL,
    record INTEGER NOT NULL,
    leaf INTEGER NOT NULL,
    weight REAL NOT NULL,
    loss_nats REAL,
    error REAL,
    PRIMARY KEY (joined, record, leaf)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS topology (
    record INTEGER NOT NULL,
    leaf INTEGER NOT NULL,
    name TEXT NOT NULL,
    group_name TEXT NOT NULL,
    PRIMARY KEY (record, leaf)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS topology_by_leaf ON topology (leaf, record);
CREATE TABLE IF NOT EXISTS event (
    id INTEGER PRIMARY KEY,
    record INTEGER NOT NULL,
    time_seconds REAL NOT NULL,
    kind TEXT NOT NULL,
    signal TEXT NOT NULL,
    level INTEGER NOT NULL,
    statistic REAL,
    message TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS event_by_record ON event (record);
CREATE INDEX IF NOT EXISTS event_by_kind ON event (kind, id);
CREATE TABLE IF NOT EXISTS evidence (
    joined INTEGER NOT NULL,
    record INTEGER NOT NULL,
    signal TEXT NOT NULL,
    evidence_nats REAL,
    threshold_nats REAL,
    level INTEGER NOT NULL,
    PRIMARY KEY (joined, record, signal)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS worth (
    joined INTEGER NOT NULL,
    record INTEGER NOT NULL,
    since INTEGER NOT NULL,
    sampled INTEGER NOT NULL,
    losses REAL NOT NULL,
    frozen_losses REAL NOT NULL,
    errors_avoided REAL,
    challenger_records INTEGER NOT NULL,
    PRIMARY KEY (joined, record)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS feature (
    joined INTEGER NOT NULL,
    record INTEGER NOT NULL,
    feature TEXT NOT NULL,
    since INTEGER NOT NULL,
    present_ratio REAL NOT NULL,
    mean REAL,
    deviation REAL,
    least REAL,
    most REAL,
    PRIMARY KEY (joined, record, feature)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS leaf_feature (
    joined INTEGER NOT NULL,
    record INTEGER NOT NULL,
    leaf INTEGER NOT NULL,
    feature TEXT NOT NULL,
    mean REAL,
    deviation REAL,
    PRIMARY KEY (joined, record, leaf, feature)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sample (
    joined INTEGER NOT NULL,
    record INTEGER NOT NULL,
    leaf INTEGER NOT NULL,
    target TEXT NOT NULL,
    prediction TEXT NOT NULL,
    loss_nats REAL NOT NULL,
    "values" TEXT NOT NULL,
    PRIMARY KEY (joined, record)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS flow (
    joined INTEGER NOT NULL,
    time_seconds REAL NOT NULL,
    record INTEGER NOT NULL,
    received INTEGER NOT NULL,
    learned INTEGER NOT NULL,
    held_back INTEGER NOT NULL,
    pending INTEGER NOT NULL,
    expired INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    duplicates INTEGER NOT NULL,
    labels_received INTEGER NOT NULL,
    labels_joined INTEGER NOT NULL,
    labels_waiting INTEGER NOT NULL,
    labels_duplicate INTEGER NOT NULL,
    labels_corrected INTEGER NOT NULL,
    labels_unmatched INTEGER NOT NULL,
    labels_rejected INTEGER NOT NULL,
    label_delay_seconds REAL,
    dead_lettered INTEGER NOT NULL,
    skipped INTEGER NOT NULL,
    lag_records INTEGER,
    records_per_second REAL NOT NULL,
    latency_p50_seconds REAL,
    latency_p99_seconds REAL,
    memory_bytes INTEGER NOT NULL,
    checkpoint_seconds REAL NOT NULL,
    checkpoint_bytes INTEGER NOT NULL,
    halted TEXT NOT NULL,
    PRIMARY KEY (joined, time_seconds)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bad (
    id INTEGER PRIMARY KEY,
    record INTEGER NOT NULL,
    time_seconds REAL NOT NULL,
    origin TEXT NOT NULL,
    field TEXT NOT NULL,
    value TEXT NOT NULL,
    reason TEXT NOT NULL,
    remedy TEXT NOT NULL,
    text TEXT NOT NULL
);
"""
