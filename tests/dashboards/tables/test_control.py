from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from dashboards.tables import control
from dashboards.words import Metric
from monitor.control.known_changes import Answer
from tests.dashboards import journals

ACCURACY = Metric("accuracy", is_share=True)
ANSWER = Answer(8_000, "rules swapped", 600, 1, "challengers: renew", "promoted", True, 2_250)


def evidence(*rows: tuple[int, str, float | None, float]) -> pd.DataFrame:
    full = [(*row, 0) for row in rows]
    return pd.DataFrame(full, columns=["record", "signal", "evidence_nats", "threshold_nats", "level"])


def test_the_signals_nearest_to_their_thresholds_are_drawn() -> None:
    table = evidence((250, "a", 9.0, 10.0), (250, "b", 3.0, 3.5), (250, "c", 1.0, 9.0), (250, "d", None, 9.0))
    lines = control.evidence_lines(table, 2)
    assert lines.signals == ("a", "b")
    assert lines.num_left_out == 2
    assert set(lines.rows["signal"]) == {"a", "b"}
    assert control.evidence_lines(table, 4).num_left_out == 0


def test_an_episode_is_one_row_of_words(tmp_path: Path) -> None:
    story = journals.Story(is_controlled=True)
    snapshot = journals.snapshot(journals.write(tmp_path / "controlled.sqlite", story), None)
    (row,) = control.episode_table(snapshot.episodes, ACCURACY).to_dict("records")
    assert row["record"] == 8_600
    assert row["moved"] == "group trees, gate entropy, gate weights, loss given gate, trees/1"
    assert row["diagnosis"] == "covariate and concept drift"
    assert row["test"] == "renew better; retrain running"
    assert row["metric"].count("%") == 3


def test_the_newest_stands_first() -> None:
    table = control.answer_table([ANSWER, replace(ANSWER, record=9_000)])
    assert table["record"].tolist() == [9_000, 8_000]
    assert control.episode_table([], ACCURACY).empty


@pytest.mark.parametrize(
    ("answer", "seen", "back"),
    [
        (ANSWER, "after 600 records", "after 2,250 records"),
        (replace(ANSWER, delay=None, recovery=None), "not seen", "not yet"),
        (replace(ANSWER, is_hurt=False, recovery=0), "after 600 records", "not hurt"),
        (replace(ANSWER, is_hurt=False, recovery=None), "after 600 records", "-"),
    ],
)
def test_delay_and_recovery_in_words(answer: Answer, seen: str, back: str) -> None:
    (row,) = control.answer_table([answer]).to_dict("records")
    assert (row["seen"], row["back"]) == (seen, back)
    assert row["action"] == "challengers: renew"


def test_the_tests_of_an_episode_are_rows_with_what_was_needed(tmp_path: Path) -> None:
    story = journals.Story(is_controlled=True)
    snapshot = journals.snapshot(journals.write(tmp_path / "controlled.sqlite", story), None)
    table = control.test_table(snapshot.episodes[0])
    assert table["plan"].tolist() == ["renew", "retrain"]
    assert table["verdict"].tolist() == ["better", "running"]


def test_of_many_points_the_strongest_stays() -> None:
    rows = [(250 * n, signal, 5.0 if n == 777 else 1.0, 9.0) for n in range(1, 2_001) for signal in "ab"]
    lines = control.evidence_lines(evidence(*rows), 2)
    assert len(lines.rows) <= control.MOST_VALUES
    assert lines.rows.groupby("signal")["evidence_nats"].max().tolist() == [5.0, 5.0]
    assert lines.rows["record"].max() == 250 * 2_000
