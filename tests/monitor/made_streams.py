"""Streams for whole runs: a formula, a seed, and a change in the middle."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import numpy as np


def drifting(num_records: int, is_regression: bool = False, seed: int = 3) -> list[dict[str, Any]]:
    """Records with numbers, a category and gaps; what makes the label changes half-way."""
    random = np.random.default_rng(seed)
    records = []
    for number in range(num_records):
        x, y = (float(value) for value in random.normal(size=2).round(4))
        colour = ("red", "green", "blue")[int(random.integers(3))]
        sign = 1.0 if number < num_records / 2 else -1.0
        value = sign * (x + (y if colour == "red" else -y)) + float(random.normal(scale=0.1))
        label: Any = round(value, 4) if is_regression else ("up" if value > 0 else "down")
        records.append({"x": x, "y": y if number % 50 else None, "colour": colour, "label": label})
    return records


def csv_bytes(records: list[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().encode()


def json_lines(records: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def write_csv(path: Path, records: list[dict[str, Any]]) -> Path:
    data = csv_bytes(records)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path
