"""docs/http.md lists the routes that there are, says which need the token, and its examples work."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx

from monitor.http.refusals import WORDS

TEXT = (Path(__file__).parents[3] / "docs" / "http.md").read_text(encoding="utf-8")


def test_it_lists_every_route_and_its_token(guarded_client: httpx.Client) -> None:
    rows = re.findall(r"^\| `(GET|POST) (\S+)` \| .* \| ([^|]*)\|$", TEXT, re.MULTILINE)
    paths = guarded_client.get("/openapi.json").json()["paths"]
    assert {(method, path) for method, path, _ in rows} == {
        (method.upper(), path) for path, methods in paths.items() for method in methods
    }
    for method, path, token in rows:
        assert bool(token.strip()) == ("security" in paths[path][method.lower()]), path


def test_its_examples_work(open_client: httpx.Client) -> None:
    calls = re.findall(r"^curl --json '(.*?)'.* localhost:8080(\S+)$", TEXT, re.MULTILINE)
    answers = [open_client.post(path, json=json.loads(body)) for body, path in calls]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200]


def test_it_explains_every_refusal() -> None:
    rows = re.findall(r"^\| ((?:\d{3}(?:, )?)+) \|", TEXT, re.MULTILINE)
    explained = {int(status) for row in rows for status in row.split(", ")}
    assert explained == set(WORDS) - {500}
