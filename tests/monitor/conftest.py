"""Brokers for the tests of sources and sinks: a mock cluster for each test, another broker for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest

from tests.brokers import MockControl, create_topics, start_mock_cluster, start_redis, start_tansu

MakeTopics = Callable[[Mapping[str, int]], None]


@pytest.fixture
def mock() -> Iterator[tuple[str, MockControl]]:
    with start_mock_cluster({}) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def tansu() -> Iterator[str]:
    with start_tansu({}) as address:
        yield address


@pytest.fixture(params=["mock", "tansu"])
def broker(request: pytest.FixtureRequest) -> tuple[str, MakeTopics]:
    """Addresses of a broker, and a function that makes topics."""
    if request.param == "tansu":
        address: str = request.getfixturevalue("tansu")
        return address, lambda topics: create_topics(address, topics)
    bootstrap, control = request.getfixturevalue("mock")

    def create(topics: Mapping[str, int]) -> None:
        for topic, partitions in topics.items():
            control.create(topic, partitions)

    return bootstrap, create


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with start_redis() as url:
        yield url
