"""A stream that is fed over HTTP: answers, orders, and nothing that was acknowledged is lost."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitor.config import ServiceConfig
from monitor.journal.reader import JournalReader
from monitor.service import worker
from monitor.sources.inbox_entries import Entry
from monitor.sources.messages import Channel
from stream_hmoe import checkpoint
from stream_hmoe.events import Action
from tests.brokers import wait_until
from tests.monitor import made_streams
from tests.monitor.service.made_service import (
    STREAM,
    configuration,
    file_stream,
    is_all_taken,
    status_of,
    stream,
    supervisor_of,
    turn_until,
)
from tests.monitor.service.made_service import started as started_service
from tests.monitor.service.served import Served, served

HTTP = {"kind": "http"}
SMALL = {"kind": "http", "max_inbox_bytes": 65_536}  # in files of 4 KiB
LATER = {"arrive": "later"}
NEVER = {"records": 1_000_000, "seconds": 3_600.0}
HOLD_DATA = {"x": 1.0, "y": 2.0, "colour": "red"}


def examples(count: int, seed: int = 3) -> list[dict[str, Any]]:
    """Events as the API takes them."""
    return [
        {
            "features": {name: value for name, value in record.items() if name != "label"},
            "target": record["label"],
        }
        for record in made_streams.drifting(count, seed=seed)
    ]


def http_stream(tmp_path: Path, labels: dict[str, Any] | None = None, **more: Any) -> ServiceConfig:
    return configuration(tmp_path, stream(HTTP, labels=labels or {}), checkpoint=NEVER, **more)


def is_taken(api: Served, last: int) -> Callable[[], bool]:
    return lambda: received(api) > last


def received(api: Served) -> int:
    account = status_of(api.service).account
    return 0 if account is None else account.received


def test_a_record_with_its_label_is_predicted_and_learned(tmp_path: Path) -> None:
    with served(http_stream(tmp_path)) as api:
        for number, one in enumerate(examples(40)):
            answer = api.post("/learn", one)
            assert answer["outcome"] == "learned"
            assert answer["prediction"] in ((None,) if number == 0 else ("up", "down"))
        asked = api.post("/predict", {"features": HOLD_DATA})
        assert asked["record"] == 40
        assert asked["prediction"] in ("up", "down")
        assert api.post("/predict", {"features": HOLD_DATA}) == asked
        assert received(api) == 40


def test_a_record_waits_for_its_label_under_its_key(tmp_path: Path) -> None:
    record, waiting = {"features": HOLD_DATA, "key": "a"}, {"features": HOLD_DATA, "key": "b"}
    with served(http_stream(tmp_path, LATER)) as api:
        assert api.post("/predict", record)["outcome"] == "predicted"
        assert api.post("/learn", {"key": "a", "label": "up"})["outcome"] == "joined"
        assert api.post("/learn", {"key": "a", "label": "up"})["outcome"] == "duplicate"
        assert api.post("/learn", {"key": "a", "label": "down"})["outcome"] == "corrected"
        assert api.post("/learn", {"key": "c", "label": "up"})["outcome"] == "early"
        assert api.post("/predict", waiting)["prediction"] == "up"
        assert "duplicate" in str(api.post("/predict", waiting, 409)["message"])
        account = status_of(api.service).account
    assert account is not None
    assert (account.received, account.learned, account.pending, account.duplicates) == (3, 1, 1, 1)


def test_a_record_and_its_label_at_once_have_one_answer(tmp_path: Path) -> None:
    with served(http_stream(tmp_path, LATER)) as api:
        api.post("/learn", {"features": HOLD_DATA, "key": "a", "target": "up"})
        answer = api.post("/learn", {"features": HOLD_DATA, "key": "b", "target": "down"})
        assert (answer["outcome"], answer["prediction"]) == ("joined", "up")


def test_what_cannot_be_used_is_refused_with_the_reason(tmp_path: Path) -> None:
    with served(http_stream(tmp_path)) as api:
        api.post("/learn", {"features": {"x": 1.0}, "target": "up"})
        refused = api.post("/learn", {"features": {"x": "no number"}, "target": "up"}, 422)
        assert (refused["error"], refused["field"], refused["value"]) == ("invalid", "x", "no number")
        assert refused["remedy"]
        assert status_of(api.service).dead_letters == {
            "unreadable": 0,
            "invalid record": 1,
            "invalid label": 0,
        }


def test_a_time_far_ahead_is_refused_before_it_ages_what_waits(tmp_path: Path) -> None:
    labels = {**LATER, "time": "at", "max_age_seconds": 60.0}
    ahead = time.time() + 10 * 86_400.0
    with served(http_stream(tmp_path, labels)) as api:
        api.post("/predict", {"features": HOLD_DATA, "key": "a"})
        api.post("/predict", {"features": HOLD_DATA, "key": "b", "time_seconds": ahead}, 409)
        refused = api.post("/predict", {"features": {**HOLD_DATA, "at": ahead}, "key": "c"}, 422)
        assert "more than a day after the time of the message" in str(refused["reason"])
        assert api.post("/learn", {"key": "a", "label": "up"})["outcome"] == "joined"


def test_a_batch_is_learned_in_its_order(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    with served(http_stream(whole)) as api:
        taken = api.post("/events", examples(300), 202)
        assert (taken["accepted"], taken["first_offset"], taken["last_offset"]) == (300, 0, 299)
        wait_until(lambda: received(api) == 300)
        api.post("/admin/checkpoint", {})
    parts = tmp_path / "parts"
    with served(http_stream(parts)) as api:
        for begin in range(0, 300, 75):
            api.post("/events", examples(300)[begin : begin + 75], 202)
        wait_until(lambda: received(api) == 300)
        api.post("/admin/checkpoint", {})
    assert predictions(whole) == predictions(parts)


def predictions(state: Path) -> list[str]:
    return (state / STREAM / "predictions.jsonl").read_text().splitlines()


def test_nothing_that_was_acknowledged_is_lost_by_a_crash(tmp_path: Path) -> None:
    config = http_stream(tmp_path)
    with served(config) as api:
        for one in examples(30):
            api.post("/learn", one)
        api.post("/events", examples(200, seed=4), 202)
    with started_service(config) as service:
        assert status_of(service).records == 0
        turn_until(service, is_all_taken(service, (230, 0)))
        service.stop("all is there")
    assert len(predictions(tmp_path)) == 230
    with started_service(config) as service:
        assert status_of(service).records == 230


def test_what_a_checkpoint_holds_is_deleted_once_the_oldest_one_holds_it(tmp_path: Path) -> None:
    config = configuration(tmp_path, stream(SMALL), checkpoint={**NEVER, "keep": 3})
    inbox = tmp_path / STREAM / "inbox"
    first = segments(config, inbox, 0)
    assert segments(config, inbox, 1) >= first
    assert first.isdisjoint(segments(config, inbox, 2, checkpoints=3))


def test_a_full_inbox_is_emptied_though_nothing_more_can_come(tmp_path: Path) -> None:
    config = configuration(tmp_path, stream(SMALL), checkpoint={**NEVER, "keep": 3})
    with served(config) as api:

        def fits() -> bool:
            answer = api.client.post("/events", json=examples(50))
            assert answer.status_code in (202, 503), answer.text
            return bool(answer.status_code == 202)

        wait_until(lambda: not fits())
        wait_until(fits)


def segments(config: ServiceConfig, inbox: Path, seed: int, checkpoints: int = 1) -> set[Path]:
    """Files of the inbox after one more process, which made so many more checkpoints of 50 events each."""
    with served(config) as api:
        for _ in range(checkpoints):
            taken = api.post("/events", examples(50, seed=seed), 202)["last_offset"]
            wait_until(is_taken(api, int(str(taken))))
            api.post("/admin/checkpoint", {})
    return set(inbox.iterdir())


def test_a_damaged_checkpoint_right_after_a_restart_loses_nothing(tmp_path: Path) -> None:
    config = configuration(tmp_path, stream(SMALL), checkpoint=NEVER)
    inbox = tmp_path / STREAM / "inbox"
    for seed in range(3):
        segments(config, inbox, seed)
    folder = tmp_path / STREAM / "checkpoint"
    for newest in sorted(folder.glob("state-*"))[-2:]:
        (newest / "manifest.json").write_text("{}")
    with started_service(config) as service:
        turn_until(service, is_all_taken(service, (150, 0)))
        assert status_of(service).skipped == 0


def test_orders_are_done_and_the_audit_names_who_gave_them(tmp_path: Path) -> None:
    with served(http_stream(tmp_path)) as api:
        api.post("/learn", examples(1)[0])
        done = api.post("/admin/freeze", {"reason": "a look at it"})
        assert (done["status"], done["record"]) == ("done", 1)
        assert status_of(api.service).is_frozen
        assert api.post("/learn", examples(2)[1])["outcome"] == "held back"
        api.post("/admin/unfreeze", {})
        assert api.post("/learn", examples(3)[2])["outcome"] == "learned"
        for order in ("promote", "rollback", "release"):
            assert "conflict" in str(api.post(f"/admin/{order}", {}, 409)["error"])
        api.post("/admin/checkpoint", {"reason": "before the upgrade"})
    ordered = [line["payload"] for line in audit(tmp_path) if line["kind"] == "ordered"]
    assert [(one["order"], one["reason"]) for one in ordered] == [
        ("freeze", "a look at it"),
        ("unfreeze", ""),
    ]
    assert {one["caller"] for one in ordered} == {"anna at 127.0.0.1"}


def audit(state: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (state / STREAM / "audit.jsonl").read_text().splitlines()]


def test_an_order_survives_a_crash(tmp_path: Path) -> None:
    config = http_stream(tmp_path)
    with served(config) as api:
        api.post("/events", examples(60), 202)
        wait_until(lambda: received(api) == 60)
        api.post("/admin/freeze", {})
    with served(config) as api:
        assert status_of(api.service).is_frozen
        assert received(api) == 60
        assert api.post("/learn", examples(1)[0])["outcome"] == "held back"


def test_a_challenger_is_trained_promoted_and_taken_back_by_order(tmp_path: Path) -> None:
    with served(http_stream(tmp_path)) as api:
        api.post("/events", examples(2_000), 202)
        wait_until(lambda: received(api) == 2_000)
        api.post("/admin/retrain", {"reason": "new season"})
        api.post("/events", examples(600, seed=8), 202)
        wait_until(lambda: received(api) == 2_600)
        assert status_of(api.service).decision_counts == {Action.CHALLENGE.value: 1}
        api.post("/admin/promote", {})
        api.post("/events", examples(300, seed=9), 202)
        wait_until(lambda: received(api) == 2_900)
        assert status_of(api.service).decision_counts[Action.PROMOTE.value] == 1
        api.post("/admin/rollback", {})
        api.post("/events", examples(300, seed=10), 202)
        wait_until(lambda: received(api) == 3_200)
        assert status_of(api.service).decision_counts[Action.ROLL_BACK.value] == 1


def test_a_checkpoint_is_written_by_order(tmp_path: Path) -> None:
    with served(http_stream(tmp_path)) as api:
        api.post("/events", examples(120), 202)
        wait_until(lambda: received(api) == 120)
        assert api.post("/admin/checkpoint", {})["record"] == 120
    assert checkpoint.load(tmp_path / STREAM / "checkpoint")["position"] == {"offset": 120}


def test_the_journal_is_up_to_date_while_the_stream_is_idle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "FLOW_SECONDS", 0.0)
    bodies = [json.dumps(record).encode() for record in made_streams.drifting(600)]
    entries = [Entry(body, Channel.EVENTS) for body in bodies]
    with started_service(http_stream(tmp_path)) as service:

        def told() -> int:
            with JournalReader(tmp_path / STREAM / "journal.sqlite") as reader:
                flow = reader.flow()
                return 0 if flow.empty else int(flow["received"].iloc[-1])

        for half in (entries[:300], entries[300:]):
            service.gateway.submit_and_forget(STREAM, half)
            supervisor_of(service).turn(300, 0.0)
        turn_until(service, lambda: told() == 600)


def test_drifts_are_told_while_the_stream_is_idle(tmp_path: Path) -> None:
    one = stream(HTTP, model={"arl": 100})
    config = configuration(tmp_path, one, checkpoint=NEVER, http={"port": 0, "max_body_bytes": 4_000_000})
    with served(config) as api:
        api.post("/events", examples(4_000), 202)
        wait_until(lambda: bool(api.client.get("/drift/events").json()["events"]))
        told = api.client.get("/drift/events").json()["events"]
        assert told[0]["level"] in ("warning", "drift")
        later = api.client.get("/drift/events", params={"after": told[0]["record"]}).json()["events"]
        assert told[0] not in later


def test_a_stream_from_elsewhere_predicts_but_takes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    path.write_bytes(made_streams.json_lines(made_streams.drifting(50)))
    streams = [stream(HTTP, "open"), file_stream(path, "file")]
    with served(configuration(tmp_path / "state", *streams)) as api:
        assert "from another source" in str(api.post("/learn", examples(1)[0], 409, stream="file")["message"])
        assert "several streams" in str(api.post("/learn", examples(1)[0], 400)["message"])
        assert api.post("/learn", examples(1)[0], stream="open")["outcome"] == "learned"


@pytest.mark.parametrize("path", ["/learn", "/events", "/predict", "/admin/freeze"])
def test_a_stream_that_stands_still_says_why(tmp_path: Path, path: str) -> None:
    one = stream(HTTP, dead_letters={"max_ratio": 0.5, "window_messages": 10})
    with served(configuration(tmp_path, one)) as api:
        api.post("/learn", {"features": {"x": 1.0}, "target": "up"})
        api.post("/events", [{"features": {"x": "no number"}, "target": "up"}] * 5, 202)
        wait_until(lambda: supervisor_of(api.service).worker is None)
        bodies: dict[str, Any] = {
            "/learn": examples(1)[0],
            "/events": examples(1),
            "/predict": {"features": HOLD_DATA},
            "/admin/freeze": {},
        }
        refused = api.post(path, bodies[path], 503)
        assert "5 of the last 10 messages could not be used" in str(refused["message"])
        ready = api.client.get("/readyz")
        assert (ready.status_code, ready.json()["ready"]) == (503, False)


def test_those_who_wait_are_told_when_the_service_stops(tmp_path: Path) -> None:
    with started_service(http_stream(tmp_path)) as service:
        waiting = service.gateway.predict(STREAM, HOLD_DATA)
        service.stop("enough")
        late = service.gateway.predict(STREAM, HOLD_DATA)
        for future in (waiting, late):
            assert "stream s" in str(future.exception(timeout=0))
