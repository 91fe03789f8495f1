"""From the status of a stream to the person: scraped, judged, routed, delivered, taken back."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from monitor.metrics import MetricsServer, registry_of
from tests.deploy.watching import ask, free_port, wait_until, watching
from tests.monitor.command import kill, start
from tests.monitor.metrics.made_status import board_of, full_status

FIRST_CHANGE = 6_000  # of the demo's stream: the hills turn


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


def test_a_real_run_that_drifts_dies_and_comes_back_is_told_at_every_step(tmp_path: Path) -> None:
    port = free_port()
    arguments = ["demo", "--no-dashboard", "--quiet", "--rate", "2000", "--metrics-port", str(port)]
    down = {"alertname": "HmoeWorkerDown", "stream": "default"}
    with watching(tmp_path, f"127.0.0.1:{port}") as watched, ExitStack() as stack:
        pager = watched.pager
        process = stack.enter_context(start(arguments, tmp_path))
        stack.callback(process.kill)
        assert watched.wait_for(f"hmoe_account_received_records >= {FIRST_CHANGE}", 120)
        changed_seconds = time.monotonic()
        drift = {"alertname": "HmoeDrift", "stream": "default", "signal": "loss given gate"}
        assert pager.wait_for("firing", 60, **drift)
        assert time.monotonic() - changed_seconds < 60
        kill(process)
        assert pager.wait_for("firing", 60, **down)
        again = stack.enter_context(start([*arguments, "--resume"], tmp_path))
        stack.callback(again.kill)
        assert pager.wait_for("resolved", 60, **down)
