"""Rubbish among good messages, through the real service: nothing fails, nothing is lost, nothing grows."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import pytest

from benchmarks.accounting import Sent
from benchmarks.fuzz import STREAM, configuration, fuzz, messages, take
from monitor.http.gateway import Intake
from monitor.problems import TemporaryProblem
from monitor.service import Service
from monitor.service.supervisor import Standing
from monitor.status import Halt

RECORDS = 4_000
MODEL = {"max_features": 100, "max_classes": 8}


def test_rubbish_does_not_keep_good_messages_from_being_learned(tmp_path: Path) -> None:
    labels: dict[str, str] = {}
    found = fuzz(
        configuration(tmp_path, model=MODEL), messages(RECORDS, 0.8, 0, labels), labels, RECORDS * 5 // 4
    )
    assert found.flaws == []
    assert found.mutated == RECORDS
    assert found.columns <= MODEL["max_features"] and found.classes <= MODEL["max_classes"]
    assert found.good_predicted > 0.9 * len(labels)
    assert found.account["rejected"] > 1_000 and found.account["learned"] > 0.9 * len(labels)


def test_a_flood_of_rubbish_halts_the_stream_by_default(tmp_path: Path) -> None:
    config = configuration(tmp_path, dead_letters={}, model=MODEL)
    sent, sending = Sent(config.streams[0]), messages(2_000, 0.8, 1, {})
    service = Service(config)
    service.start()
    take(service, [entry for entry, _ in islice(sending, 2_000)], sent)
    status = service.boards[0].current
    assert service.supervisors[STREAM].standing is Standing.HALTED
    assert status.halt is Halt.DEAD_LETTERS and "hmoe dlq show" in status.halted
    assert status.account is not None and status.account.received + status.account.labels_received < 2_100
    with pytest.raises(TemporaryProblem, match="could not be used"):
        service.gateway.submit_and_forget(STREAM, [])
    assert isinstance(service.gateway.intake(STREAM), Intake)
    service.close()


def test_one_record_of_many_names_keeps_no_other_out(tmp_path: Path) -> None:
    """It takes all the columns; records without these names then have gaps for which there is no column."""
    labels: dict[str, str] = {}
    good = [entry for entry, is_mutated in islice(messages(400, 0.01, 2, labels), 400) if not is_mutated]
    wide = {f"f{n}": n for n in range(90)} | json.loads(good[0].body) | {"id": "wide"}
    config = configuration(tmp_path, model=MODEL)
    sent = Sent(config.streams[0])
    service = Service(config)
    service.start()
    take(service, [good[0]._replace(body=json.dumps(wide).encode()), *good], sent)
    account = service.boards[0].current.account
    assert account is not None and account.learned > 150
    assert account.rejected == account.labels_rejected == 0
    service.stop("done")
    service.close()
