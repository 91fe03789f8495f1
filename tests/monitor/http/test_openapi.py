"""What /openapi.json says is true: its examples are taken, and whatever is sent gets an answer it names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import Phase, given, settings
from prometheus_client import CollectorRegistry
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from monitor.config.schema import HttpConfig
from monitor.http.app import build_app
from tests.monitor.http.made_gateway import ModelGateway

ADDRESS = "http://127.0.0.1"
MAX_EXAMPLES = 20
LOOKS = ["/status", "/experts", "/gates", "/drift/events"]
FIXED = ["/livez", "/readyz", "/version", "/metrics"]
ORDERS = ["retrain", "freeze", "unfreeze", "promote", "rollback", "release", "checkpoint"]
CHANGES = ["/predict", "/learn", "/events", *(f"/admin/{order}" for order in ORDERS)]
KEYED = ["/learn", "/events"]  # the schema is for all streams; this one wants a key where others do not
ROUTES = [
    *(("GET", path, GenerationMode.POSITIVE) for path in [*LOOKS, *FIXED]),
    *(("GET", path, GenerationMode.NEGATIVE) for path in LOOKS),
    *(("POST", path, mode) for path in CHANGES for mode in GenerationMode),
]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelGateway]:
    made = ModelGateway(tmp_path_factory.mktemp("shared"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def described(shared: ModelGateway) -> Any:
    app = build_app(shared, HttpConfig(), CollectorRegistry())
    config = schemathesis.Config.from_dict({"base-url": ADDRESS, "seed": 1})
    return schemathesis.openapi.from_asgi("/openapi.json", app, config=config, headers={"Host": "127.0.0.1"})


@pytest.mark.parametrize(("method", "path", "mode"), ROUTES)
def test_generated_requests_get_documented_answers(
    described: Any, method: str, path: str, mode: GenerationMode
) -> None:
    @given(case=described[path][method].as_strategy(generation_mode=mode))
    @settings(max_examples=MAX_EXAMPLES, derandomize=True, phases=[Phase.generate])
    def check(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(excluded_checks=[positive_data_acceptance] if path in KEYED else [])

    check()


def test_every_route_is_among_them(open_client: httpx.Client) -> None:
    paths = open_client.get("/openapi.json").json()["paths"]
    documented = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert documented == {(method, path) for method, path, _ in ROUTES}


@pytest.mark.parametrize("path", ["/predict", "/learn", "/events"])
def test_the_examples_are_taken(open_client: httpx.Client, path: str) -> None:
    content = open_client.get("/openapi.json").json()["paths"][path]["post"]["requestBody"]["content"]
    taken = 0
    for media_type, entry in content.items():
        examples = [one["value"] for one in entry.get("examples", {}).values()] or [entry["example"]]
        for example in examples:
            body = example if isinstance(example, str) else json.dumps(example)
            answer = open_client.post(path, content=body, headers={"content-type": media_type})
            assert answer.status_code in {200, 202}, answer.text
            taken += 1
    assert taken >= 2


def test_security_is_said_where_there_is_a_token(
    open_client: httpx.Client, guarded_client: httpx.Client
) -> None:
    def secured(client: httpx.Client) -> set[str]:
        paths = client.get("/openapi.json").json()["paths"]
        return {path for path, methods in paths.items() for one in methods.values() if "security" in one}

    assert secured(open_client) == set()
    assert secured(guarded_client) == set(CHANGES)


def test_every_refusal_is_described(open_client: httpx.Client) -> None:
    for path, methods in open_client.get("/openapi.json").json()["paths"].items():
        for method, operation in methods.items():
            wanted = {"401", "413", "415", "422", "503"} if method == "post" else set()
            assert wanted <= operation["responses"].keys(), path
            assert "421" in operation["responses"], path
            assert operation["description"]
