"""What /openapi.json says is true: its examples are taken, and generated requests get documented answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from monitor.config.schema import HttpConfig
from monitor.http.app import build_app
from tests.monitor.http.conftest import AUTHORIZED, client
from tests.monitor.http.made_gateway import ModelGateway

EXAMPLES_PER_ROUTE = 25
DOCUMENTED = [
    schemathesis.checks.not_a_server_error,
]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelGateway]:
    made = ModelGateway(tmp_path_factory.mktemp("shared"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared_client(shared: ModelGateway) -> Iterator[httpx.Client]:
    with client(shared, HttpConfig(), CollectorRegistry()) as made:
        yield made
