"""From the status of a stream to the person: scraped, judged, routed, delivered, taken back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from monitor.alerts import render
from monitor.metrics import MetricsServer, registry_of
from tests.brokers import produce
from tests.deploy.composed import Composed, composed
from tests.deploy.paged import Paged
from tests.deploy.watching import (
    QUICK_OPTIONS,
    ask,
    free_port,
    quick_alertmanager,
    quick_prometheus,
    wait_until,
    watching,
)
from tests.monitor.metrics.made_status import board_of, full_status

CHANGE = 6_000
FASTER = 60.0
QUICKLY = {
    "deploy/prometheus/prometheus.yml": quick_prometheus,
    "deploy/prometheus/rules.yml": lambda _: render(faster=FASTER),
    "deploy/alertmanager/alertmanager.yml": quick_alertmanager,
}
WORKER = {
    "HMOE__CHECKPOINT__SECONDS": "1",
    "HMOE__STREAMS__0__LABELS__MAX_AGE_SECONDS": "2",
    "HMOE__STREAMS__0__MODEL__ARL": "10000000",  # no false alarm before the change
}


def test_a_drift_reaches_the_pager_and_a_dead_worker_silences_it(tmp_path: Path) -> None:
    calm = replace(full_status(), levels={}, drift_counts={})
    board = board_of(calm)
    port = free_port()
    target = f"127.0.0.1:{port}"
    drift = {"alertname": "HmoeDrift", "stream": "payments", "signal": "gate shares"}
    down = {"alertname": "HmoeWorkerDown", "stream": "payments"}
    with watching(tmp_path, target) as watched:
        pager = watched.pager
        with MetricsServer(registry_of([board]), "127.0.0.1", port):
            assert pager.wait_for("firing", 30, alertname="HmoeWatchdog")
            assert watched.wait_for('hmoe_drift_detections_total{signal="gate shares"} == 0')
            board.current = replace(calm, drift_counts={"gate shares": 1}, levels={"gate shares": 2})
            page = pager.wait_for("firing", 60, **drift)
            assert page is not None
            assert page.receiver == "desk"
            assert page.annotations["description"] == (
                f"gate shares of stream payments on {target} drifted within the last 10 minutes."
            )
            assert page.annotations["dashboard_url"].endswith("?stream=payments")
            board.current = replace(board.current, drift_counts={"gate shares": 9})
        assert pager.wait_for("firing", 60, **down)

        def is_silenced() -> bool:
            alerts = ask(f"{watched.alertmanager}/api/v2/alerts?filter=alertname=HmoeDrift")
            return all(alert["status"]["inhibitedBy"] for alert in alerts)

        assert wait_until(is_silenced, watched.process, 30)
        board.current = replace(board.current, levels={})
        with MetricsServer(registry_of([board]), "127.0.0.1", port):
            assert pager.wait_for("resolved", 60, **down)
            assert pager.wait_for("resolved", 60, **drift)


def test_the_whole_stack_tells_drift_death_missing_labels_and_rubbish(tmp_path: Path) -> None:
    with composed(tmp_path, QUICKLY, {"prometheus": QUICK_OPTIONS}, {"worker": WORKER}) as stack:
        stack.up(*(name for name in stack.services if name != "producer"))
        pager = Paged(stack)
        pager.wait_for("firing", 30, alertname="HmoeWatchdog")
        _drift(stack, pager)
        _death(stack, pager)
        _missing_labels(stack, pager)
        assert pager.names() <= {"HmoeWatchdog", "HmoeDrift", "HmoeWorkerDown", "HmoeLabelsMissing"}
        _rubbish(stack, pager)


def _drift(stack: Composed, pager: Paged) -> None:
    """The stream changes at a known record; somebody hears of it within a minute."""
    stack.start(
        "producer", "--rate=1500", "--label-delay=0.2", f"--change-at={CHANGE}", f"--records={2 * CHANGE}"
    )
    producer = stack.processes["producer"]
    assert wait_until(lambda: "changes: hills" in stack.log("producer"), producer, 60)
    seconds = pager.wait_for(
        "firing", 60, alertname="HmoeDrift", stream="deliveries", signal="loss given gate"
    )
    print(f"from the change to the page: {seconds:.1f} s")
    (page,) = pager.pages(alertname="HmoeDrift", signal="loss given gate")
    assert page["receiver"] == "desk"
    assert page["annotations"]["dashboard_url"].endswith("?stream=deliveries")
    drifts = ask(f"http://{stack.address('worker', 8080)}/drift/events")["events"]
    assert min(drift["record"] for drift in drifts if drift["level"] == "drift") > CHANGE


def _death(stack: Composed, pager: Paged) -> None:
    """The worker is killed; it comes back where it was, and what was told is taken back."""
    stack.kill("worker")
    down = {"alertname": "HmoeWorkerDown", "stream": "deliveries"}
    print(f"from death to the page: {pager.wait_for('firing', 60, **down):.1f} s")
    stack.start("worker")
    print(f"from the start to the end of the alarm: {pager.wait_for('resolved', 60, **down):.1f} s")
    assert '"resumed"' in stack.log("worker")
    stack.processes["producer"].wait(60)
    print(f"until drifts were over: {pager.wait_for('resolved', 60, alertname='HmoeDrift'):.1f} s")


def _missing_labels(stack: Composed, pager: Paged) -> None:
    """Records go on, their labels do not come."""
    stack.start("producer", "--rate=1500", "--label-ratio=0", "--seed=1")
    missing = {"alertname": "HmoeLabelsMissing", "stream": "deliveries"}
    print(f"from the last label to the page: {pager.wait_for('firing', 60, **missing):.1f} s")
    stack.terminate("producer")


def _rubbish(stack: Composed, pager: Paged) -> None:
    """Nothing that comes can be read: the stream stands still until somebody starts it again."""
    produce(stack.address("kafka", 9092), "deliveries", {0: [(0, b"rubbish")] * 1_000})
    halted = {"alertname": "HmoeStreamHalted", "stream": "deliveries", "reason": "dead letters"}
    print(f"from rubbish to the page: {pager.wait_for('firing', 60, **halted):.1f} s")
    assert stack.terminate("worker") == 0
    stack.start("worker")
    pager.wait_for("resolved", 60, **halted)
