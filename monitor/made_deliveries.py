"""Made-up deliveries as messages: each at its time, and its label some time later, as in real life."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator
from itertools import count, islice
from typing import Any, NamedTuple

import numpy as np

from monitor.sources.messages import Channel
from stream_hmoe.streams import DriftStream

__all__ = ["TARGET", "MadeMessage", "made_messages"]

TARGET = "delivery"
CHUNK = 4_096
DELAYS = 1  # what else is drawn from the seed of the stream has another number


class MadeMessage(NamedTuple):
    """A message and when it is due.

    Args:
        due_seconds: when, after the start.
        channel: a record, or a label.
        key: joins both.
        record: number of the record.
        body: JSON.
    """

    due_seconds: float
    channel: Channel
    key: str
    record: int
    body: bytes


def made_messages(
    stream: DriftStream,
    start_seconds: float,
    records_per_second: float,
    label_delay_seconds: float,
    label_ratio: float = 1.0,
    records: int | None = None,
) -> Iterator[MadeMessage]:
    """The records of a stream from its position on, and their labels, in the order in which they are due.

    Equal arguments give equal messages. A delay is drawn evenly between half and one and a half times the
    mean, so that labels overtake each other. What is still due when the records end comes at the end.

    Args:
        stream: the records, without end.
        start_seconds: Unix time of the start: it goes into keys and times, so that two starts do not mix.
        records_per_second: how many are due in a second.
        label_delay_seconds: mean time from a record to its label; 0 puts the label into the record.
        label_ratio: share of the records that ever get a label, where labels come later.
        records: how many; None for no end.
    """
    waiting: list[tuple[float, int, str]] = []
    delays = _delays(stream.seed, label_delay_seconds, label_ratio)
    for number, (features, label, _), delay in zip(count(), islice(stream, records), delays, strict=False):
        due = number / records_per_second
        while waiting and waiting[0][0] <= due:
            yield _label(*heapq.heappop(waiting), start_seconds)
        values: dict[str, Any] = dict(features)
        if label_delay_seconds == 0.0:
            values[TARGET] = label
        elif delay is not None:
            heapq.heappush(waiting, (due + delay, number, label))
        yield _message(due, Channel.EVENTS, number, start_seconds, values)
    while waiting:
        yield _label(*heapq.heappop(waiting), start_seconds)


def _delays(seed: int, mean_seconds: float, ratio: float) -> Iterator[float | None]:
    """The delay of every label; None for one that never comes."""
    for chunk in count():
        rng = np.random.default_rng([seed, DELAYS, chunk])
        delays = (mean_seconds * rng.uniform(0.5, 1.5, CHUNK)).tolist()
        comes = (rng.uniform(size=CHUNK) < ratio).tolist()
        yield from (delay if is_coming else None for delay, is_coming in zip(delays, comes, strict=True))


def _label(due_seconds: float, number: int, label: str, start_seconds: float) -> MadeMessage:
    return _message(due_seconds, Channel.LABELS, number, start_seconds, {TARGET: label})


def _message(
    due_seconds: float, channel: Channel, number: int, start_seconds: float, values: dict[str, Any]
) -> MadeMessage:
    key = f"{start_seconds:.0f}-{number}"
    body = {"id": key, "time": round(start_seconds + due_seconds, 6), **values}
    return MadeMessage(due_seconds, channel, key, number, json.dumps(body).encode())
