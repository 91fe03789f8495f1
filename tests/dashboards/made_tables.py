"""Rows of the tables that hold flow, bad messages, features and samples, from formulas."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from monitor.journal.schema import BadRow, FeatureRow, FlowRow, LeafFeatureRow, Rows, SampleRow
from monitor.journal.writer import JournalWriter, Stamp

FEATURES = ("age", "load", "district=north", "district=south", "speed")
PERIOD = 2_000
SAMPLES = 40


def flow(record: int, time_seconds: float, halted: str = "", labels: int = 0) -> FlowRow:
    """A balance that adds up: a tenth waits, one of a hundred is a duplicate."""
    pending, duplicates, rejected = record // 10, record // 100, record // 200
    return FlowRow(
        time_seconds=time_seconds,
        record=record,
        received=record + pending + duplicates,
        learned=record - rejected,
        held_back=0,
        pending=pending,
        expired=0,
        rejected=rejected,
        duplicates=duplicates,
        labels_received=labels,
        labels_joined=labels,
        labels_waiting=0,
        labels_duplicate=0,
        labels_corrected=0,
        labels_unmatched=0,
        labels_rejected=0,
        label_delay_seconds=3.5 if labels else None,
        dead_lettered=record // 4_000,
        skipped=0,
        lag_records=120,
        records_per_second=2_000.0,
        latency_p50_seconds=0.0004,
        latency_p99_seconds=0.0021,
        memory_bytes=180_000_000,
        checkpoint_seconds=time_seconds - 7.0,
        checkpoint_bytes=2_900_000,
        halted=halted,
    )


def bad(record: int, time_seconds: float) -> BadRow:
    """A message with a word where a number belongs."""
    return BadRow(
        record=record,
        time_seconds=time_seconds,
        origin=f"payments/3@{record}",
        field="age",
        value="'old'",
        reason="is no number",
        remedy="send a number, or null where it is missing",
        text='{"age": "old", "load": 1.5}',
    )


def add(path: Path, rows: Rows, flows: Sequence[FlowRow] = ()) -> None:
    """Append rows to a journal."""
    with closing(sqlite3.connect(path)) as connection:
        meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    writer = JournalWriter(path, {"interval_records": meta["interval_records"]})
    writer.write(rows, Stamp(float(meta["updated_seconds"]), 2_000.0, 180_000_000))
    for row in flows:
        writer.write_flow(row)
    newest = max([float(meta["updated_seconds"]), *(row.time_seconds for row in flows)])
    writer.set_meta({"updated_seconds": repr(newest)})
    writer.close()


def profile(records: int, change: int, leaves: int) -> Rows:
    """Features whose load jumps by two deviations at ``change``, leaves around a circle, samples of both."""
    random = np.random.default_rng(3)
    features: list[FeatureRow] = []
    leaf_features: list[LeafFeatureRow] = []
    samples: list[SampleRow] = []
    for end in range(PERIOD, records + 1, PERIOD):
        load = 2.0 if end - PERIOD >= change else 0.0
        means = (40.0, load, 0.5, 0.5, 30.0)
        deviations = (10.0, 1.0, 0.5, 0.5, 5.0)
        features += [
            FeatureRow(end, end - PERIOD, name, 0.9 if name == "age" else 1.0, m, d, m - 3 * d, m + 3 * d)
            for name, m, d in zip(FEATURES, means, deviations, strict=True)
        ]
        centres = [_centre(leaf, leaves, load) for leaf in range(leaves)]
        leaf_features += [
            LeafFeatureRow(end, leaf, name, value, 1.0)
            for leaf, centre in enumerate(centres)
            for name, value in zip(FEATURES, centre, strict=True)
        ]
        for number in range(SAMPLES):
            leaf = number % leaves
            record = end - PERIOD + number * PERIOD // SAMPLES
            place = np.array(centres[leaf]) + random.standard_normal(5) * (3.0, 0.3, 0.0, 0.0, 2.0)
            values = {name: float(value) for name, value in zip(FEATURES, place, strict=True)}
            told: dict[str, float | None] = {**values, "age": None if number == 7 else values["age"]}
            label = "late" if leaf % 2 else "on time"
            samples.append(SampleRow(record, leaf, label, "late", 0.2 + 0.1 * leaf, json.dumps(told)))
    return Rows(features=tuple(features), leaf_features=tuple(leaf_features), samples=tuple(samples))


def _centre(leaf: int, leaves: int, load: float) -> tuple[float, ...]:
    angle = 2.0 * np.pi * leaf / leaves
    north = float(leaf % 2)
    return (40.0 + 20.0 * np.cos(angle), load + 2.0 * np.sin(angle), north, 1.0 - north, 30.0 + 3.0 * leaf)
