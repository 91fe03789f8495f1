"""The newest drifts of a stream, as its journal tells them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from monitor.journal.schema import EventKind
from stream_hmoe.events import Drifted, Level

__all__ = ["newest_drifts"]

QUERY = """
SELECT record, signal, level, statistic, detail FROM event
WHERE kind = ? AND record > ? ORDER BY id DESC LIMIT ?
"""


def newest_drifts(journal: Path, after_record: int, limit: int) -> Sequence[Drifted]:
    """The newest changes of level after a record, oldest first; none before the journal exists.

    Args:
        journal: the journal of the stream.
        after_record: only what happened later.
        limit: at most so many.
    """
    if not journal.exists():
        return ()
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as connection:
        rows = connection.execute(QUERY, (EventKind.DRIFT.value, after_record, limit)).fetchall()
    return [
        Drifted(record, signal, Level(level), 0.0 if statistic is None else statistic, json.loads(detail))
        for record, signal, level, statistic, detail in reversed(rows)
    ]
