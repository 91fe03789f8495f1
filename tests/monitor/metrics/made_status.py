"""A status in which everything that metrics tell has a value, and a scrape of it."""

from __future__ import annotations

import urllib.request
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from monitor.durations import END_TO_END_EDGES_SECONDS, EVENT_EDGES_SECONDS, LABEL_EDGES_SECONDS, Durations
from monitor.journal.schema import IntervalRow
from monitor.metrics import MetricsServer, Process, registry_of
from monitor.status import LeafShare, Status, StatusBoard
from monitor.targets import Task
from stream_hmoe.events import Account, Evidence, Level, Phase, Worth

Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]

SHARES = (
    LeafShare("trees/0", "trees", 0.5),
    LeafShare("trees/1", "trees", 0.25),
    LeafShare("plains/0", "plains", 0.25),
)
ACCOUNT = Account(
    received=1_000,
    learned=800,
    held_back=20,
    pending=100,
    expired=30,
    rejected=10,
    duplicates=40,
    labels_received=900,
    labels_joined=820,
    labels_waiting=5,
    labels_duplicate=40,
    labels_corrected=20,
    labels_unmatched=10,
    labels_rejected=5,
)


def full_status(stream: str = "payments", task: Task = Task.CLASSIFICATION) -> Status:
    return Status(
        task=task,
        stream=stream,
        records=900,
        rejected=10,
        time_seconds=1_700_000_000.0,
        interval=IntervalRow(750, 250, 240, 0.4, 0.9, 0.8, 1.1, 2, 10, 3),
        shares=SHARES,
        levels={"gate entropy": 2},
        drift_counts={"gate entropy": 3},
        evidence=(
            Evidence("gate shares", 4.5, 9.2, Level.STABLE),
            Evidence("loss given gate", 1.5, 9.2, Level.STABLE),
        ),
        phase=Phase.SHADOW,
        decision_counts={"train challengers": 2, "drop the challengers": 1},
        worth=Worth(512, 12, 100, 20.0, 30.0, 640),
        account=ACCOUNT,
        dead_letters={"not JSON": 7},
        lag_records={"payments/0": 12, "payments/1": 30},
        skipped=4,
        checkpoint_record=800,
        checkpoint_seconds=1_699_999_990.0,
        checkpoint_failures=1,
        checkpoint_duration_seconds=0.2,
        checkpoint_bytes=4_096,
        event_latency=Durations.none(EVENT_EDGES_SECONDS).and_also([0.0004, 0.002, 0.002, 20.0]),
        end_to_end=Durations.none(END_TO_END_EDGES_SECONDS).and_also([0.3, 7.0, 100_000.0]),
        label_delay=Durations.none(LABEL_EDGES_SECONDS).and_also([45.0, 90.0]),
        loss_fast_nats=0.5,
        loss_slow_nats=0.4,
        advantages={"retrain": 0.02},
    )


def board_of(status: Status, start: Status | None = None) -> StatusBoard:
    """A board that began with ``start``, or with nothing, and shows a status now."""
    board = StatusBoard(start or Status(status.task, stream=status.stream))
    board.current = status
    return board


def read(address: str) -> str:
    with urllib.request.urlopen(address) as answer:  # noqa: S310  our own server's address
        return str(answer.read().decode())


def scrape(boards: Collection[StatusBoard], process: Process | None = None) -> Series:
    """(name, ((label, value), ...) in order of the labels) -> value, over HTTP."""
    with MetricsServer(registry_of(boards, process), "127.0.0.1", 0) as server:
        text = read(server.address)
    return {
        (sample.name, tuple(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scrape_of(status: Status, start: Status | None = None) -> dict[tuple[str, ...], float]:
    """(name, values of the labels but stream, in order of the labels) -> value."""
    return {
        (name, *(value for label, value in labels if label != "stream")): found
        for (name, labels), found in scrape([board_of(status, start)]).items()
    }


def everything(state: Path) -> Series:
    """A scrape in which every metric of the catalogue has a sample."""
    boards = [
        board_of(full_status("payments")),
        board_of(replace(full_status("prices", Task.REGRESSION), halted="disk full")),
    ]
    return scrape(boards, Process(state=state, config_hash="0123abcd"))
