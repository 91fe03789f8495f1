-- The tables of journal version 2, as they were.
CREATE TABLE IF NOT EXISTS meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS interval (
    record INTEGER PRIMARY KEY,
    time_seconds REAL NOT NULL,
    records INTEGER NOT NULL,
    scored INTEGER NOT NULL,
    records_per_second REAL NOT NULL,
    loss_nats REAL,
    metric REAL,
    metric_window REAL,
    gate_entropy_nats REAL,
    level INTEGER NOT NULL,
    rejected_total INTEGER NOT NULL,
    num_leaves INTEGER NOT NULL,
    memory_bytes INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS share (
    record INTEGER NOT NULL,
    leaf INTEGER NOT NULL,
    weight REAL NOT NULL,
    loss_nats REAL,
    error REAL,
    PRIMARY KEY (record, leaf)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS topology (
    record INTEGER NOT NULL,
    leaf INTEGER NOT NULL,
    name TEXT NOT NULL,
    group_name TEXT NOT NULL,
    PRIMARY KEY (record, leaf)
) WITHOUT ROWID;
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
CREATE TABLE IF NOT EXISTS evidence (
    record INTEGER NOT NULL,
    signal TEXT NOT NULL,
    evidence_nats REAL,
    threshold_nats REAL,
    level INTEGER NOT NULL,
    PRIMARY KEY (record, signal)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS worth (
    record INTEGER PRIMARY KEY,
    since INTEGER NOT NULL,
    sampled INTEGER NOT NULL,
    losses REAL NOT NULL,
    frozen_losses REAL NOT NULL,
    errors_avoided REAL,
    challenger_records INTEGER NOT NULL
);
