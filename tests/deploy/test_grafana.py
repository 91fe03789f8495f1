"""The Grafana dashboards: generated, of metrics that exist, in PromQL that is understood, with data."""

from __future__ import annotations

import json
import re
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import yaml

from deploy.grafana.generate import FOLDER, generated
from deploy.grafana.panels import DASHBOARDS
from monitor.alerts import recordings
from monitor.alerts.rendering import plain_yaml
from monitor.metrics import CATALOGUE
from tests.deploy.composed import Composed
from tests.deploy.programs import ROOT, needed, run
from tests.deploy.watching import ask

OF_PROMETHEUS = {"up", "ALERTS"}
STREAM = "deliveries"
DATA_SECONDS = 90.0
PAUSE_SECONDS = 0.5


def expressions(stream: str = "payments") -> Iterator[tuple[str, str]]:
    """(panel, expression) of every file that is checked in, with values in the place of variables."""
    for path in sorted(FOLDER.glob("*.json")):
        board = json.loads(path.read_text(encoding="utf-8"))
        for panel in board["panels"]:
            for target in panel.get("targets") or ():
                yield f"{path.stem}: {panel['title']}", filled(target["expr"], stream)
        for annotation in board["annotations"].get("list") or ():
            yield f"{path.stem}: {annotation['name']}", filled(annotation["expr"], stream)


def filled(expr: str, stream: str) -> str:
    values = {"$stream": stream, "$instance": ".+", "$__rate_interval": "20s"}
    for name, value in values.items():
        expr = expr.replace(name, value)
    assert "$" not in expr
    return expr


def test_what_is_checked_in_is_what_is_generated() -> None:
    found = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    assert found == generated()


def test_promtool_understands_every_expression(tmp_path: Path) -> None:
    rules = [{"record": f"checked:{number}", "expr": expr} for number, (_, expr) in enumerate(expressions())]
    path = tmp_path / "expressions.yml"
    path.write_text(plain_yaml({"groups": [{"name": "expressions", "rules": rules}]}), encoding="utf-8")
    done = run(needed("promtool"), "check", "rules", path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_panels_use_only_metrics_that_exist() -> None:
    known = {name for entry in CATALOGUE for name in entry.series_names} | OF_PROMETHEUS
    known |= {recording.record for recording in recordings()}
    for panel, expr in expressions():
        plain = re.sub(r'"[^"]*"|\{[^}]*\}|by \([^)]*\)|\[[^]]*\]', "", expr)
        used = set(re.findall(r"\b(?:stream:)?hmoe_\w+(?::\w+)*|\bprocess_\w+|\bup\b|\bALERTS\b", plain))
        assert used, panel
        assert used <= known, panel


def test_panels_have_numbers_of_their_own_and_say_how_to_read_them() -> None:
    for name, text in generated().items():
        panels = json.loads(text)["panels"]
        numbers = [panel["id"] for panel in panels]
        assert len(numbers) == len(set(numbers)), name
        assert all(panel["description"].endswith(".") for panel in panels if panel["type"] != "row")


def test_provisioning_fits_the_containers() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    folder = ROOT / "deploy" / "grafana" / "provisioning"
    source = yaml.safe_load((folder / "datasources" / "prometheus.yml").read_text(encoding="utf-8"))
    provider = yaml.safe_load((folder / "dashboards" / "hmoe.yml").read_text(encoding="utf-8"))
    path = provider["providers"][0]["options"]["path"]
    grafana = compose["services"]["grafana"]
    assert f"./deploy/grafana/dashboards:{path}:ro" in grafana["volumes"]
    home = Path(grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert str(home.parent) == path
    assert (FOLDER / home.name).is_file()
    assert source["datasources"][0]["url"] == "http://prometheus:9090"


def test_every_query_has_data_while_the_service_runs(live: Composed) -> None:
    """Kafka, late labels, some bad messages and, by order, challengers: nothing is missing."""
    wanted = [
        (panel.title, filled(query.expr, STREAM))
        for board in DASHBOARDS
        for row in board.rows
        for panel in row.panels
        for query in panel.queries
    ]
    until = time.monotonic() + DATA_SECONDS
    while (wanted := [(title, expr) for title, expr in wanted if not values(live, expr)]) and (
        time.monotonic() < until
    ):
        live.require_alive()
        order(live, "retrain")  # refused while it is impossible
        time.sleep(PAUSE_SECONDS)
    assert not wanted


def values(stack: Composed, expr: str) -> list[dict[str, Any]]:
    query = urllib.parse.urlencode({"query": expr})
    answer = ask(f"http://{stack.address('prometheus', 9090)}/api/v1/query?{query}")
    return [series for series in answer["data"]["result"] if series["value"][1] != "NaN"]


def order(stack: Composed, name: str) -> None:
    token = (stack.volume("worker-state") / "token").read_text(encoding="utf-8").strip()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    address = f"http://{stack.address('worker', 8080)}/admin/{name}?stream={STREAM}"
    with suppress(HTTPError), urlopen(Request(address, b"{}", headers), timeout=20):
        pass
