import numpy as np
import pytest

from stream_hmoe.kernels.frozen_gates import freeze_gates, inner_weights
from stream_hmoe.learner import Learner
from stream_hmoe.settings import Settings

D = 3


def taught(gates: str, records: int) -> Learner:
    random = np.random.default_rng(0)
    x_ND = random.normal(size=(records, D))
    x_ND[::7, 1] = np.nan
    learner = Learner(Settings(gates=gates, kinds=("regions",)), "classification")
    learner.widen(D, 2)
    learner.step(x_ND, (x_ND[:, 0] > 0.0).astype(np.int64))
    return learner


@pytest.mark.parametrize("gates", ["LL", "LS"])
def test_frozen_gates_give_the_weights_of_the_learner(gates: str) -> None:
    learner = taught(gates, 400)
    state, settings = learner.state, learner.settings
    x_ND = np.random.default_rng(1).normal(size=(50, D))
    x_ND[::5, 0] = np.nan
    frozen = freeze_gates(state.scale, state.regions, gates[1] == "L", range(len(settings.regions)))
    weight_NSE, nearest_N = np.empty((50, len(settings.regions), settings.experts)), np.empty(50)
    inner_weights(frozen, x_ND, weight_NSE, nearest_N)
    np.testing.assert_allclose(weight_NSE.sum(axis=2), 1.0)
    for n in range(50):
        learner.predict(x_ND[n : n + 1])
        for s, born in enumerate(state.regions.born_G):
            np.testing.assert_array_equal(weight_NSE[n, s, :born], state.regions.gate_GE[s, :born])
            assert (weight_NSE[n, s, born:] == 0.0).all()
        distances = [state.regions.distance_GE[s, :born].min() for s, born in enumerate(state.regions.born_G)]
        assert nearest_N[n] == min(distances)


def test_what_is_learned_later_does_not_reach_frozen_gates() -> None:
    learner = taught("LL", 300)
    frozen = freeze_gates(learner.state.scale, learner.state.regions, True, [0, 2])
    x_ND = np.random.default_rng(2).normal(size=(20, D))
    before, after = np.empty((20, 2, 24)), np.empty((20, 2, 24))
    inner_weights(frozen, x_ND, before, np.empty(20))
    learner.step(x_ND, np.ones(20, np.int64))
    inner_weights(frozen, x_ND, after, np.empty(20))
    np.testing.assert_array_equal(before, after)


def test_a_gate_without_experts_points_at_the_first() -> None:
    learner = Learner(Settings(kinds=("regions",)), "classification")
    learner.widen(D, 2)
    frozen = freeze_gates(learner.state.scale, learner.state.regions, True, [0])
    weight_NSE, nearest_N = np.empty((1, 1, 24)), np.empty(1)
    inner_weights(frozen, np.zeros((1, D)), weight_NSE, nearest_N)
    np.testing.assert_array_equal(weight_NSE[0, 0], np.eye(24)[0])
    assert nearest_N[0] == np.inf
