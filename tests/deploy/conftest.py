"""What several tests look at while it runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.deploy.composed import Composed, composed
from tests.deploy.watching import QUICK_OPTIONS


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composed]:
    """The services of docker-compose.yml, up as it says, with the configuration that is checked in."""
    with composed(tmp_path_factory.mktemp("live"), options={"prometheus": QUICK_OPTIONS}) as stack:
        stack.up()
        yield stack
