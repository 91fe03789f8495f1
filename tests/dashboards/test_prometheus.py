from __future__ import annotations

import io
import json
import urllib.request
from typing import Any

import pytest

from dashboards.prometheus import PrometheusProblem, alerts_of


def answering(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(urllib.request, "urlopen", lambda url, timeout: io.BytesIO(content))


def alert(name: str, state: str, **annotations: str) -> dict[str, Any]:
    return {"labels": {"alertname": name}, "state": state, "annotations": annotations}


def test_firing_alerts_stand_first(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [alert("B", "pending"), alert("C", "firing"), alert("A", "firing", summary="It is.")]
    answering(monkeypatch, json.dumps({"data": {"alerts": entries}}).encode())
    found = alerts_of("http://127.0.0.1:9090/")
    assert [one.name for one in found] == ["A", "C", "B"]
    assert found[0].summary == "It is."
    assert found[1].severity == ""


@pytest.mark.parametrize("content", [b"<html>", b"{}", b"[]", b'{"data": {"alerts": [{}]}}', b"3"])
def test_another_answer_is_a_problem_that_is_told(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    answering(monkeypatch, content)
    with pytest.raises(PrometheusProblem, match="does not answer like Prometheus"):
        alerts_of("http://127.0.0.1:9090")


@pytest.mark.parametrize("address", ["file:///etc/passwd", "127.0.0.1:9090", ""])
def test_only_http_is_asked(address: str) -> None:
    with pytest.raises(PrometheusProblem, match="no http address"):
        alerts_of(address)
