from __future__ import annotations

import json

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from dashboards.tables.events import event_table, markers

EVENT_COLUMNS = ["id", "record", "time_seconds", "kind", "signal", "level", "statistic", "message", "detail"]


def events(*rows: tuple[int, str, str, int]) -> pd.DataFrame:
    """A table of events from (record, kind, signal, level)."""
    full = [
        (n, r, 0.0, kind, signal, level, 0.0, f"it was {kind}", "{}")
        for n, (r, kind, signal, level) in enumerate(rows)
    ]
    return pd.DataFrame(full, columns=EVENT_COLUMNS)


def test_a_drift_says_how_long_after_the_change_it_was_seen() -> None:
    table = event_table(
        events(
            (100, "drift", "x", 2),
            (500, "change point", "", 0),
            (1_700, "drift", "x", 2),
            (1_900, "drift", "x", 0),
        )
    )
    assert table["record"].tolist() == [1_900, 1_700, 500, 100]
    assert table["message"].tolist()[0] == "it was drift"
    assert table["message"].tolist()[1] == "it was drift, 1,200 records after the known change"
    assert table["message"].tolist()[3] == "it was drift"
    assert table["level"].tolist() == ["\u2713 stable", "\u25b2 drift", "", "\u25b2 drift"]


def test_drifts_close_together_share_a_marker_that_names_them() -> None:
    table = events(
        (100, "drift", "a", 2), (120, "drift", "b", 2), (130, "drift", "a", 0), (900, "drift", "c", 2)
    )
    marks = markers(table, "drift", nearest=50)
    assert marks.to_dict("list") == {"record": [100, 900], "text": ["a, b", "c"]}


def test_a_marker_names_at_most_four_signals() -> None:
    table = events(*((100, "drift", signal, 2) for signal in "abcdefa"))
    assert markers(table, "drift", nearest=0)["text"].tolist() == ["a, b, c and 3 more"]


def test_no_events_give_no_markers() -> None:
    marks = markers(events(), "drift", nearest=50)
    assert marks.empty
    assert marks.columns.tolist() == ["record", "text"]


@given(st.lists(st.integers(0, 10_000), max_size=60), st.integers(0, 500))
def test_markers_lie_further_apart_than_asked(records: list[int], nearest: int) -> None:
    marks = markers(events(*((r, "drift", "a", 2) for r in sorted(records))), "drift", nearest)
    assert (marks["record"].diff().dropna() > nearest).all()
    assert set(marks["record"]) <= set(records)


def test_only_what_changes_the_model_is_marked_as_an_action() -> None:
    table = events(*((100 * n, "decision", "", 0) for n in range(3)), (900, "restructured", "", 0))
    deeds = ["none", "promote the challenger", "take a new reference", ""]
    table["detail"] = [json.dumps({"action": deed}) for deed in deeds]
    assert markers(table, "action", nearest=0)["record"].tolist() == [100, 900]
