"""The exponent says how cost grows with leaves."""

from __future__ import annotations

import pytest

from benchmarks.growth import Cost, exponent


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_the_exponent_of_a_power_law(power: float) -> None:
    costs = [Cost("s", "v", leaves, 3.0 * leaves**power) for leaves in (16, 64, 256)]
    assert exponent(costs) == pytest.approx(power)
