"""Metrics for Prometheus, computed from the current status at every scrape; docs/metrics.md lists them."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Self

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from monitor.journal.control import errors_avoided
from monitor.problems import TemporaryProblem
from monitor.status import Status, StatusBoard
from monitor.targets import Task
from monitor.version import version
from stream_hmoe.events import Action, Phase

__all__ = ["MAX_LABELS", "MetricsServer", "StatusCollector"]

MAX_LABELS = 256
OTHER = "other"
ASKED_FOR = tuple(action for action in Action if action is not Action.NONE)


class StatusCollector(Collector):
    """Turns the status on a board into metric families.

    Args:
        board: holds the status.
    """

    def __init__(self, board: StatusBoard) -> None:
        self._board = board

    def collect(self) -> Iterator[Metric]:
        """All metrics of this moment."""
        status = self._board.current
        info = InfoMetricFamily("hmoe", "Version of the package and what is predicted.")
        info.add_metric([], {"version": version(), "task": status.task.value})
        yield info
        yield CounterMetricFamily("hmoe_records", "Records of the stream read.", status.records)
        yield CounterMetricFamily("hmoe_rejected", "Records rejected, nothing learned.", status.rejected)
        yield _gauge("hmoe_records_per_second", "Throughput over the last second.", status.records_per_second)
        yield _gauge("hmoe_last_record_time_seconds", "Unix time of the last record.", status.time_seconds)
        yield _gauge("hmoe_memory_bytes", "Resident memory of the process.", status.memory_bytes)
        yield _gauge(
            "hmoe_checkpoint_record", "Records covered by the newest checkpoint.", status.checkpoint_record
        )
        yield _gauge(
            "hmoe_checkpoint_time_seconds", "Unix time of the newest checkpoint.", status.checkpoint_seconds
        )
        yield from _interval_metrics(status)
        yield _labelled(
            GaugeMetricFamily(
                "hmoe_gate_weight", "Mean gate weight of a leaf in the last interval.", labels=["leaf"]
            ),
            _bounded((share.leaf, share.weight) for share in status.shares),
        )
        yield _labelled(
            GaugeMetricFamily(
                "hmoe_group_weight", "Mean gate weight of a group in the last interval.", labels=["group"]
            ),
            _bounded((share.group, share.weight) for share in status.shares),
        )
        yield _labelled(
            GaugeMetricFamily(
                "hmoe_drift_level", "0 stable, 1 warning, 2 drift, by watched signal.", labels=["signal"]
            ),
            dict(list(status.levels.items())[:MAX_LABELS]),
        )
        yield _labelled(
            CounterMetricFamily("hmoe_drifts", "Drifts seen, by watched signal.", labels=["signal"]),
            dict(list(status.drift_counts.items())[:MAX_LABELS]),
        )
        yield from _control_metrics(status)


class MetricsServer:
    """Serves the metrics of a board over HTTP until closed.

    Args:
        board: holds the status.
        host: address to listen on.
        port: 0 takes any free port.

    Raises:
        TemporaryProblem: the port is taken or not allowed.
    """

    def __init__(self, board: StatusBoard, host: str, port: int) -> None:
        registry = CollectorRegistry()
        registry.register(StatusCollector(board))
        try:
            self._server, self._thread = start_http_server(port, host, registry)
        except OSError as error:
            raise _cannot_listen(host, port, error) from error
        self.address = f"http://{host}:{self._server.server_port}/metrics"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _interval_metrics(status: Status) -> Iterator[Metric]:
    interval = status.interval
    if interval is None:
        return
    yield _gauge("hmoe_leaves", "Live leaves (experts) of the model.", interval.num_leaves)
    if interval.loss_nats is not None:
        yield _gauge("hmoe_loss_nats", "Mean loss of the last interval.", interval.loss_nats)
    if interval.gate_entropy_nats is not None:
        yield _gauge(
            "hmoe_gate_entropy_nats", "Mean entropy of the gate weights.", interval.gate_entropy_nats
        )
    if interval.metric_window is None:
        return
    if status.task is Task.CLASSIFICATION:
        yield _gauge(
            "hmoe_error_ratio", "Share of wrong predictions in the window.", 1.0 - interval.metric_window
        )
    else:
        yield _gauge(
            "hmoe_absolute_error", "Mean absolute error in the window, target units.", interval.metric_window
        )


def _control_metrics(status: Status) -> Iterator[Metric]:
    if status.phase is None:
        return
    watched = status.evidence[:MAX_LABELS]
    yield _labelled(
        GaugeMetricFamily(
            "hmoe_drift_log_evidence_nats", "Log-evidence that a signal has changed.", labels=["signal"]
        ),
        {evidence.signal: evidence.evidence_nats for evidence in watched},
    )
    yield _labelled(
        GaugeMetricFamily(
            "hmoe_drift_threshold_nats", "Log-evidence at which a signal raises its alarm.", labels=["signal"]
        ),
        {evidence.signal: evidence.threshold_nats for evidence in watched},
    )
    yield _labelled(
        GaugeMetricFamily("hmoe_controller_phase", "1 for the controller's phase.", labels=["phase"]),
        {phase.value: float(phase is status.phase) for phase in Phase},
    )
    yield _labelled(
        CounterMetricFamily("hmoe_decisions", "What the controller asked for.", labels=["action"]),
        {action.value: status.decision_counts.get(action.value, 0) for action in ASKED_FOR},
    )
    if status.worth is None:
        return
    avoided = errors_avoided(status.worth)
    if avoided is not None:
        yield _gauge(
            "hmoe_errors_avoided", "Errors avoided against a copy that never learned again.", avoided
        )
    yield CounterMetricFamily(
        "hmoe_challenger_records",
        "Records learned by challengers and former champions.",
        status.worth.challenger_records,
    )


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value)


def _labelled(
    family: GaugeMetricFamily | CounterMetricFamily, values: Mapping[str, float]
) -> GaugeMetricFamily | CounterMetricFamily:
    for label, value in values.items():
        family.add_metric([label], value)
    return family


def _bounded(weights: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Sums by name; names beyond the first MAX_LABELS - 1 are summed as one."""
    sums: dict[str, float] = {}
    for name, weight in weights:
        key = name if name in sums or len(sums) < MAX_LABELS - 1 else OTHER
        sums[key] = sums.get(key, 0.0) + weight
    return sums


def _cannot_listen(host: str, port: int, error: OSError) -> TemporaryProblem:
    reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be opened ({error.strerror})"
    remedy = "choose another with --metrics-port, 0 for any free one, or switch metrics off with --no-metrics"
    return TemporaryProblem(f"port {port} on {host} {reason}; {remedy}")
