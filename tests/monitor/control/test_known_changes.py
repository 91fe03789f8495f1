"""On streams whose changes are known: delay and recovery, counted in records."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pytest

from monitor.control.known_changes import Answer, answers

KINDS = {"change": "change point", "drift": "drift", "other": "started"}


def answered(
    happened: Sequence[tuple[int, str]], windows: Sequence[float | None], is_share: bool = True
) -> list[Answer]:
    events = pd.DataFrame(
        [
            (record, KINDS[kind], 2 if kind == "drift" else 0, f"{kind} at {record}")
            for record, kind in happened
        ],
        columns=["record", "kind", "level", "message"],
    )
    intervals = pd.DataFrame(
        {"record": [250 * (n + 1) for n in range(len(windows))], "metric_window": windows}, dtype=float
    ).astype({"record": int})
    return answers(events, intervals, [], is_share, 1_000)


def test_delay_is_counted_from_the_change_to_the_first_drift_before_the_next_change() -> None:
    happened = [(100, "drift"), (1_000, "change"), (1_400, "drift"), (1_450, "drift"), (3_000, "change")]
    first, second = answered(happened, [0.9] * 16)
    assert (first.record, first.what, first.delay) == (1_000, "change at 1000", 400)
    assert second.delay is None


def test_recovery_is_counted_until_the_metric_is_back_within_two_points() -> None:
    (answer,) = answered([(1_000, "change")], [0.9, 0.9, 0.9, 0.9, 0.85, 0.7, 0.86, 0.885, 0.9])
    assert answer.is_hurt
    assert answer.recovery == 1_000


def test_the_first_window_after_a_change_is_not_taken_for_recovery() -> None:
    (answer,) = answered([(1_000, "change")], [0.9] * 4 + [0.895, 0.7, 0.9])
    assert answer.recovery == 750


@pytest.mark.parametrize(
    ("windows", "is_hurt", "recovery"),
    [
        ([0.9] * 4 + [0.7] * 6, True, None),
        ([0.9] * 12, False, 0),
        ([0.9] * 13 + [0.5], False, 0),
        ([None] * 4 + [0.5, 0.9], False, None),
    ],
)
def test_what_never_came_back_and_what_was_never_hurt(
    windows: list[float | None], is_hurt: bool, recovery: int | None
) -> None:
    (answer,) = answered([(1_000, "change")], windows)
    assert (answer.is_hurt, answer.recovery) == (is_hurt, recovery)


def test_an_error_is_back_within_ten_percent() -> None:
    (answer,) = answered([(500, "change")], [1.0, 1.0, 2.0, 1.2, 1.09], is_share=False)
    assert answer.recovery == 750


def test_the_next_change_ends_the_count() -> None:
    first, second = answered([(500, "change"), (1_000, "change")], [0.9, 0.9, 0.6, 0.6, 0.9])
    assert first.recovery is None
    assert second.is_hurt is False
