"""A small service with a real model and a real inbox, called in this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter

from monitor.config.schema import HttpConfig
from monitor.http.app import build_app
from tests.monitor.http.in_process import InProcess
from tests.monitor.http.made_gateway import ModelGateway

TOKEN = "a-secret-of-the-tests"  # noqa: S105  (it opens nothing)
EVERYWHERE = "0.0.0.0"  # noqa: S104  (nothing is bound)
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[ModelGateway]:
    made = ModelGateway(tmp_path / "inbox")
    yield made
    made.close()


@pytest.fixture
def registry() -> CollectorRegistry:
    made = CollectorRegistry()
    Counter("hmoe_made", "Something that is counted.", registry=made).inc(3)
    return made


@pytest.fixture
def open_client(gateway: ModelGateway, registry: CollectorRegistry) -> Iterator[httpx.Client]:
    """A service without a token, on a loopback address."""
    with client(gateway, HttpConfig(), registry) as made:
        yield made


@pytest.fixture
def guarded_client(gateway: ModelGateway, registry: CollectorRegistry) -> Iterator[httpx.Client]:
    """A service with a token, on all addresses."""
    settings = HttpConfig.model_validate({"host": EVERYWHERE, "token": TOKEN})
    with client(gateway, settings, registry) as made:
        yield made


@contextmanager
def client(
    gateway: ModelGateway, settings: HttpConfig, registry: CollectorRegistry
) -> Iterator[httpx.Client]:
    app = build_app(gateway, settings, registry)
    with httpx.Client(transport=InProcess(app), base_url="http://127.0.0.1") as made:
        yield made
