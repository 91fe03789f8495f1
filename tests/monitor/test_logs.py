"""What the service says: names, fields, no secrets, no floods."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config.schema import LogConfig
from monitor.logs import Redactor, RepeatFilter, get_logger, set_up_logging
from monitor.problems import TemporaryProblem


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root, own = logging.getLogger(), logging.getLogger("hmoe")
    handlers, levels = list(root.handlers), (root.level, own.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    own.setLevel(levels[1])


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def begin(to: io.StringIO, secrets: tuple[str, ...] = (), **config: Any) -> None:
    set_up_logging(LogConfig(**config), secrets, to)


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_an_event_is_one_line_of_json_where_nobody_watches() -> None:
    out = io.StringIO()
    begin(out)
    get_logger("payments").info("checkpoint_saved", records=20_000, seconds=0.5, is_first=True, note=None)
    (line,) = lines(out)
    assert line.pop("ts").endswith("Z")
    assert line == {
        "level": "info",
        "event": "checkpoint_saved",
        "stream": "payments",
        "records": 20_000,
        "seconds": 0.5,
        "is_first": True,
        "note": None,
    }


def test_people_get_text_on_a_terminal_unless_they_ask_for_json() -> None:
    out = Terminal()
    begin(out)
    get_logger("payments").warning("source_slow", seconds=1 / 3, what="two words", empty="")
    assert out.getvalue()[8:] == (
        ' warning payments source_slow seconds=0.333333  what="two words"  empty=""\n'
    )
    out = Terminal()
    begin(out, format="json")
    get_logger().info("started")
    assert lines(out)[0]["event"] == "started"
    assert "stream" not in lines(out)[0]


def test_what_is_below_the_level_is_not_said() -> None:
    out = io.StringIO()
    begin(out, level="warning")
    log = get_logger("a")
    log.info("quiet")
    log.debug("quiet")
    log.warning("loud")
    assert [line["event"] for line in lines(out)] == ["loud"]


def test_fields_do_not_replace_what_every_line_has_and_hold_no_records() -> None:
    out = io.StringIO()
    begin(out)
    record: Any = {"age": 41}
    get_logger("a").info("odd", level="x", ts="y", stream="z", record=record, rate=float("nan"))
    (line,) = lines(out)
    assert (line["level"], line["stream"], line["record"], line["rate"]) == ("info", "a", "dict", "nan")
    assert "41" not in out.getvalue()


def test_secrets_are_blackened_in_fields_errors_and_what_libraries_say() -> None:
    out = io.StringIO()
    begin(out, ('s3cr"t', 's3cr"t-longer', "abc"))
    log = get_logger("a")
    log.info("told", text='pass s3cr"t-longer and s3cr"t', short="abc", other="abcd")
    try:
        raise OSError('no s3cr"t here')
    except OSError as error:
        log.error("failed", error)
    logging.getLogger("library").error("%s", 's3cr"t')
    told, failed, library = lines(out)
    assert (told["text"], told["short"], told["other"]) == ("pass ******** and ********", "********", "abcd")
    assert failed["error"] == "no ******** here"
    assert "Traceback" in failed["trace"]
    assert (library["event"], library["logger"], library["message"]) == ("library", "library", "********")
    assert "s3cr" not in out.getvalue()


@given(st.text(min_size=1), st.text(), st.text())
def test_no_secret_survives(secret: str, before: str, after: str) -> None:
    redacted = Redactor([secret])(before + secret + after)
    assert redacted != before + secret + after or len(secret) < 4
    if len(secret) >= 4 and "*" not in secret:
        assert secret not in redacted
    assert Redactor([secret])(secret) == "********"


def test_problems_need_no_trace() -> None:
    out = io.StringIO()
    begin(out)
    get_logger().error("stopped", TemporaryProblem("the disk is full; make room"), records=3)
    (line,) = lines(out)
    assert line["error"] == "the disk is full; make room"
    assert "trace" not in line


def test_a_trace_stands_below_the_text() -> None:
    out = Terminal()
    begin(out)
    get_logger().error("failed", ValueError("x"))
    first, *rest = out.getvalue().splitlines()
    assert first[8:] == " error   failed error=x"
    assert rest == ["ValueError: x"]


def event(created: float, name: str = "bad_message", stream: str = "a") -> logging.LogRecord:
    values = {"name": "hmoe", "msg": name, "levelname": "WARNING", "created": created, "hmoe_stream": stream}
    return logging.makeLogRecord(values)


def left_out(record: logging.LogRecord) -> int:
    fields: dict[str, int] = getattr(record, "hmoe_fields", {})
    return fields.get("left_out", 0)


def test_repeats_are_told_every_ten_seconds_with_a_count() -> None:
    repeats = RepeatFilter()
    records = [event(100.0 + second) for second in range(0, 25, 2)]
    told = [record for record in records if repeats.filter(record)]
    assert [(record.created, left_out(record)) for record in told] == [(100.0, 0), (110.0, 4), (120.0, 4)]


def test_in_a_flood_one_in_a_thousand_is_told() -> None:
    repeats = RepeatFilter()
    records = [event(100.0) for _ in range(2_001)]
    told = [number for number, record in enumerate(records) if repeats.filter(record)]
    assert told == [0, 1_000, 2_000]
    assert left_out(records[1_000]) == 999


def test_other_events_and_other_streams_are_no_repeats() -> None:
    repeats = RepeatFilter()
    assert all(map(repeats.filter, [event(1.0), event(1.0, "other"), event(1.0, stream="b")]))
    assert not repeats.filter(event(1.0))


def test_a_clock_that_is_set_back_silences_nothing() -> None:
    repeats = RepeatFilter()
    assert repeats.filter(event(1_000.0))
    assert repeats.filter(event(10.0))


def test_memory_is_bounded_however_many_events_there_are() -> None:
    repeats = RepeatFilter()
    for number in range(3_000):
        repeats.filter(event(1.0, f"event_{number}"))
    assert len(repeats._last) <= 1_000


def test_an_event_has_a_name_in_snake_case() -> None:
    begin(io.StringIO())
    with pytest.raises(AssertionError, match="snake_case"):
        get_logger().info("Two words")
