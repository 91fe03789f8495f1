"""A flood of bad messages halts its stream and no other, until somebody starts it again."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from monitor.config import ServiceConfig
from monitor.metrics import registry_of
from monitor.service.supervisor import Standing
from monitor.status import Halt
from tests.monitor import made_streams
from tests.monitor.service.made_service import (
    configuration,
    file_stream,
    result_of,
    run_to_end,
    started,
    status_of,
    supervisor_of,
    turn_until,
)

GUARD = {"max_ratio": 0.2, "window_messages": 100}
GOOD, BAD = 300, 60
RESTING = (Standing.HALTED, Standing.ENDED)


@pytest.fixture
def config(tmp_path: Path) -> ServiceConfig:
    """A stream with a flood in its middle, and one without."""
    records = made_streams.json_lines(made_streams.drifting(2 * GOOD)).splitlines(keepends=True)
    flooded, calm = tmp_path / "flooded.jsonl", tmp_path / "calm.jsonl"
    flooded.write_bytes(b"".join([*records[:GOOD], *[b"no record\n"] * BAD, *records[GOOD:]]))
    calm.write_bytes(b"".join(records))
    streams = [
        file_stream(flooded, "flooded", dead_letters=GUARD),
        file_stream(calm, "calm", dead_letters=GUARD),
    ]
    return configuration(tmp_path / "state", *streams)


def test_it_halts_at_the_end_of_the_turn_and_others_go_on(config: ServiceConfig) -> None:
    with started(config) as service:
        turn_until(service, lambda: supervisor_of(service, "calm").standing is Standing.ENDED, limit=20)
        flooded, status = supervisor_of(service, "flooded"), status_of(service, "flooded")
        assert flooded.standing is Standing.HALTED
        assert status.halt is Halt.DEAD_LETTERS
        assert status.halted.startswith(
            "20 of the last 100 messages could not be used, 20% or more; look at them"
        )
        assert GOOD + 20 <= status.account.received < GOOD + 40  # type: ignore[union-attr]
        assert service.gateway.readiness() == [f"flooded: {status.halted}"]
        assert service.turn(), "a service with a stream that stands still stays up"
        metrics = registry_of(service.boards)
        halted = {
            one.value: metrics.get_sample_value(
                "hmoe_stream_halted", {"stream": "flooded", "reason": one.value}
            )
            for one in Halt
        }
        assert halted == {one.value: float(one is Halt.DEAD_LETTERS) for one in Halt}


def test_the_journal_says_why_the_stream_stands_still(config: ServiceConfig) -> None:
    with started(config) as service:
        turn_until(service, lambda: supervisor_of(service, "flooded").standing is Standing.HALTED)
        journal = config.state / "flooded" / "journal.sqlite"
        with closing(sqlite3.connect(journal)) as connection:
            query = "SELECT halted FROM flow ORDER BY time_seconds DESC LIMIT 1"
            assert connection.execute(query).fetchone() == (status_of(service, "flooded").halted,)


def test_what_came_before_is_safe_and_a_start_goes_on(config: ServiceConfig) -> None:
    state = config.state / "flooded"
    with started(config) as service:
        turn_until(service, lambda: supervisor_of(service, "flooded").standing is Standing.HALTED, limit=20)
        letters = len((state / "dead-letters.jsonl").read_bytes().splitlines())
    assert 20 <= letters < 40
    for _ in range(BAD // 20):
        with started(config) as service:
            flooded = supervisor_of(service, "flooded")
            assert (flooded.standing, flooded.board.current.halt) == (Standing.RUNNING, None)
            turn_until(service, lambda flooded=flooded: flooded.standing in RESTING, limit=20)
    assert flooded.standing is Standing.ENDED
    assert result_of(config.state, "flooded")["dead-letters lines"] == BAD
    run_to_end(config)
    calm, flooded_state = result_of(config.state, "calm"), result_of(config.state, "flooded")
    assert flooded_state["pipeline"] == calm["pipeline"]
    assert flooded_state["predictions lines"] == calm["predictions lines"] == 2 * GOOD
    assert json.loads((state / "dead-letters.jsonl").read_text().splitlines()[0])["body"] == "no record"
