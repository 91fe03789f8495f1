"""How good the predictions are, now and against the longer past."""

from __future__ import annotations

from monitor.journal.control import errors_avoided
from monitor.metrics.families import Families
from monitor.status import Status
from monitor.targets import Task

__all__ = ["collect_quality"]

METRIC_NAMES = {Task.CLASSIFICATION: "accuracy", Task.REGRESSION: "absolute_error"}


def collect_quality(status: Status, families: Families) -> None:
    """Add losses, the metric of the window, and what learning was worth."""
    stream = status.stream
    for window, loss in (("fast", status.loss_fast_nats), ("slow", status.loss_slow_nats)):
        if loss is not None:
            families.add("hmoe_loss", loss, stream=stream, window=window)
    if status.interval is not None and status.interval.metric_window is not None:
        name = METRIC_NAMES[status.task]
        families.add("hmoe_metric", status.interval.metric_window, stream=stream, name=name)
    avoided = None if status.worth is None else errors_avoided(status.worth)
    if avoided is not None:
        families.add("hmoe_errors_avoided", avoided, stream=stream)
