"""Small parts of the service: answers, counts, states, drifts from the journal."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from monitor.http.gateway import Answer
from monitor.journal.mark import Mark
from monitor.problems import TemporaryProblem
from monitor.service.answers import Answers
from monitor.service.counts import Counts, DeadReason
from monitor.service.drift_facts import newest_drifts
from monitor.service.state import STREAM_STATE_VERSION, StreamState
from monitor.sources.messages import Channel
from stream_hmoe.errors import BadCheckpoint
from stream_hmoe.events import Account, EventOutcome

LEARNED, REJECTED = Answer(EventOutcome.LEARNED), Answer(EventOutcome.REJECTED)


def asked(answers: Answers, *numbers: int) -> Future[Any]:
    return answers.submit(lambda expect: expect(range(numbers[0], numbers[-1] + 1)))


def test_a_request_is_answered_when_all_of_its_messages_are() -> None:
    answers = Answers()
    one, other = asked(answers, 3, 4, 5), asked(answers, 6)
    answers.give(4, REJECTED)
    answers.give(6, LEARNED)
    answers.give(5, LEARNED)
    assert (one.done(), other.result(timeout=0)) == (False, [LEARNED])
    answers.give(3, LEARNED)
    assert one.result(timeout=0) == [LEARNED, REJECTED, LEARNED]
    assert not answers


def test_a_message_that_nobody_waits_for_is_no_trouble() -> None:
    answers = Answers()
    answers.give(1, LEARNED)
    assert not answers


def test_everybody_is_told_when_there_will_be_no_answer() -> None:
    answers = Answers()
    one, other = asked(answers, 1, 2), asked(answers, 3)
    answers.give(1, LEARNED)
    answers.fail("the disk is full")
    for future in (one, other):
        assert isinstance(future.exception(timeout=0), TemporaryProblem)
    assert not answers


def test_counts_come_back_and_have_a_zero_for_every_reason() -> None:
    counts = Counts()
    assert counts.dead_letters == {reason.value: 0 for reason in DeadReason}
    counts.dead(DeadReason.LABEL)
    counts.unreadable[Channel.EVENTS] += 2
    counts.skipped, counts.announced = 4, 5
    assert Counts.from_state_dict(counts.state_dict()) == counts
    older = counts.state_dict() | {"dead_letters": {"invalid label": 1}}
    assert Counts.from_state_dict(older) == counts


def test_unreadable_messages_keep_both_sums() -> None:
    counts = Counts()
    counts.unreadable |= {Channel.EVENTS: 2, Channel.LABELS: 3}
    account = counts.complete(Account(received=7, learned=5, rejected=2, labels_received=5, labels_joined=5))
    assert (account.received, account.rejected) == (9, 4)
    assert (account.labels_received, account.labels_rejected) == (8, 3)


def saved_state() -> dict[str, Any]:
    parts: dict[str, Any] = {name: {} for name in StreamState.__slots__ if name != "mark"}
    return StreamState(**parts, mark=Mark(interval=3)).to_dict()


def test_a_state_comes_back() -> None:
    assert StreamState.from_dict(saved_state()).to_dict() == saved_state()


@pytest.mark.parametrize(
    ("change", "remedy"),
    [
        ({"stream_version": STREAM_STATE_VERSION + 1}, "upgrade stream-hmoe"),
        ({"stream_version": None}, "choose another state folder"),
    ],
)
def test_a_state_of_something_else_says_what_to_do(change: dict[str, Any], remedy: str) -> None:
    with pytest.raises(BadCheckpoint, match=remedy):
        StreamState.from_dict(saved_state() | change)


def test_there_are_no_drifts_before_there_is_a_journal(tmp_path: Path) -> None:
    assert newest_drifts(tmp_path / "journal.sqlite", -1, 10) == ()


def test_a_journal_that_cannot_be_read_is_a_passing_problem(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(b"no database at all, but long enough to have a header" * 50)
    with pytest.raises(TemporaryProblem, match="journal"):
        newest_drifts(path, -1, 10)
