"""What people see while a run goes."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from monitor.journal.schema import IntervalRow
from monitor.status import LeafShare, Status
from monitor.targets import Task
from monitor.terminal import LiveView, PlainView, Remaining, describe
from stream_hmoe.events import Phase

INTERVAL = IntervalRow(12_000, 250, 250, 0.4, 0.912, 0.873, 1.234, 2, 0, 64)


def status(share_read: float | None = 0.25, records: int = 12_345) -> Status:
    return Status(
        task=Task.CLASSIFICATION,
        records=records,
        rejected=3,
        records_per_second=2_031.0,
        time_seconds=1.7e9,
        share_read=share_read,
        interval=INTERVAL,
        shares=(LeafShare("trees/0", "trees", 0.75), LeafShare("plains/0", "plains", 0.25)),
        levels={"gate entropy": 2},
        drift_counts={"gate entropy": 4},
    )


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.seconds = 10.0

    def __call__(self) -> float:
        return self.seconds


def test_a_status_in_words() -> None:
    assert describe(status()) == {
        "records": "12,345 at 2,031/s (3 rejected)",
        "accuracy": "91.20% (lately 87.30%)",
        "experts": "64",
        "gate entropy": "1.23 nats",
        "drift": "DRIFT (4 so far)",
    }
    assert describe(Status(Task.REGRESSION)) == {"records": "0 at 0/s", "drift": "stable"}
    changed = replace(status(), last_change="record 6,000: hills turn")
    assert describe(changed)["last change"] == "record 6,000: hills turn"


def test_the_phase_of_the_controller_stands_beside_the_drift_level() -> None:
    acting = replace(status(), phase=Phase.COOL_DOWN)
    assert describe(acting)["drift"].endswith("DRIFT (4 so far), controller: cool-down")


def test_plain_lines_come_every_five_seconds() -> None:
    out, clock = io.StringIO(), Clock()
    view = PlainView(out, clock)
    for _ in range(21):
        view.show(status())
        clock.seconds += 0.5
    lines = out.getvalue().splitlines()
    assert len(lines) == 2
    assert "accuracy 91.20%" in lines[0]
    assert lines[0].endswith("25% read")


def test_notes_are_shown_at_once() -> None:
    out = io.StringIO()
    PlainView(out, Clock()).note("metrics: here")
    assert out.getvalue() == "metrics: here\n"


def test_the_live_picture_shows_numbers_groups_and_progress() -> None:
    out, clock = io.StringIO(), Clock()
    view = LiveView(Console(file=out, force_terminal=True, width=100, color_system=None), "elec.csv", clock)
    view.show(status(0.25, 10_000))
    clock.seconds += 30
    view.show(status(0.5))
    view.note("a line that stays")
    view.close(status(0.5))
    text = out.getvalue()
    for words in (
        "elec.csv",
        "12,345 at 2,031/s",
        "91.20%",
        "group trees",
        "75.0%",
        "DRIFT (4 so far)",
        "a line that stays",
    ):
        assert words in text
    assert "50% read, 0:01:00 left" in text


def test_a_stream_without_length_says_how_to_stop_until_it_has_stopped() -> None:
    out = io.StringIO()
    view = LiveView(Console(file=out, force_terminal=True, width=100, color_system=None), "stdin", Clock())
    view.show(status(None))
    assert "Ctrl-C stops and keeps everything" in out.getvalue()
    shown = len(out.getvalue())
    view.close(status(None))
    assert "Ctrl-C" not in out.getvalue()[shown:]


def test_before_the_first_record_the_wait_is_explained() -> None:
    out = io.StringIO()
    view = LiveView(Console(file=out, force_terminal=True, width=100, color_system=None), "stdin", Clock())
    view.show(Status(Task.CLASSIFICATION))
    assert "wait for the compiler" in out.getvalue()
    view.close(status())


def test_a_live_view_leaves_the_terminal_alone_until_there_is_something_to_draw() -> None:
    out = io.StringIO()
    view = LiveView(Console(file=out, force_terminal=True, width=100, color_system=None), "stdin", Clock())
    view.note("metrics: here")
    assert out.getvalue() == "metrics: here\n"


def test_a_live_picture_is_drawn_at_most_four_times_a_second() -> None:
    out, clock = io.StringIO(), Clock()
    view = LiveView(Console(file=out, force_terminal=True, width=100, color_system=None), "elec.csv", clock)
    view.show(status())
    drawn = len(out.getvalue())
    clock.seconds += 0.1
    view.show(status(0.9))
    assert len(out.getvalue()) == drawn
    clock.seconds += 0.2
    view.show(status(0.9))
    assert len(out.getvalue()) > drawn
    view.close(status())


@pytest.mark.parametrize(
    ("shares", "seconds", "words"),
    [
        ((0.0, 0.5), 60.0, ["50% read", "0:01:00 left"]),
        ((0.5, 0.6), 10.0, ["60% read", "0:00:40 left"]),
        ((0.5, 1.0), 10.0, ["100% read"]),
        ((None, None), 10.0, []),
    ],
)
def test_what_remains_is_reckoned_from_this_part(
    shares: tuple[float | None, float | None], seconds: float, words: list[str]
) -> None:
    clock = Clock()
    remaining = Remaining(clock)
    remaining.update(status(shares[0]))
    clock.seconds += seconds
    remaining.update(status(shares[1]))
    assert remaining.words() == words
