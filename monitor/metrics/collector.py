"""Statuses become metric families, anew at every scrape, so that what is gone leaves no series."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from monitor.metrics.checkpoints import collect_checkpoints
from monitor.metrics.drift import collect_control, collect_drift, collect_state
from monitor.metrics.families import Families
from monitor.metrics.flow import collect_flow
from monitor.metrics.gates import collect_gates
from monitor.metrics.process import Process, collect_process
from monitor.metrics.quality import collect_quality
from monitor.status import StatusBoard

__all__ = ["StatusCollector", "registry_of"]


class StatusCollector(Collector):
    """Turns the statuses on some boards into metric families.

    Counters count from the status that a board began with: a process that resumes from a checkpoint, which
    lies a little before what its predecessor had told, begins at 0 like every other.

    Args:
        boards: one a stream, looked at anew at every scrape.
        process: what is the same for all.
    """

    def __init__(self, boards: Collection[StatusBoard], process: Process) -> None:
        self._boards = boards
        self._process = process

    def collect(self) -> Iterator[Metric]:
        """All metrics of this moment."""
        families = Families()
        for board in tuple(self._boards):
            start, status = board.both
            families.add("hmoe_stream_info", 1.0, stream=status.stream, task=status.task.value)
            collect_flow(status, start, families)
            collect_quality(status, families)
            collect_gates(status, families)
            collect_drift(status, start, families)
            collect_control(status, start, families)
            collect_state(status, families)
            collect_checkpoints(status, start, families)
        collect_process(self._process, families)
        yield from families


def registry_of(boards: Collection[StatusBoard], process: Process | None = None) -> CollectorRegistry:
    """Everything that a process exposes: its streams and itself.

    Args:
        boards: one a stream; the owner may add and remove some later.
        process: what is the same for all streams.
    """
    registry = CollectorRegistry()
    registry.register(StatusCollector(boards, process or Process()))
    ProcessCollector(registry=registry)
    return registry
