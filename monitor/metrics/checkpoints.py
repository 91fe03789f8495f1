"""How much of the work is safe."""

from __future__ import annotations

from monitor.metrics.families import Families
from monitor.status import Status

__all__ = ["collect_checkpoints"]


def collect_checkpoints(status: Status, start: Status, families: Families) -> None:
    """Add the newest checkpoint; failures count from ``start``."""
    values = {
        "timestamp_seconds": status.checkpoint_seconds,
        "records": status.checkpoint_record,
        "duration_seconds": status.checkpoint_duration_seconds,
        "bytes": status.checkpoint_bytes,
        "failures_total": status.checkpoint_failures - start.checkpoint_failures,
    }
    for name, value in values.items():
        families.add(f"hmoe_checkpoint_{name}", value, stream=status.stream)
