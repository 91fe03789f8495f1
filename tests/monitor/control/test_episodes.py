"""Episodes are told as they went, whichever way they went."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
import pytest

from monitor.control.episodes import Episode, episodes_of, metric_at
from monitor.control.explanation import explain
from monitor.journal.sentences import decision_event, drift_event
from stream_hmoe.controller import ControllerSettings
from stream_hmoe.events import Decided, Drifted, Evidence, Level, Verdict, Watched
from tests.monitor.journal.made_control import decided, reading

SETTINGS = ControllerSettings(settle_records=100, patience_records=0, cool_down_records=200, rollbacks=1)
COLUMNS = ["record", "kind", "signal", "level", "statistic", "message", "detail"]
CHALLENGED = "challengers: retrain"
NO_EVIDENCE = pd.DataFrame(columns=["record", "signal", "evidence_nats", "threshold_nats", "level"])
INTERVALS = pd.DataFrame(
    {"record": range(250, 3_001, 250), "metric_window": [0.9, 0.9, 0.9, 0.7, 0.65, 0.7, *[0.89] * 6]}
)


def told(watched: Sequence[Watched], drifts: Sequence[Drifted] = ()) -> list[Episode]:
    decisions = [fact for fact in decided(list(watched), SETTINGS) if isinstance(fact, Decided)]
    rows = [*map(decision_event, decisions), *map(drift_event, drifts)]
    values = [[getattr(row, name) for name in COLUMNS] for row in sorted(rows, key=lambda row: row.record)]
    return episodes_of(pd.DataFrame(values, columns=COLUMNS), INTERVALS, NO_EVIDENCE)


def course(*loud: tuple[int, Watched], until: int = 3_000) -> list[Watched]:
    """Quiet moments every 50 records but for the given ones."""
    by_record = dict(loud)
    return [
        replace(by_record[record], record=record) if record in by_record else reading(record, 0.0)
        for record in range(50, until + 1, 50)
    ]


ALARM = reading(0, 1.1, 1.2)
SETTLED = replace(reading(0, 0.0), rise=0.2, rise_lower=0.1, change_point=800)
BETTER = replace(reading(0, 0.0), challengers=Verdict.BETTER)
WORSE = replace(reading(0, 0.0), is_worse=True)


@pytest.mark.parametrize(
    ("watched", "action", "outcome"),
    [
        (
            course((1_000, ALARM), (1_100, SETTLED), (1_200, BETTER)),
            CHALLENGED,
            "promoted",
        ),
        (
            course((1_000, ALARM), (1_100, SETTLED), (1_200, BETTER), (1_300, WORSE)),
            CHALLENGED,
            "held: promotions were taken back too often",
        ),
        (
            course(
                (1_000, ALARM),
                (1_100, SETTLED),
                (1_200, replace(BETTER, challengers=Verdict.NOT_BETTER)),
            ),
            CHALLENGED,
            "no challenger was better, the model stayed",
        ),
        (
            course((1_000, reading(0, 1.1))),
            "new reference",
            "the model stayed: no harm was done",
        ),
        (
            course((1_000, ALARM)),
            "new reference",
            "the model stayed: acting was not worth it",
        ),
        (course((1_000, reading(0, 0.7))), "watched", "calm again by itself"),
        (course((1_000, ALARM), until=1_050), "watched", "under way: alarm"),
        (
            course((1_000, ALARM), (1_100, SETTLED), (1_200, BETTER), until=1_250),
            CHALLENGED,
            "promoted, still watched",
        ),
    ],
)
def test_every_way_an_episode_can_go(watched: list[Watched], action: str, outcome: str) -> None:
    (episode,) = told(watched)
    assert (episode.action, episode.outcome) == (action, outcome)


def test_the_metric_is_told_before_the_change_at_the_alarm_and_at_the_end() -> None:
    (episode,) = told(course((1_000, ALARM), (1_100, SETTLED), (1_200, BETTER)))
    assert (episode.change_point, episode.alarm, episode.end) == (800, 1_000, 1_400)
    assert episode.metric_before == 0.9
    assert episode.metric_at_alarm == 0.7
    assert episode.metric_after == 0.7
    assert explain(episode, "accuracy", True, 1_000)["did it help"][-1] == "no better than at the alarm"


def test_an_episode_under_way_is_compared_with_now() -> None:
    (episode,) = told(course((1_000, replace(ALARM, change_point=800)), until=1_050))
    assert episode.end is None
    assert episode.metric_after == 0.89
    assert explain(episode, "accuracy", True, 1_000)["did it help"] == [
        "accuracy of the last 1,000 records: 90.0 % before, 70.0 % at the alarm, 89.0 % now",
        "back to what it was",
    ]


def test_a_smaller_error_is_a_better_one() -> None:
    (episode,) = told(course((1_000, ALARM), until=1_050))
    error = replace(episode, metric_before=1.0, metric_at_alarm=2.0, metric_after=1.5)
    assert explain(error, "absolute error", False, 1_000)["did it help"] == [
        "absolute error of the last 1,000 records: 1 before, 2 at the alarm, 1.5 now",
        "better than at the alarm, not yet what it was",
    ]


def test_drifted_signals_of_the_episode_are_named_with_their_features() -> None:
    drifts = [
        Drifted(1_000, "group trees", Level.DRIFT, 9.9, {"features": ["humidity", "day"]}),
        Drifted(2_500, "gate entropy", Level.DRIFT, 1.0, {"features": ["later"]}),
    ]
    (episode,) = told(course((1_000, ALARM)), drifts)
    assert episode.signals == ("group trees", "gate weights", "loss given gate")
    assert episode.features == ("humidity", "day")
    assert explain(episode, "accuracy", True, 1_000)["where"] == ["features humidity, day"]


def test_an_episode_without_its_beginning_is_left_out() -> None:
    watched = course((1_000, ALARM), (2_000, reading(0, 0.7)))
    decisions = [decision_event(fact) for fact in decided(watched, SETTINGS) if isinstance(fact, Decided)]
    values = [[getattr(row, name) for name in COLUMNS] for row in decisions[1:]]
    found = episodes_of(pd.DataFrame(values, columns=COLUMNS), INTERVALS, NO_EVIDENCE)
    assert [episode.number for episode in found] == [2]


def test_harm_while_an_episode_cools_down_begins_the_next_one() -> None:
    harm = replace(reading(0, 0.0, 1.2), change_point=1_150)
    first, second = told(course((1_000, reading(0, 1.1)), (1_200, harm)))
    assert (first.begin, first.end, first.alarm) == (1_000, 1_200, 1_000)
    assert (second.number, second.begin, second.alarm) == (2, 1_200, 1_200)


def test_a_metric_of_zero_is_a_metric() -> None:
    zero = pd.DataFrame({"record": [250, 500], "metric_window": [0.0, None]})
    assert metric_at(zero, 200) == 0.0
    assert metric_at(zero, 400) is None
    assert metric_at(zero, 900) is None
    assert metric_at(zero, None) is None


def test_what_was_not_sure_to_pay_is_said_so() -> None:
    (episode,) = told(course((1_000, ALARM), (1_100, replace(SETTLED, rise_lower=-0.1))))
    assert explain(episode, "accuracy", True, 1_000)["what it was"] == [
        "covariate and concept drift",
        "given the gates the loss rose by 0.200 a record (at least -0.100)",
        "it was not sure that acting would save anything",
    ]


def test_only_loud_signals_are_told_and_no_evidence_at_all_is_not_a_number() -> None:
    none_yet = Evidence("never measured", -math.inf, math.inf, Level.STABLE)
    alarm = reading(0, 1.1, 0.1)
    (episode,) = told(course((1_000, replace(alarm, evidence=(*alarm.evidence, none_yet)))))
    assert [entry["signal"] for entry in episode.evidence] == ["gate weights", "loss given gate"]
    sure = explain(episode, "accuracy", True, 1_000)["how sure"]
    assert [words.split(":")[0] for words in sure] == ["gate weights"]
