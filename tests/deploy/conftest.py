"""What several tests look at while it runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.brokers import produce
from tests.deploy.composed import Composed, composed
from tests.deploy.watching import QUICK_OPTIONS


@pytest.fixture(scope="package")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composed]:
    """The services of docker-compose.yml, up as it says, with the configuration that is checked in.

    Some of the records that the worker gets cannot be used.
    """
    with composed(tmp_path_factory.mktemp("live"), options={"prometheus": QUICK_OPTIONS}) as stack:
        stack.up()
        produce(stack.address("kafka", 9092), "deliveries", {0: [(0, b'{"distance_km": 3}')] * 50})
        yield stack
