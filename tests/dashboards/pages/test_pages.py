from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.dashboards import journals
from tests.dashboards.opened import opened


def test_now_says_how_it_is_and_what_changed_last(live: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = opened(live, monkeypatch, window="all")
    assert "Healthy" in shown.strip
    assert "Nothing to do." in shown.strip
    assert shown.figures["Experts"] == "8"
    assert shown.figures["Accuracy, last 1,000"].startswith("8")
    assert shown.figures["Label delay"] == "3.5 s"
    assert "trees/1" in shown.piece("answers")
    assert "drift" in shown.table("Events")["kind"].tolist()


def test_a_regression_has_its_own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    story = journals.Story(is_classification=False)
    shown = opened(journals.write(tmp_path / "regression.sqlite", story), monkeypatch)
    assert "MAE, last 1,000" in shown.figures


def test_gates_show_groups_the_leaves_of_one_group_domains_and_the_map(
    live: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = opened(live, monkeypatch, "gates", window="all")
    assert "Share of the gate over records: regions, trees, always on" in shown.charts
    assert shown.chart("Sample records and the centres")
    assert shown.app.selectbox(key="domain").options == ["label", "district"]
    one = opened(live, monkeypatch, "gates", group="trees", domain="district")
    assert "Share of the gate over records: 0, 1, 2" in one.charts
    assert [words for words in one.charts if words.endswith("in the records of each district")]


def test_gates_without_samples_say_so(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = opened(journal, monkeypatch, "gates")
    assert "keeps no sample records yet" in shown.words
    assert len(shown.charts) == 2


def test_drift_says_what_drifted_when_which_expert_and_which_feature(
    live: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = opened(live, monkeypatch, "drift", window="all")
    assert "about record 8,000, seen at record 8,600, 600 records later" in shown.words
    assert "trees/1" in shown.piece("answers")
    shifts = [alt for alt in shown.charts if alt.startswith("Shift of each feature")]
    assert shifts
    assert shown.app.number_input[1].value == 8_000
    assert shown.chart("Share of the gate before and after")


def test_the_threshold_lab_answers_for_another_threshold(live: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = opened(live, monkeypatch, "drift", window="all")
    usual = shown.table("Numbers of alarms")
    shown.app.select_slider(key="arl").set_value(10_000_000)
    strict = shown.run().table("Numbers of alarms")
    assert strict["raised"].tolist() == usual["raised"].tolist()
    assert strict["would"].sum() < usual["would"].sum()


def test_two_windows_can_be_chosen_freely(live: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = opened(live, monkeypatch, "drift", window="all", length="1000")
    shown.app.number_input[0].set_value(2_000)
    shown.app.number_input[1].set_value(12_000)
    captions = [caption.value for caption in shown.run().app.caption]
    assert "Compared: records 2,000 to 3,000 against 12,000 to 13,000." in captions


def test_drift_without_evidence_says_why(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "No evidence yet" in opened(journal, monkeypatch, "drift").words


def test_experts_are_a_tree_a_table_and_a_lineage(live: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = opened(live, monkeypatch, "experts")
    assert shown.chart("Groups and their experts")
    assert len(shown.table("Experts:")) == 8
    assert "all have served since the first record" in shown.words


def test_an_expert_has_a_page_of_its_own_with_what_it_serves(
    live: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = opened(live, monkeypatch, "experts", expert="trees/1", window="all")
    assert shown.figures["Sample records that it leads"] == "50"
    assert shown.chart("Loss of trees/1")
    assert set(shown.table("Features of the records of trees/1")["feature"]) >= {"age", "load"}
    assert set(shown.table("Sample records that trees/1")["label"]) == {"late"}


def test_actions_tell_an_episode_from_drift_to_outcome(live: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = opened(live, monkeypatch, "actions", window="all")
    timeline = shown.piece("timeline")
    stages = ["Drift", "Diagnosis", "Test", "Promotion", "Outcome"]
    places = [timeline.index(f">{stage}<") for stage in stages]
    assert places == sorted(places)
    assert shown.table("Episodes:")["outcome"].tolist() == ["promoted"]
    assert shown.table("Paired tests")["verdict"].tolist() == ["better", "running"]
    assert shown.table("Known changes")["seen"].tolist() == ["after 600 records"]
    assert "Errors avoided since record 1,000" in shown.figures


def test_actions_of_a_controller_that_never_acted_and_of_none(
    tmp_path: Path, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calm = journals.write(tmp_path / "calm.sqlite", journals.Story(is_controlled=True, changes=()))
    assert "Nothing was done" in opened(calm, monkeypatch, "actions").words
    assert "no controller" in opened(journal, monkeypatch, "actions").words


def test_data_balance_add_up_and_bad_messages_are_shown(live: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = opened(live, monkeypatch, "data", window="all")
    assert "22,200 records received = 19,900 learned + 2,000 waiting for a label" in shown.words
    assert "20,000 labels received = 20,000 joined" in shown.words
    assert shown.table("Messages that could not")["field"].tolist() == ["age"]
    assert shown.table("Features:")["feature"].iloc[0] == "load"
    assert shown.chart("Mean label delay")


def test_data_of_a_run_without_a_service_know_what_was_read(
    journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = opened(journal, monkeypatch, "data").words
    assert "20,000 records read = 19,997 predicted and learned + 3 rejected." in words


def test_compare_tells_how_to_make_what_is_missing_and_shows_what_is_there(
    real_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "No comparison lies at" in opened(real_run, monkeypatch, "compare").words
    results = real_run / "compare.json"
    try:
        results.write_text(json.dumps({"results": [{"model": "stream-hmoe", "accuracy": 0.83}]}))
        table = opened(real_run, monkeypatch, "compare").table("Results of the comparison")
        assert table["model"].tolist() == ["stream-hmoe"]
        results.write_text("{")
        assert "cannot be read" in opened(real_run, monkeypatch, "compare").words
    finally:
        results.unlink()


def test_system_shows_how_the_process_fares(live: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = opened(live, monkeypatch, "system")
    assert shown.figures["Latency, 99 of 100"] == "2.1 ms"
    assert shown.figures["Checkpoint age"] == "7 s"
    assert [words.split(" over")[0] for words in shown.charts] == ["Throughput", "Lag", "Latency", "Memory"]
    assert "No Prometheus was named" in shown.words


@contextmanager
def prometheus(content: Any) -> Iterator[str]:
    """A server that answers like Prometheus."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        def log_message(self, format: str, *args: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_system_shows_the_alerts_of_prometheus(live: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alert = {
        "labels": {"alertname": "HmoeDrift", "severity": "warning", "stream": "parcels"},
        "annotations": {"summary": "Drift.", "runbook_url": "https://wiki.example/runbooks#hmoedrift"},
        "state": "firing",
        "activeAt": "2026-01-01T00:00:00.123456789Z",
    }
    with prometheus({"status": "success", "data": {"alerts": [alert]}}) as address:
        shown = opened(live, monkeypatch, "system", "--prometheus", address)
    (row,) = shown.table("Alerts").to_dict("records")
    assert (row["name"], row["state"], row["stream"]) == ("HmoeDrift", "firing", "parcels")


def test_system_says_when_no_alert_fires_and_when_prometheus_cannot_be_asked(
    live: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with prometheus({"status": "success", "data": {"alerts": []}}) as address:
        assert (
            "None is pending or firing" in opened(live, monkeypatch, "system", "--prometheus", address).words
        )
    words = opened(live, monkeypatch, "system", "--prometheus", "http://127.0.0.1:1").words
    assert "Prometheus is not reachable" in words
