"""The folder of a run on a made stream: facts by formula, journal and audit by their own writers."""

from __future__ import annotations

from pathlib import Path

from monitor.audit_log import AuditLog
from monitor.journal.fold import JournalFold
from monitor.journal.writer import JournalWriter, Stamp
from tests.monitor.journal.made_control import SETTINGS
from tests.monitor.journal.made_facts import RECORDS, TOPOLOGY, facts_between

META = {"task": "classification", "metric": "accuracy", "interval_records": "250", "window_intervals": "4"}


def write(folder: Path) -> Path:
    """One promotion and one false warning, see ``made_control`` -> the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = facts_between(0, RECORDS)
    writer = JournalWriter(folder / "journal.sqlite", META)
    fold = JournalFold(True, TOPOLOGY)
    writer.write(fold.add(facts, RECORDS), Stamp(1_000.0, 2_000.0, 5_000_000))
    writer.write(fold.finish(), Stamp(1_001.0, 2_000.0, 5_000_000))
    writer.close()
    with AuditLog(folder / "audit.jsonl", None) as log:
        log.begin(SETTINGS)
        log.add(facts)
    return folder
