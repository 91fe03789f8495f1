"""The common order of several logs: decided by the logs, whatever arrives when and wherever reading stops."""

from __future__ import annotations

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from monitor.sources.log_merge import MESSAGE_COST_BYTES, Log, LogMerge
from monitor.sources.messages import Channel, Message

Times = list[list[int]]
TIMES = st.lists(st.lists(st.integers(0, 12), max_size=12), min_size=1, max_size=4)


def message(log: int, offset: int) -> Message:
    return Message(Channel.EVENTS, f"t/{log}", str(offset), b"k", b"body", 0.0)


def in_order(times: Times) -> list[Message]:
    keyed = [
        (newest, number, offset)
        for number, log in enumerate(times)
        for offset, newest in enumerate(accumulate(log, max))
    ]
    return [message(number, offset) for _, number, offset in sorted(keyed)]


def opened(merge: LogMerge, count: int, given: list[int] | None = None) -> list[Log]:
    logs = [
        Log(name=f"t/{number}", rank=(0, "t", number), given_time=given[number] if given else 0)
        for number in range(count)
    ]
    for log in logs:
        merge.open(log)
    return logs


def deliver(merge: LogMerge, log: Log, number: int, times: list[int], first: int, last: int) -> None:
    merge.add(
        log, [(times[offset], message(number, offset)) for offset in range(first, min(last, len(times)))]
    )
    log.is_at_end = last >= len(times)


@given(TIMES, st.data())
def test_the_order_depends_on_the_logs_alone(times: Times, data: st.DataObject) -> None:
    merge = LogMerge()
    logs = opened(merge, len(times))
    delivered = [0] * len(times)
    taken: list[Message] = []
    while not all(log.is_at_end for log in logs):
        unfinished = [number for number, log in enumerate(logs) if not log.is_at_end]
        number = data.draw(st.sampled_from(unfinished))
        last = delivered[number] + data.draw(st.integers(1, 5))
        deliver(merge, logs[number], number, times[number], delivered[number], last)
        delivered[number] = last
        taken += merge.take(data.draw(st.integers(0, 6)))
    taken += merge.take(1_000)
    assert taken == in_order(times)
    assert merge.waiting_bytes == 0


@given(TIMES, st.data())
def test_the_times_that_were_given_are_enough_to_resume(times: Times, data: st.DataObject) -> None:
    first = LogMerge()
    logs = opened(first, len(times))
    for number, log in enumerate(logs):
        deliver(first, log, number, times[number], 0, len(times[number]))
    before = first.take(data.draw(st.integers(0, 30)))
    again = LogMerge()
    later = opened(again, len(times), [log.given_time for log in logs])
    for number, log in enumerate(later):
        seen = sum(item.log == log.name for item in before)
        deliver(again, log, number, times[number], seen, len(times[number]))
    assert before + again.take(1_000) == in_order(times)


def test_a_log_that_says_nothing_is_waited_for_until_it_is_passed_over() -> None:
    merge = LogMerge()
    full, silent = opened(merge, 2)
    assert merge.awaited == []
    merge.add(full, [(5, message(0, 0)), (6, message(0, 1))])
    assert merge.take(9) == []
    assert merge.awaited == [silent]
    silent.is_passed_over = True
    assert merge.take(1) == [message(0, 0)]
    merge.add(silent, [(1, message(1, 0))])
    assert merge.take(9) == [message(1, 0)]
    assert merge.awaited == [silent]


def test_a_late_message_stands_at_the_greatest_time_before_it() -> None:
    def late_and_early(merge: LogMerge, logs: list[Log]) -> list[Message]:
        merge.add(logs[0], [(1, message(0, 1))])
        merge.add(logs[1], [(3, message(1, 0))])
        logs[0].is_at_end = logs[1].is_at_end = True
        return merge.take(9)

    merge = LogMerge()
    logs = opened(merge, 2)
    logs[1].is_at_end = True
    merge.add(logs[0], [(5, message(0, 0))])
    merge.take(1)
    assert logs[0].given_time == 5
    assert late_and_early(merge, logs) == [message(1, 0), message(0, 1)]
    resumed = LogMerge()
    assert late_and_early(resumed, opened(resumed, 2, [5, 0])) == [message(1, 0), message(0, 1)]


def test_what_waits_is_counted_in_bytes() -> None:
    merge = LogMerge()
    (log,) = opened(merge, 1)
    merge.add(log, [(1, message(0, 0)), (1, message(0, 1)._replace(key=None))])
    assert merge.waiting_bytes == log.waiting_bytes == 2 * MESSAGE_COST_BYTES + 5 + 4
    merge.take(1)
    assert merge.waiting_bytes == MESSAGE_COST_BYTES + 4
