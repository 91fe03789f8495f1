"""What ``hmoe rules render`` takes and gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from monitor.alerts import alerts_for, render
from tests.monitor.command import inside


def rules_of(text: str) -> dict[str, dict[str, Any]]:
    rules = yaml.safe_load(text)["groups"][1]["rules"]
    return {f"{rule['alert']} {rule['labels'].get('long', '')}".strip(): rule for rule in rules}


def test_thresholds_and_links_end_up_in_the_rules(tmp_path: Path) -> None:
    options = {
        "--lag": "77", "--objective": "0.999", "--dlq-ratio": "0.07", "--label-ratio": "0.37",
        "--loss-rise": "0.25", "--recovery": "33", "--dead-ratio": "0.77", "--adaptations": "3",
        "--challenge": "44", "--checkpoint": "3", "--free": "1", "--samples": "123", "--job": "learners",
        "--runbooks": "https://x/runbooks", "--dashboard": "https://y/", "--output": "rules.yml",
    }  # fmt: skip
    done = inside(["rules", "render", *(part for pair in options.items() for part in pair)], tmp_path)
    assert done.exit_code == 0, done.error
    rules = rules_of((tmp_path / "rules.yml").read_text(encoding="utf-8"))
    assert "> 77" in rules["HmoeLagGrowing"]["expr"]
    assert "> 0.0144" in rules["HmoeErrorBudgetBurn 1h"]["expr"]
    assert "> 0.07 *" in rules["HmoeDLQRate"]["expr"]
    assert "> 0.37 *" in rules["HmoeLabelsMissing"]["expr"]
    assert "> 0.25" in rules["HmoeDriftHarmful"]["expr"]
    assert rules["HmoeDriftHarmful"]["for"] == "33m"
    assert "> 0.77 *" in rules["HmoeDeadExperts"]["expr"]
    assert "> 3e-05 *" in rules["HmoeFlappingAdaptation"]["expr"]
    assert rules["HmoeChallengerStuck"]["for"] == "44m"
    assert "> 180" in rules["HmoeCheckpointStale"]["expr"]
    assert "< 1073741824" in rules["HmoeDiskFull"]["expr"]
    assert "> 123" in rules["HmoeCardinalityHigh"]["expr"]
    assert 'up{job="learners"}' in rules["HmoeWorkerDown"]["expr"]
    annotations = rules["HmoeDrift"]["annotations"]
    assert annotations["runbook_url"] == "https://x/runbooks#hmoedrift"
    assert annotations["dashboard_url"] == "https://y/?stream={{ $labels.stream }}"


def test_standard_output_has_the_usual_rules(tmp_path: Path) -> None:
    assert inside(["rules", "render"], tmp_path).out == render()


@pytest.mark.parametrize(
    ("option", "value", "field"),
    [("--objective", "0.5", "objective"), ("--dlq-ratio", "1", "dlq_ratio"), ("--recovery", "0", "recovery")],
)
def test_thresholds_without_sense_are_refused(option: str, value: str, field: str, tmp_path: Path) -> None:
    done = inside(["rules", "render", option, value], tmp_path)
    assert done.exit_code == 2
    assert field in done.error
    assert value in done.error


def test_faster_shortens_windows_waits_and_offsets_but_no_threshold() -> None:
    usual, fast = rules_of(render()), rules_of(render(faster=60.0))
    assert list(usual) == list(fast)
    assert "[10m]" in usual["HmoeDrift"]["expr"]
    assert "[10s]" in fast["HmoeDrift"]["expr"]
    assert fast["HmoeWorkerDown"]["for"] == "1s"
    assert fast["HmoeLagGrowing"]["expr"].startswith("stream:hmoe_consumer_lag_records:sum > 10000")
    recorded = {
        rule["record"]: rule["expr"] for rule in yaml.safe_load(render(faster=60.0))["groups"][0]["rules"]
    }
    assert "[360s] offset 30s" in recorded["stream:hmoe_loss:usual6h"]
    assert "[5s]" in recorded["stream:hmoe_event_errors:ratio_rate5m"]


def test_alerts_of_one_name_and_severity_are_told_apart() -> None:
    keys = [(alert.name, alert.severity, alert.labels.get("long"), alert.summary) for alert in alerts_for()]
    assert len(keys) == len(set(keys))
