"""The metrics, as a scraper sees them."""

from __future__ import annotations

import re
import socket
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from monitor.journal.schema import IntervalRow
from monitor.metrics import MAX_LABELS, OTHER, MetricsServer
from monitor.problems import TemporaryProblem
from monitor.status import LeafShare, Status, StatusBoard
from monitor.targets import Task
from stream_hmoe.events import Evidence, Level, Phase, Worth

DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"
INTERVAL = IntervalRow(500, 250, 240, 0.4, 0.9, 0.8, 1.1, 2, 10, 3)
SHARES = (
    LeafShare("trees/0", "trees", 0.5),
    LeafShare("trees/1", "trees", 0.25),
    LeafShare("plains/0", "plains", 0.25),
)
NAMES = {
    "hmoe_info",
    "hmoe_records_total",
    "hmoe_rejected_total",
    "hmoe_records_per_second",
    "hmoe_last_record_time_seconds",
    "hmoe_memory_bytes",
    "hmoe_checkpoint_record",
    "hmoe_checkpoint_time_seconds",
    "hmoe_leaves",
    "hmoe_loss_nats",
    "hmoe_gate_entropy_nats",
    "hmoe_error_ratio",
    "hmoe_absolute_error",
    "hmoe_gate_weight",
    "hmoe_group_weight",
    "hmoe_drift_level",
    "hmoe_drifts_total",
    "hmoe_drift_log_evidence_nats",
    "hmoe_drift_threshold_nats",
    "hmoe_controller_phase",
    "hmoe_decisions_total",
    "hmoe_errors_avoided",
    "hmoe_challenger_records_total",
}


def status(task: Task = Task.CLASSIFICATION, shares: tuple[LeafShare, ...] = SHARES) -> Status:
    return Status(
        task=task,
        records=512,
        rejected=10,
        interval=INTERVAL,
        shares=shares,
        levels={"gate entropy": 2},
        drift_counts={"gate entropy": 3},
        evidence=(Evidence("gate weights", 4.5, 9.2, Level.STABLE),),
        phase=Phase.SHADOW,
        decision_counts={"train challengers": 2},
        worth=Worth(512, 12, 100, 20.0, 30.0, 640),
    )


def read(address: str) -> str:
    with urllib.request.urlopen(address) as answer:  # noqa: S310  our own server's address
        return str(answer.read().decode())


def scrape(board: StatusBoard) -> dict[tuple[str, str], float]:
    """Name and label value -> value, over HTTP."""
    with MetricsServer(board, "127.0.0.1", 0) as server:
        text = read(server.address)
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_names_are_frozen() -> None:
    found = {name for task in Task for name, _ in scrape(StatusBoard(status(task)))}
    assert found == NAMES


def test_the_documentation_lists_every_metric_and_no_other() -> None:
    assert set(re.findall(r"^\| `(hmoe_\w+)`", DOCS.read_text(encoding="utf-8"), re.MULTILINE)) == NAMES


def test_values_are_those_of_the_status() -> None:
    found = scrape(StatusBoard(status()))
    assert found["hmoe_records_total", ""] == 512
    assert found["hmoe_rejected_total", ""] == 10
    assert found["hmoe_error_ratio", ""] == pytest.approx(0.2)
    assert found["hmoe_loss_nats", ""] == 0.4
    assert found["hmoe_gate_weight", "trees/1"] == 0.25
    assert found["hmoe_group_weight", "trees"] == 0.75
    assert found["hmoe_drift_level", "gate entropy"] == 2
    assert found["hmoe_drifts_total", "gate entropy"] == 3
    assert scrape(StatusBoard(status(Task.REGRESSION)))["hmoe_absolute_error", ""] == 0.8


def test_the_controller_tells_evidence_phase_decisions_and_worth() -> None:
    found = scrape(StatusBoard(status()))
    assert found["hmoe_drift_log_evidence_nats", "gate weights"] == 4.5
    assert found["hmoe_drift_threshold_nats", "gate weights"] == 9.2
    phases = {label: value for (name, label), value in found.items() if name == "hmoe_controller_phase"}
    assert set(phases) == {phase.value for phase in Phase}
    assert [phase for phase, value in phases.items() if value == 1] == ["shadow"]
    assert found["hmoe_decisions_total", "train challengers"] == 2
    assert found["hmoe_decisions_total", "promote the challenger"] == 0
    assert found["hmoe_errors_avoided", ""] == pytest.approx(50.0)
    assert found["hmoe_challenger_records_total", ""] == 640


def test_without_a_controller_there_are_no_series_of_it() -> None:
    names = {name for name, _ in scrape(StatusBoard(replace(status(), phase=None)))}
    assert not {name for name in names if "controller" in name or "evidence" in name or "decisions" in name}


def test_every_scrape_sees_the_newest_status() -> None:
    board = StatusBoard(Status(Task.CLASSIFICATION))
    with MetricsServer(board, "127.0.0.1", 0) as server:
        before = read(server.address)
        board.current = status()
        after = read(server.address)
    assert "hmoe_records_total 0.0" in before
    assert "hmoe_loss_nats" not in before
    assert "hmoe_records_total 512.0" in after


def test_leaves_that_are_gone_leave_no_series() -> None:
    board = StatusBoard(status())
    assert ("hmoe_gate_weight", "trees/1") in scrape(board)
    board.current = status(shares=SHARES[:1])
    assert ("hmoe_gate_weight", "trees/1") not in scrape(board)


def test_the_number_of_series_is_bounded_and_no_weight_is_lost() -> None:
    many = tuple(LeafShare(f"trees/{n}", f"group {n}", 1 / 1_024) for n in range(1_024))
    found = scrape(StatusBoard(status(shares=many)))
    weights = {label: value for (name, label), value in found.items() if name == "hmoe_gate_weight"}
    assert len(weights) == MAX_LABELS
    assert sum(weights.values()) == pytest.approx(1)
    assert weights[OTHER] > 0.5


def test_a_taken_port_is_named_with_the_option_to_change_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(TemporaryProblem, match=rf"port {port} on 127\.0\.0\.1 is in use.*--metrics-port"):
            MetricsServer(StatusBoard(status()), "127.0.0.1", port)


def test_the_port_is_free_again_after_closing() -> None:
    with MetricsServer(StatusBoard(status()), "127.0.0.1", 0) as server:
        port = int(server.address.split(":")[2].split("/")[0])
    with MetricsServer(StatusBoard(status()), "127.0.0.1", port):
        pass
