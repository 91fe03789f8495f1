"""The rules as checked in: rendered, understood by Prometheus, firing where they must and only there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import generate_latest

from monitor.alerts import Alert, Links, alerts_for, recordings, render
from monitor.alerts.rendering import JOB, plain_yaml
from monitor.metrics import CATALOGUE, Process, registry_of
from tests.deploy.alert_scenarios import RESTART, SCENARIOS, Scenario
from tests.deploy.programs import ROOT, needed, run
from tests.monitor.metrics.made_status import board_of, full_status

PROMETHEUS = ROOT / "deploy" / "prometheus"
RULES = PROMETHEUS / "rules.yml"
RUNBOOKS = ROOT / "docs" / "runbooks.md"
WATCHDOG = "HmoeWatchdog"  # it always fires: there is nothing on which it could be quiet
OF_PROMETHEUS = {"up", "scrape_samples_scraped"}
ALERTS = alerts_for()
NAMES = {alert.name for alert in ALERTS}


def test_what_is_checked_in_is_what_is_rendered() -> None:
    assert RULES.read_text(encoding="utf-8") == render()


def test_prometheus_understands_rules_and_configuration(tmp_path: Path) -> None:
    promtool = needed("promtool")
    fast = tmp_path / "fast.yml"
    fast.write_text(render(faster=60.0), encoding="utf-8")
    for what, file in (("rules", RULES), ("rules", fast), ("config", PROMETHEUS / "prometheus.yml")):
        done = run(promtool, "check", what, file)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("step", sorted({scenario.step for scenario in SCENARIOS}))
def test_every_alert_fires_where_it_must_and_nowhere_else(step: str, tmp_path: Path) -> None:
    cases = [_unit_test(scenario) for scenario in SCENARIOS if scenario.step == step]
    _require_passing(tmp_path, step, [*cases, _watchdog_test()])


def test_a_worker_that_dies_and_counts_anew_raises_no_alarm(tmp_path: Path) -> None:
    restart = Scenario("", "restart", RESTART, "")
    quiet = [
        {"eval_time": f"{minute}m", "alertname": name, "exp_alerts": []}
        for minute in range(30, 60)
        for name in sorted(NAMES - {WATCHDOG})
    ]
    _require_passing(tmp_path, "1m", [{**_unit_test(restart), "alert_rule_test": quiet}])


def _require_passing(folder: Path, step: str, tests: list[dict[str, Any]]) -> None:
    cases = {
        "rule_files": [str(RULES)],
        "evaluation_interval": step,
        # Left to itself promtool takes groups in any order, and recordings would be a step behind.
        "group_eval_order": [group["name"] for group in yaml.safe_load(render())["groups"]],
        "tests": tests,
    }
    (folder / "tests.yml").write_text(plain_yaml(cases), encoding="utf-8")
    done = run(needed("promtool"), "test", "rules", folder / "tests.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_case_where_it_fires_and_one_where_it_is_quiet() -> None:
    assert {scenario.alert for scenario in SCENARIOS if scenario.says} == NAMES - {WATCHDOG}
    assert {scenario.alert for scenario in SCENARIOS if not scenario.says} == NAMES - {WATCHDOG}
    fired = [rule for scenario in SCENARIOS if scenario.says for rule in _rules(scenario)]
    assert {alert.expr for alert in ALERTS if alert.name != WATCHDOG} == {rule.expr for rule in fired}


def test_every_alert_has_a_section_in_the_runbooks_that_says_all_four_things() -> None:
    sections = re.split(r"^## ", RUNBOOKS.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    by_name = {section.partition("\n")[0].strip(): section for section in sections}
    assert set(by_name) == NAMES
    for name, section in by_name.items():
        for part in ("**Means:**", "**Check:**", "**Do:**", "**Wake:**"):
            assert part in section, f"{name} lacks {part}"


def test_a_scrape_is_as_prometheus_likes_it(tmp_path: Path) -> None:
    boards = [board_of(full_status())]
    text = generate_latest(registry_of(boards, Process(state=tmp_path, config_hash="0123abcd")))
    done = subprocess.run(
        [needed("promtool"), "check", "metrics"], input=text, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_rules_use_only_metrics_that_exist() -> None:
    known = {name for entry in CATALOGUE for name in entry.series_names} | OF_PROMETHEUS
    recorded = {recording.record for recording in recordings()}
    for expr in (*(rule.expr for rule in recordings()), *(rule.expr for rule in ALERTS)):
        used = set(re.findall(r"\b(?:stream:)?hmoe_\w+(?::\w+)*|\bup\b|\bscrape_\w+", expr))
        assert used <= known | recorded, expr
        assert used or expr == "vector(1)", expr


def test_recorded_names_say_level_metric_and_operations() -> None:
    for recording in recordings():
        assert re.fullmatch(r"stream:hmoe_[a-z_]+:[a-z0-9_]+", recording.record)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: f"{alert.name} {alert.severity}")
def test_alerts_follow_the_style(alert: Alert) -> None:
    annotations = alert.to_dict(Links("https://x/runbooks.md", "https://x/"))["annotations"]
    assert re.fullmatch(r"Hmoe[A-Z]\w+", alert.name)
    assert annotations["summary"].endswith(".")
    assert "{{" not in annotations["summary"]
    assert annotations["runbook_url"] == f"https://x/runbooks.md#{alert.name.lower()}"
    assert annotations["dashboard_url"].startswith("https://x/")
    assert ("?stream={{ $labels.stream }}" in annotations["dashboard_url"]) == alert.is_of_stream


def _rules(scenario: Scenario) -> list[Alert]:
    """The rules that fire in a scenario."""
    return [
        alert
        for alert in ALERTS
        if alert.name == scenario.alert
        and scenario.severity in ("", alert.severity.value)
        and scenario.wait in (None, alert.wait)
        and alert.labels.get("long", "") in (scenario.windows or ("",))
    ]


def _unit_test(scenario: Scenario) -> dict[str, Any]:
    return {
        "name": f"{scenario.alert}: {scenario.what}",
        "interval": scenario.step,
        "input_series": [
            {"series": _with_labels(metric, scenario), "values": values}
            for metric, values in scenario.series.items()
        ],
        "alert_rule_test": [
            {
                "eval_time": scenario.at,
                "alertname": scenario.alert,
                "exp_alerts": [_expected(scenario, rule) for rule in _rules(scenario)]
                if scenario.says
                else [],
            }
        ],
    }


def _with_labels(metric: str, scenario: Scenario) -> str:
    name, _, more = metric.partition("{")
    job = "other" if "instance" in scenario.drops else JOB
    labels = [f'job="{job}"', 'instance="worker:8080"']
    if "stream" not in scenario.drops and name not in OF_PROMETHEUS:
        labels.append('stream="payments"')
    return f"{name}{{{','.join([*labels, *filter(None, [more.rstrip('}')])])}}}"


def _expected(scenario: Scenario, rule: Alert) -> dict[str, Any]:
    annotations = rule.to_dict(Links())["annotations"]
    stream = "" if "stream" in scenario.drops else "payments"
    page = annotations["dashboard_url"].replace("{{ $labels.stream }}", stream)
    own = {"job": JOB, "instance": "worker:8080", "stream": "payments"}
    return {
        "exp_labels": {
            "severity": rule.severity.value,
            "area": rule.area.value,
            **{label: value for label, value in own.items() if label not in scenario.drops},
            **rule.labels,
            **scenario.labels,
        },
        "exp_annotations": {
            **annotations,
            "description": scenario.says.replace("{window}", rule.labels.get("long", "")),
            "dashboard_url": page,
        },
    }


def _watchdog_test() -> dict[str, Any]:
    rule = next(alert for alert in ALERTS if alert.name == WATCHDOG).to_dict(Links())
    expected = {"exp_labels": rule["labels"], "exp_annotations": rule["annotations"]}
    at = {"eval_time": "1m", "alertname": WATCHDOG, "exp_alerts": [expected]}
    return {"name": "HmoeWatchdog: always", "interval": "1m", "input_series": [], "alert_rule_test": [at]}


def test_the_rendered_file_is_one_group_of_recordings_and_one_of_alerts() -> None:
    groups = yaml.safe_load(render())["groups"]
    assert [len(group["rules"]) for group in groups] == [len(recordings()), len(ALERTS)]
