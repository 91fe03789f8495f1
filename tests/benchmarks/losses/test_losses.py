"""The synthetic losses are what they say, and the figures add up."""

from __future__ import annotations

import math

import numpy as np
import pytest
from river.drift import PageHinkley

from benchmarks.losses.findings import mean, realised, share
from benchmarks.losses.peers import first_alarm, matched
from benchmarks.losses.promotions import differences
from benchmarks.losses.streams import Losses, LossLaw, leaf_of_mass, tilted


@pytest.mark.parametrize("kind", ["graded", "error"])
@pytest.mark.parametrize("correlation", [0.0, 0.9])
def test_leaves_lose_what_the_law_says(kind: str, correlation: float) -> None:
    rng = np.random.default_rng(0)
    law = LossLaw.drawn(4, rng, kind, correlation)  # type: ignore[arg-type]
    g_NK, loss_N = Losses(rng).draw(law, 200_000)
    assert g_NK.mean(axis=0) == pytest.approx(law.usage_K, abs=0.01)
    assert loss_N @ g_NK / g_NK.sum(axis=0) == pytest.approx(law.mean_K, rel=0.06)
    next_to_each_other = np.corrcoef(loss_N[1:], loss_N[:-1])[0, 1]
    assert (next_to_each_other > 0.2) == (correlation > 0.0)


def test_noise_goes_on_from_one_draw_to_the_next() -> None:
    law = LossLaw(np.array([1.0]), np.array([0.2]), "graded", 0.9)
    firsts, lasts = [], []
    for seed in range(500):
        losses = Losses(np.random.default_rng(seed))
        lasts.append(losses.draw(law, 5)[1][-1])
        firsts.append(losses.draw(law, 5)[1][0])
    assert np.corrcoef(firsts, lasts)[0, 1] > 0.7


def test_a_tilted_mix_loses_more_with_the_same_leaves() -> None:
    law = LossLaw.drawn(16, np.random.default_rng(1))
    usage_K = tilted(law, 0.2)
    assert usage_K.sum() == pytest.approx(1.0)
    assert usage_K @ law.mean_K == pytest.approx(1.2 * law.usage_K @ law.mean_K)
    assert law.usage_K[leaf_of_mass(law.usage_K)] == pytest.approx(0.06, abs=0.01)


@pytest.mark.parametrize("law", ["errors", "normal"])
def test_differences_have_the_effect_that_is_asked_for(law: str) -> None:
    d_N = differences(law, 0.3, 0.1, 400_000, np.random.default_rng(2))  # type: ignore[arg-type]
    assert d_N.mean() / d_N.std() == pytest.approx(0.1, abs=0.01)


def test_a_matched_detector_has_the_wanted_arl_and_its_delay_counts_from_the_change() -> None:
    rng = np.random.default_rng(3)
    streams = [rng.random(5000) for _ in range(4)]
    setting, found = matched(lambda value: PageHinkley(threshold=math.exp(value), mode="up"), streams, 1000)
    assert found == pytest.approx(1000, rel=0.3)
    detector = PageHinkley(threshold=math.exp(setting), mode="up")
    alarm = first_alarm(detector, rng.random(1000), rng.random(5000) + 0.5)
    assert alarm is not None
    assert alarm < 200


def test_figures_and_their_intervals() -> None:
    assert realised("", "", 20_000, 4, 10_000).value == 0.5
    assert realised("", "", 20_000, 0, 10_000).value == math.inf
    half = share("", "", "", [True, False] * 50)
    assert half.value == 0.5
    assert half.low == pytest.approx(0.404, abs=0.002)
    assert half.high == pytest.approx(0.596, abs=0.002)
    one = mean("", "", "", [1.0, 3.0])
    assert one.value == 2.0
    assert one.high == pytest.approx(2.0 + 1.96 * math.sqrt(2.0) / 2.0)
    assert math.isnan(mean("", "", "", []).value)
