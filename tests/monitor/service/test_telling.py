"""What a stream of the service tells of itself: how old its events are, and how it stands when it resumes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitor.config import ServiceConfig, parse_config
from monitor.decoding import WHOLE, Decoded
from monitor.service.flow import ages_seconds
from monitor.service.intake import Arrived
from monitor.service.service import Service
from monitor.sources.messages import Channel, Message
from monitor.status import Status
from stream_hmoe.events import Event, Example, Label, Observation
from tests.monitor.metrics.made_status import scrape

NOW = 1_000.0


def arrived(events: list[Event], logged: list[float]) -> Arrived:
    messages = [Message(Channel.EVENTS, "log/0", str(at), None, b"", time) for at, time in enumerate(logged)]
    numbers = list(range(len(events)))
    decoded = Decoded(events, numbers, [WHOLE] * len(events), [str(at) for at in numbers])
    return Arrived(decoded, lambda index, row: messages[index], {}, times_seconds=logged)


def test_ages_go_by_what_events_say_and_by_the_log_where_they_do_not() -> None:
    events: list[Event] = [
        Observation("a", {"x": 1.0}, 990.0),
        Label("a", "on", 999.5),
        Example({"x": 1.0}, "on"),
        Observation("b", {"x": 1.0}),
        Label("c", "on", 1_007.0),
    ]
    came = arrived(events, [1.0, 2.0, 997.0, 4.0, 5.0])
    assert ages_seconds(came, 0, 5, NOW).tolist() == [10.0, 0.5, 3.0, 0.0]
    assert ages_seconds(came, 1, 3, NOW).tolist() == [0.5, 3.0]


def test_records_of_a_file_have_no_age() -> None:
    assert ages_seconds(arrived([Example({"x": 1.0}, "on")], []), 0, 1, NOW).tolist() == []


@pytest.fixture
def config(tmp_path: Path) -> ServiceConfig:
    rows = "".join(f"{number % 7},{'yes' if number % 7 > 3 else 'no'}\n" for number in range(600))
    (tmp_path / "days.csv").write_text(f"x,rain\n{rows}", encoding="utf-8")
    stream = {"name": "days", "target": "rain", "task": "classification"}
    source = {"kind": "file", "path": str(tmp_path / "days.csv")}
    values = {"state": str(tmp_path / "state"), "streams": [{**stream, "source": source}]}
    return parse_config(json.dumps(values), "x", {})


def lived(config: ServiceConfig, turns: int) -> tuple[Service, Status]:
    """A service that was started and took some turns, as it stood before the first."""
    service = Service(config)
    service.start()
    status = service.boards[0].current
    for _ in range(turns):
        service.turn()
    return service, status


def test_a_stream_that_resumes_tells_the_age_of_its_checkpoint_and_counts_from_0(
    config: ServiceConfig,
) -> None:
    service, _ = lived(config, 1)
    service.stop("the test says so")
    service.close()
    (newest, *_) = sorted((config.state / "days" / "checkpoint").glob("state-*"), reverse=True)
    resumed, status = lived(config, 0)
    try:
        assert status.account is not None
        assert status.account.learned == 600
        assert status.checkpoint_record == 600
        assert status.checkpoint_seconds == newest.stat().st_mtime
        assert status.checkpoint_bytes == sum(file.stat().st_size for file in newest.iterdir())
        found = {name: value for (name, _), value in scrape(resumed.boards).items()}
        assert found["hmoe_events_received_total"] == 0
        assert found["hmoe_account_received_records"] == 600
    finally:
        resumed.close()
