"""Who is told, and what is not told because something else says more."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from monitor.alerts import Alert, alerts_for
from tests.deploy.programs import ROOT, needed, run
from tests.deploy.watching import alertmanager, ask, wait_until

CONFIG = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"
RECEIVER = {"critical": "pager", "warning": "desk", "none": "sign-of-life"}
Labels = dict[str, str]


def labels(name: str, severity: str, area: str, stream: str = "payments", instance: str = "a:1") -> Labels:
    own = {"alertname": name, "severity": severity, "area": area, "job": "hmoe", "instance": instance}
    return {**own, "stream": stream} if stream else own


def test_amtool_understands_it() -> None:
    done = run(needed("amtool"), "check-config", CONFIG)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("alert", alerts_for(), ids=lambda alert: f"{alert.name} {alert.severity}")
def test_every_alert_is_routed_by_its_severity(alert: Alert) -> None:
    wanted = labels(alert.name, alert.severity.value, alert.area.value)
    done = run(
        needed("amtool"), "config", "routes", "test", f"--config.file={CONFIG}",
        f"--verify.receivers={RECEIVER[alert.severity.value]}",
        *(f"{key}={value}" for key, value in wanted.items()),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def silenced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, str, str], bool]]:
    """(name, stream, instance) -> whether it was inhibited while all of ``FIRING`` fire."""
    firing = [{"labels": entry, "annotations": {}} for entry, _ in FIRING]
    with alertmanager(tmp_path_factory.mktemp("alertmanager"), "http://127.0.0.1:9") as (address, process):
        ask(f"{address}/api/v2/alerts", json.dumps(firing).encode())

        def known() -> dict[tuple[str, str, str], bool]:
            return {
                (
                    alert["labels"]["alertname"] + " " + alert["labels"]["severity"],
                    alert["labels"].get("stream", ""),
                    alert["labels"]["instance"],
                ): bool(alert["status"]["inhibitedBy"])
                for alert in ask(f"{address}/api/v2/alerts")
                if alert["status"]["state"] != "unprocessed"
            }

        assert wait_until(lambda: len(known()) == len(FIRING), process, 30)
        yield known()


FIRING: list[tuple[Labels, bool]] = [
    (labels("HmoeWorkerDown", "critical", "worker", "down"), False),
    (labels("HmoeDriftHarmful", "critical", "drift", "down"), True),
    (labels("HmoeDrift", "warning", "drift", "down"), True),
    (labels("HmoeWatchdog", "none", "worker", "down"), False),
    (labels("HmoeDriftHarmful", "critical", "drift", "down", "b:2"), False),
    (labels("HmoeDriftHarmful", "critical", "drift", "worse"), False),
    (labels("HmoeDrift", "warning", "drift", "worse"), True),
    (labels("HmoeRollback", "warning", "model", "worse"), False),
    (labels("HmoeDrift", "warning", "drift", "other"), False),
    (labels("HmoeStreamHalted", "critical", "flow", "halted"), False),
    (labels("HmoeNoEvents", "critical", "flow", "halted"), True),
    (labels("HmoeCheckpointStale", "critical", "state", "halted"), True),
    (labels("HmoeDLQRate", "warning", "flow", "halted"), True),
    (labels("HmoeDiskFull", "critical", "state", ""), False),
]


@pytest.mark.parametrize(("entry", "is_silenced"), FIRING, ids=lambda value: str(value)[:90])
def test_what_is_not_news_is_silenced(
    entry: Labels, is_silenced: bool, silenced: dict[tuple[str, str, str], bool]
) -> None:
    key = (f"{entry['alertname']} {entry['severity']}", entry.get("stream", ""), entry["instance"])
    assert silenced[key] == is_silenced
