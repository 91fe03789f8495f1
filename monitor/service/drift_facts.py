"""The newest drifts of a stream, as its journal tells them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from monitor.journal.opening import open_for_reading
from monitor.journal.schema import EventKind, JournalError, JournalMissing
from monitor.problems import TemporaryProblem
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

    Raises:
        TemporaryProblem: the journal cannot be read.
    """
    try:
        connection = open_for_reading(journal)
    except JournalMissing:
        return ()
    except JournalError as error:
        raise TemporaryProblem(str(error)) from error
    with closing(connection):
        rows = connection.execute(QUERY, (EventKind.DRIFT.value, after_record, limit)).fetchall()
    return [
        Drifted(record, signal, Level(level), 0.0 if statistic is None else statistic, json.loads(detail))
        for record, signal, level, statistic, detail in reversed(rows)
    ]
