"""Several streams take turns: each is as if it were alone, and each has its own numbers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry

from monitor.metrics import registry_of
from monitor.service.supervisor import Standing
from tests.brokers import MockControl
from tests.monitor.service.made_service import (
    configuration,
    file_stream,
    is_all_taken,
    late_stream,
    produce_late,
    result_of,
    run_late,
    spoiled_lines,
    started,
    status_of,
    supervisor_of,
    turn_until,
)

FAST, SLOW = 600, 200


def samples(registry: CollectorRegistry, name: str, stream: str) -> Mapping[str, float]:
    """Values of a metric of a stream, by outcome."""
    return {
        sample.labels["outcome"]: sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == name and sample.labels["stream"] == stream
    }


def test_each_is_as_if_it_were_alone(mock: tuple[str, MockControl], tmp_path: Path) -> None:
    address, control = mock
    for topic in ("events", "labels"):
        control.create(topic, 2)
    expected = produce_late(address, "events", "labels", SLOW, 2)
    slow = late_stream(address) | {"name": "slow"}
    fast = file_stream(spoiled_lines(tmp_path / "records.jsonl", FAST), "fast")
    alone = {"name": "s", **late_stream(address)}
    run_late(configuration(tmp_path / "alone", alone), expected)
    control.delay(1, 30)
    control.delay(2, 30)
    with started(configuration(tmp_path / "both", slow, fast)) as service:
        turn_until(service, lambda: supervisor_of(service, "fast").standing is Standing.ENDED, limit=10)
        assert supervisor_of(service, "slow").standing is Standing.RUNNING

        turn_until(service, is_all_taken(service, expected, "slow"))
        registry = registry_of(service.boards)
        for name in ("slow", "fast"):
            account = status_of(service, name).account
            assert account is not None
            parts = samples(registry, "hmoe_account_records", name)
            received = registry.get_sample_value("hmoe_account_received_records", {"stream": name})
            assert received == sum(parts.values()) == account.received
            assert parts["learned"] == account.learned
            dead = {"stream": name, "reason": "unreadable"}
            assert registry.get_sample_value("hmoe_dlq_records_total", dead) > 0  # type: ignore[operator]
            for reason in ("invalid record", "invalid label"):
                labels = {"stream": name, "reason": reason}
                assert registry.get_sample_value("hmoe_dlq_records_total", labels) == 0
        assert status_of(service, "fast").account.received == FAST  # type: ignore[union-attr]
        service.stop("all is there")
    one, other = result_of(tmp_path / "alone"), result_of(tmp_path / "both", "slow")
    assert [part for part in one if one[part] != other[part]] == ["predictions"], "only ids name the stream"


def test_a_stream_counts_nothing_before_it_was_opened(tmp_path: Path) -> None:
    config = configuration(tmp_path / "state", file_stream(spoiled_lines(tmp_path / "records.jsonl", 10)))
    with started(config) as service:
        assert is_all_taken(service, (0, 0))()
        reasons = {"unreadable": 0, "invalid record": 0, "invalid label": 0}
        assert status_of(service).dead_letters == reasons
