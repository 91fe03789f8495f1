"""The results of a comparison: a JSON file beside the journal, each list of flat objects in it one table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

__all__ = ["NAME", "ComparisonDamaged", "read_comparison"]

NAME = "compare.json"
MOST_BYTES = 10_000_000


class ComparisonDamaged(ValueError):
    """The file is there and cannot be used."""


def read_comparison(path: Path) -> Mapping[str, pd.DataFrame]:
    """The tables of a comparison by title; empty when there is no file.

    Raises:
        ComparisonDamaged: the file cannot be read, or holds no table.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ComparisonDamaged(f"{path} is larger than {MOST_BYTES:,} bytes")
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ComparisonDamaged(f"{path} cannot be read: {error}") from error
    parts = content.items() if isinstance(content, dict) else [("results", content)]
    tables = {
        str(title).replace("_", " ").capitalize(): pd.DataFrame(rows)
        for title, rows in parts
        if isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows)
    }
    if not tables:
        raise ComparisonDamaged(f"{path} holds no list of results")
    return tables
