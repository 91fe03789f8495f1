"""What the runbooks tell people to do: each command, request, expression, setting and page is tried."""

from __future__ import annotations

import ast
import re
import shlex
import urllib.parse
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from pydantic import BaseModel

from monitor.alerts import recordings
from monitor.commands.rules import render as render_command
from monitor.config.schema import ServiceConfig, StreamConfig
from monitor.metrics import CATALOGUE
from monitor.service.drift_facts import newest_drifts
from stream_hmoe.events import Order
from tests.brokers import wait_until
from tests.deploy.composed import Composed
from tests.deploy.programs import ROOT
from tests.deploy.watching import ask, free_port
from tests.monitor.command import hmoe

TEXT = (ROOT / "docs" / "runbooks.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
COMMENT = "  #"
LINES = [
    line.partition(COMMENT)[0].strip() for block in BLOCKS for line in block.replace("\\\n", "").splitlines()
]
PLAIN = re.sub(r"^```sh\n.*?^```$", "", TEXT, flags=re.MULTILINE | re.DOTALL)
SPANS = sorted({" ".join(span.split()) for span in re.findall(r"`([^`]+)`", PLAIN)})
SAID = sorted({*LINES, *SPANS})
COMMANDS = [said for said in SAID if said.startswith("hmoe ")]
CALLS = [said for said in SAID if said.startswith("curl ")]
METRIC = re.compile(r"\b(?:stream:)?hmoe_\w+(?::\w+)*")
EXPRESSIONS = [said for said in SPANS if METRIC.search(said) or "{job=" in said]
STREAM = "deliveries"


def filled(stack: Composed, text: str) -> str:
    """A command with what its words in capitals stand for."""
    state = stack.volume("worker-state") / "state"
    token = (stack.volume("worker-state") / "token").read_text(encoding="utf-8").strip()
    words = {
        "CONFIG": stack.here("worker", "/etc/hmoe/hmoe.yaml"),
        "STATE/STREAM": f"{state}/{STREAM}",
        "STREAM": STREAM,
        "WORKER": f"http://{stack.address('worker', 8080)}",
        "TOKEN": token,
        "TOPIC": STREAM,
    }
    for word, value in words.items():
        text = re.sub(rf"\b{word}\b", value, text)
    return text


@pytest.mark.parametrize("command", [said for said in COMMANDS if not said.startswith("hmoe dashboard")])
def test_commands_work_beside_the_service(command: str, live: Composed, tmp_path: Path) -> None:
    words = shlex.split(filled(live, command))[1:]
    if words[0] == "doctor":
        words += ["--port", str(free_port())]
    if words[0] == "drift":  # there is something to tell once the planted change was seen
        journal = live.volume("worker-state") / "state" / STREAM / "journal.sqlite"
        wait_until(lambda: bool(newest_drifts(journal, -1, 1)), 120.0)
    done = hmoe(words, tmp_path)
    assert done.exit_code == 0, done.out + done.error


def test_the_dashboard_is_opened_like_the_one_that_runs(live: Composed) -> None:
    assert "hmoe dashboard STATE/STREAM" in COMMANDS
    service = live.services["dashboard"]["command"]
    assert service[:2] == ["dashboard", "/var/lib/hmoe/state"]


@pytest.mark.parametrize("call", CALLS)
def test_requests_are_answered(call: str, live: Composed) -> None:
    for order in [*Order, "checkpoint"] if "ORDER" in call else [""]:
        words = shlex.split(filled(live, call).replace("ORDER", order))
        (address,) = (word for word in words if word.startswith("http://"))
        method = words[words.index("-X") + 1] if "-X" in words else "GET"
        headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
        body = words[words.index("-d") + 1].encode() if "-d" in words else None
        routes = ask(f"http://{live.address('worker', 8080)}/openapi.json")["paths"]
        assert method.lower() in routes[urllib.parse.urlsplit(address).path]
        assert answered(Request(address, body, headers, method=method)) in (200, 202, 409)  # noqa: S310  our own


def answered(request: Request) -> int:
    """The status of an answer."""
    try:
        with urlopen(request, timeout=30) as answer:  # noqa: S310  our own service
            return int(answer.status)
    except HTTPError as refused:
        return refused.code


def test_orders_that_are_named_exist() -> None:
    found = re.search(r"`ORDER` is (.*?)\.", TEXT)
    assert found is not None
    assert set(re.findall(r"`(\w+)`", found[1])) == {*Order, "checkpoint"}


@pytest.mark.parametrize("expr", EXPRESSIONS)
def test_expressions_are_understood_and_of_metrics_that_exist(expr: str, live: Composed) -> None:
    known = {name for entry in CATALOGUE for name in (entry.name, *entry.series_names)}
    assert set(METRIC.findall(expr)) <= known | {recording.record for recording in recordings()}
    query = urllib.parse.urlencode({"query": expr})
    assert ask(f"http://{live.address('prometheus', 9090)}/api/v1/query?{query}")["status"] == "success"


def test_settings_that_are_named_exist() -> None:
    named = {said.partition(":")[0] for said in SPANS if re.fullmatch(r"[a-z_]+\.[a-z_]+(: .*)?", said)}
    assert {"labels.max_pending", "source.gap"} <= named
    assert named <= {*paths(ServiceConfig), *paths(StreamConfig)}


def paths(model: type[BaseModel]) -> set[str]:
    """Dotted paths of the settings one level below a model."""
    found = set()
    for name, field in model.model_fields.items():
        for section in sections(field.annotation):
            found |= {f"{name}.{key}" for key in section.model_fields}
    return found


def sections(annotation: Any) -> list[type[BaseModel]]:
    """The models that a type may hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [section for part in getattr(annotation, "__args__", ()) for section in sections(part)]


def test_options_that_are_named_are_those_of_the_rules() -> None:
    named = {said for said in SPANS if said.startswith("--")}
    assert named
    for option in named:
        assert option.removeprefix("--") in render_command.__code__.co_varnames, option


def test_pages_that_are_named_exist() -> None:
    source = (ROOT / "dashboards" / "pages" / "app.py").read_text(encoding="utf-8")
    table = next(
        ast.literal_eval(node.value)
        for node in ast.parse(source).body
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "PAGES" and node.value is not None
    )
    named = set(re.findall(r"(?<!\*)\*([A-Z]\w*)\*(?!\*)", TEXT))
    assert {"Drift", "System"} <= named
    assert named <= {title for title, _ in table.values()}
