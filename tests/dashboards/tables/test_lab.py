from __future__ import annotations

import pandas as pd

from dashboards.charts.lab import CERTAIN, POSSIBLE, REAL
from dashboards.tables.lab import alarm_rows, alarm_table
from monitor.control.simulation import simulate

COLUMNS = ["record", "signal", "evidence_nats", "threshold_nats", "level"]


def evidence(*nats: float) -> pd.DataFrame:
    rows = [(250 * (n + 1), "gate shares", value, 9.0, 0) for n, value in enumerate(nats)]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_a_lower_threshold_fires_earlier_and_what_follows_is_uncertain() -> None:
    found = simulate(evidence(2.0, 7.5, 9.5, 1.0, 8.0), 1_000.0)
    rows = alarm_rows(found)
    assert rows[["record", "kind"]].to_numpy().tolist() == [[500, CERTAIN], [750, REAL], [1_250, POSSIBLE]]
    assert alarm_table(found).to_dict("records") == [
        {"signal": "gate shares", "raised": 1, "would": 1, "may": 1, "unknown": 0}
    ]


def test_a_higher_threshold_leaves_a_real_alarm_unknown() -> None:
    (counts,) = alarm_table(simulate(evidence(2.0, 9.5, 1.0), 1e9)).to_dict("records")
    assert (counts["raised"], counts["would"], counts["unknown"]) == (1, 0, 1)
