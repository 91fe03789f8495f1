"""The catalogue, the page and a real scrape say the same."""

from __future__ import annotations

import json
import re
from pathlib import Path

from monitor.metrics import CATALOGUE, Kind, catalogue_page
from tests.monitor.command import inside
from tests.monitor.metrics.made_status import everything

DOCS = Path(__file__).parents[3] / "docs" / "metrics.md"
FROZEN = """
hmoe_account_received_records hmoe_account_records hmoe_adaptation_in_progress hmoe_adaptations_total
hmoe_build_info hmoe_challenger_advantage hmoe_challenger_records_total hmoe_challenges_total
hmoe_checkpoint_bytes hmoe_checkpoint_duration_seconds hmoe_checkpoint_failures_total
hmoe_checkpoint_records hmoe_checkpoint_timestamp_seconds hmoe_config_hash_info hmoe_consumer_lag_records
hmoe_controller_phase hmoe_dead_experts hmoe_disk_free_bytes hmoe_dlq_records_total
hmoe_drift_detections_total hmoe_drift_level hmoe_drift_score hmoe_drift_threshold
hmoe_end_to_end_latency_seconds hmoe_errors_avoided hmoe_event_duration_seconds hmoe_events_received_total
hmoe_events_total hmoe_experts hmoe_frozen hmoe_gate_assignment_ratio hmoe_gate_entropy_nats
hmoe_gate_entropy_ratio hmoe_label_delay_seconds hmoe_labels_received_total hmoe_labels_total
hmoe_labels_waiting hmoe_last_event_timestamp_seconds hmoe_loss hmoe_metric hmoe_pending_labels
hmoe_skipped_records_total hmoe_stream_halted hmoe_stream_info process_cpu_seconds_total process_max_fds
process_open_fds process_resident_memory_bytes process_start_time_seconds process_virtual_memory_bytes
"""


def test_names_are_public() -> None:
    assert sorted(entry.name for entry in CATALOGUE) == FROZEN.split()


def test_a_real_scrape_has_every_metric_with_its_labels_and_no_other(tmp_path: Path) -> None:
    found = {
        (name, tuple(label for label, _ in labels if label != "le")) for name, labels in everything(tmp_path)
    }
    assert found == {
        (name, tuple(sorted(entry.labels))) for entry in CATALOGUE for name in entry.series_names
    }


def test_names_follow_the_conventions() -> None:
    for entry in CATALOGUE:
        assert re.fullmatch(r"(hmoe|process)_[a-z_]+", entry.name)
        assert entry.name.endswith("_total") == (entry.kind is Kind.COUNTER), entry.name
        assert not entry.meaning.endswith("."), entry.name
        assert (
            entry.name.startswith("process_") or entry.labels[:1] == ("stream",) or _is_of_process(entry.name)
        )


def _is_of_process(name: str) -> bool:
    return name in ("hmoe_build_info", "hmoe_config_hash_info", "hmoe_disk_free_bytes")


def test_the_page_is_the_catalogue() -> None:
    assert DOCS.read_text(encoding="utf-8") == catalogue_page()


def test_the_command_prints_it(tmp_path: Path) -> None:
    assert inside(["metrics"], tmp_path).out == catalogue_page()
    listed = json.loads(inside(["metrics", "--json"], tmp_path).out)["metrics"]
    assert [entry["name"] for entry in listed] == [entry.name for entry in CATALOGUE]
