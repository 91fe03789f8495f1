"""The metrics, as a scraper sees them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.metrics import Process, StatusCollector
from monitor.status import Halt, Status, StatusBoard
from monitor.targets import Task
from stream_hmoe.events import Account, Phase
from tests.monitor.metrics.made_status import ACCOUNT, board_of, full_status, scrape, scrape_of

COUNTS = st.integers(0, 1_000_000)
PARTS = ("learned", "held_back", "pending", "expired", "rejected", "duplicates")
LABEL_PARTS = (
    "labels_joined", "labels_waiting", "labels_duplicate", "labels_corrected", "labels_unmatched",
    "labels_rejected",
)  # fmt: skip


def test_records_and_labels_by_outcome() -> None:
    found = scrape_of(full_status())
    assert found["hmoe_events_total", "learned"] == 800
    assert found["hmoe_events_total", "duplicate"] == 40
    assert found["hmoe_pending_labels",] == 100
    assert found["hmoe_labels_total", "corrected"] == 20
    assert found["hmoe_labels_waiting",] == 5
    assert found["hmoe_dlq_records_total", "not JSON"] == 7
    assert found["hmoe_consumer_lag_records", "payments/1"] == 30
    assert found["hmoe_skipped_records_total",] == 4


@given(parts=st.lists(COUNTS, min_size=6, max_size=6), labels=st.lists(COUNTS, min_size=6, max_size=6))
def test_the_account_adds_up(parts: list[int], labels: list[int]) -> None:
    account = Account(
        **dict(zip(PARTS, parts, strict=True)), **dict(zip(LABEL_PARTS, labels, strict=True)),
        received=sum(parts), labels_received=sum(labels),
    )  # fmt: skip
    board = board_of(replace(full_status(), account=account), Status(Task.CLASSIFICATION, account=ACCOUNT))
    sums: dict[str, float] = {}
    for family in StatusCollector([board], Process()).collect():
        for sample in family.samples:
            sums[sample.name] = sums.get(sample.name, 0.0) + sample.value
    assert sums["hmoe_account_records"] == sums["hmoe_account_received_records"] == account.received
    waiting = account.pending - ACCOUNT.pending
    assert sums["hmoe_events_total"] + waiting == sums["hmoe_events_received_total"]


def test_durations_are_classic_histograms() -> None:
    found = scrape_of(full_status())
    assert found["hmoe_event_duration_seconds_bucket", "0.0005"] == 1
    assert found["hmoe_event_duration_seconds_bucket", "0.0025"] == 3
    assert found["hmoe_event_duration_seconds_bucket", "10.0"] == 3
    assert found["hmoe_event_duration_seconds_bucket", "+Inf"] == 4
    assert found["hmoe_event_duration_seconds_count",] == 4
    assert found["hmoe_event_duration_seconds_sum",] == pytest.approx(20.0044)
    assert found["hmoe_label_delay_seconds_bucket", "60.0"] == 1
    assert found["hmoe_end_to_end_latency_seconds_bucket", "10.0"] == 2
    assert found["hmoe_end_to_end_latency_seconds_count",] == 3


def test_quality() -> None:
    found = scrape_of(full_status())
    assert found["hmoe_loss", "fast"] == 0.5
    assert found["hmoe_loss", "slow"] == 0.4
    assert found["hmoe_metric", "accuracy"] == 0.8
    assert found["hmoe_errors_avoided",] == pytest.approx(50.0)
    assert scrape_of(full_status(task=Task.REGRESSION))["hmoe_metric", "absolute_error"] == 0.8


def test_evidence_levels_and_drifts_of_every_signal() -> None:
    found = scrape_of(full_status())
    assert found["hmoe_drift_score", "gate shares"] == 4.5
    assert found["hmoe_drift_threshold", "gate shares"] == 9.2
    assert found["hmoe_drift_level", "gate entropy"] == 2
    assert found["hmoe_drift_detections_total", "gate entropy"] == 3
    assert found["hmoe_drift_detections_total", "loss given gate"] == 0


def test_the_controller_tells_its_phase_and_what_it_did() -> None:
    found = scrape_of(full_status())
    phases = {key[1]: value for key, value in found.items() if key[0] == "hmoe_controller_phase"}
    assert set(phases) == {phase.value for phase in Phase}
    assert [phase for phase, value in phases.items() if value == 1] == ["shadow"]
    assert found["hmoe_challenges_total",] == 2
    assert found["hmoe_adaptations_total", "challenge", "dropped"] == 1
    assert found["hmoe_adaptations_total", "challenge", "promoted"] == 0
    assert found["hmoe_adaptation_in_progress",] == 1
    assert found["hmoe_challenger_records_total",] == 640
    assert found["hmoe_challenger_advantage", "retrain"] == 0.02


def test_without_a_controller_there_are_no_series_of_it() -> None:
    names = {key[0] for key in scrape_of(replace(full_status(), phase=None, evidence=()))}
    assert not {name for name in names if "controller" in name or "score" in name or "adaptation" in name}


@pytest.mark.parametrize(("halted", "halt", "reasons"), [
    ("", None, []),
    ("too many bad messages", Halt.DEAD_LETTERS, ["dead letters"]),
    ("who knows", None, ["other"]),
])  # fmt: skip
def test_a_halt_is_told_by_its_kind_only(halted: str, halt: Halt | None, reasons: list[str]) -> None:
    found = scrape_of(replace(full_status(), halted=halted, halt=halt, is_frozen=True))
    told = {key[1]: value for key, value in found.items() if key[0] == "hmoe_stream_halted"}
    assert set(told) == {kind.value for kind in Halt}
    assert [reason for reason, value in told.items() if value] == reasons
    assert found["hmoe_frozen",] == 1


def test_checkpoints() -> None:
    found = scrape_of(full_status())
    assert found["hmoe_checkpoint_timestamp_seconds",] == 1_699_999_990
    assert found["hmoe_checkpoint_bytes",] == 4_096
    assert found["hmoe_checkpoint_failures_total",] == 1


def test_counters_count_from_where_the_process_took_up_the_stream() -> None:
    later = replace(ACCOUNT, received=1_010, learned=810)
    start = full_status()
    now = replace(
        start,
        account=later,
        drift_counts={"gate entropy": 4},
        decision_counts={"train challengers": 2, "drop the challengers": 2},
        dead_letters={"not JSON": 9},
    )
    found = scrape_of(now, start)
    assert found["hmoe_events_total", "learned"] == 10
    assert found["hmoe_account_records", "learned"] == 810
    assert found["hmoe_drift_detections_total", "gate entropy"] == 1
    assert found["hmoe_challenges_total",] == 0
    assert found["hmoe_adaptations_total", "challenge", "dropped"] == 1
    assert found["hmoe_dlq_records_total", "not JSON"] == 2
    assert found["hmoe_event_duration_seconds_count",] == 0
    assert found["hmoe_checkpoint_failures_total",] == 0
    assert found["hmoe_challenger_records_total",] == 0
    assert not [key for key, value in found.items() if value < 0]


def test_a_stream_that_is_taken_up_again_at_an_earlier_record_counts_from_there() -> None:
    board = board_of(full_status())
    earlier = replace(full_status(), account=replace(ACCOUNT, received=600, learned=400))
    board.begin(earlier)
    assert board.both == (earlier, earlier)
    found = {name: value for (name, _), value in scrape([board]).items()}
    assert found["hmoe_events_received_total"] == 0
    assert found["hmoe_account_received_records"] == 600


def test_every_scrape_sees_the_newest_status_of_every_stream() -> None:
    boards = [StatusBoard(Status(Task.CLASSIFICATION, stream="a"))]
    key = ("hmoe_experts", (("level", "expert"), ("stream", "a")))
    assert key not in scrape(boards)
    boards[0].current = full_status("a")
    boards.append(board_of(full_status("b")))
    found = scrape(boards)
    assert found[key] == 3
    assert found["hmoe_experts", (("level", "group"), ("stream", "b"))] == 2


def test_the_process_tells_version_configuration_and_disk(tmp_path: Path) -> None:
    found = scrape([], Process(state=tmp_path, config_hash="0123abcd"))
    assert found["hmoe_config_hash_info", (("hash", "0123abcd"),)] == 1
    assert found["hmoe_disk_free_bytes", ()] > 0
    assert found["process_open_fds", ()] > 0
    assert [labels for name, labels in found if name == "hmoe_build_info"]
    assert ("hmoe_disk_free_bytes", ()) not in scrape([], Process(state=tmp_path / "gone"))
