"""Gates of a group and the births of its experts; what they compute is held to torch in test_equivalence."""

import numpy as np
import pytest

from stream_hmoe.kernels.births import REBIRTH_GAP, vacancy
from stream_hmoe.kernels.regions import inner_gate
from tests.stream_hmoe.kernels.steps import Floats
from tests.stream_hmoe.learners import GROUPS, TASKS, learner, stream


def gate(centre_ED: Floats, cutoff: float) -> Floats:
    """Laplace gate weights with kappa 1 at the origin."""
    experts, features = centre_ED.shape
    centre_EA = np.hstack([np.zeros((experts, 1)), centre_ED])
    z_A, distance_E, gate_E = np.eye(1 + features)[0], np.empty(experts), np.empty(experts)
    inner_gate(True, 1.0, cutoff, experts, centre_EA, np.zeros(experts), z_A, distance_E, gate_E)
    np.testing.assert_allclose(distance_E, np.linalg.norm(centre_ED, axis=1))
    return gate_E


def test_weights_below_the_cutoff_are_skipped_and_the_rest_sum_to_one() -> None:
    centre_ED = np.array([[0.0], [1.0], [4.0], [9.0]])
    weight_E = np.exp(-centre_ED[:, 0])
    kept_E = np.where(weight_E / weight_E.sum() >= 0.05, weight_E, 0.0)
    np.testing.assert_allclose(gate(centre_ED, 0.05), kept_E / kept_E.sum())
    np.testing.assert_allclose(gate(centre_ED, 0.0), weight_E / weight_E.sum())


def test_the_nearest_expert_answers_when_all_have_less_than_the_cutoff() -> None:
    even = np.ones((150, 2))
    np.testing.assert_allclose(gate(even, 0.01), 1 / 150)
    np.testing.assert_allclose(gate(np.vstack([even, [[0.999, 1.0]]]), 0.01), np.eye(151)[150])


REBIRTH_USAGE = 0.1


def born(**given: object) -> int:
    usual = {
        "born": 3,
        "most": 3,
        "rebirth_usage": REBIRTH_USAGE,
        "waited": 100,
        "surprised": True,
        "features": 4,
        "distance_E": np.full(3, 9.0),
        "usage_E": np.full(3, 1 / 3),
    }
    return int(vacancy(*(usual | given).values()))  # type: ignore[arg-type]


def test_an_expert_is_born_far_from_the_others_while_there_is_room() -> None:
    room = {"born": 2, "distance_E": np.array([5.0, 0.41, 0.0])}
    assert born(born=0) == 0
    assert born(**room) == 2
    assert born(**room, waited=1) == -1
    assert born(**room | {"distance_E": np.array([5.0, 0.39, 0.0])}) == -1


def test_in_a_full_group_a_surprise_takes_the_place_of_an_idle_expert() -> None:
    idle = {"usage_E": np.array([0.6, 0.9 * REBIRTH_USAGE / 3, 0.3])}
    assert born(**idle) == 1
    assert born() == -1
    assert born(**idle, surprised=False) == -1
    assert born(**idle, waited=REBIRTH_GAP - 1) == -1


@pytest.mark.parametrize("letter", ["L", "S"])
@pytest.mark.parametrize("task", TASKS)
def test_an_expert_is_born_on_its_record_with_what_its_nearest_neighbour_knows(
    letter: str, task: str
) -> None:
    model = learner(task, ("regions",), gates="L" + letter, experts=6, regions=GROUPS)  # type: ignore[arg-type]
    births = 0
    for x_D, y in zip(*stream(task, 60), strict=True):  # type: ignore[arg-type]
        regions = model.state.regions
        count_G = regions.born_G.copy()
        model.predict(x_D[None])
        distance_GE, z_A = regions.distance_GE.copy(), model.state.z_A.copy()
        record = model.records
        model.step(x_D[None], np.array([y]))
        for g in np.flatnonzero(regions.born_G > count_G):
            new, scale = count_G[g], regions.scale_G[g] if letter == "S" else 1.0
            np.testing.assert_array_equal(regions.centre_GEA[g, new, 1:], scale * z_A[1:])
            assert regions.birth_record_G[g] == record
            if new == 0:
                continue
            births += 1
            parent = distance_GE[g, :new].argmin()
            np.testing.assert_array_equal(regions.weight_GECA[g, new], regions.weight_GECA[g, parent])
            assert regions.variance_GE[g, new] == regions.variance_GE[g, parent]
            # at the new centre, parent and child weigh as if their distance alone told them apart
            bias_E, centre_EA = regions.bias_GE[g], regions.centre_GEA[g]
            if letter == "S":
                bias_E = bias_E + (centre_EA[:, 1:] ** 2).sum(1) / (2 * scale)
            np.testing.assert_allclose(bias_E[new], bias_E[parent], atol=1e-9)
    assert births >= 6


def test_an_expert_born_again_knows_the_class_that_surprised() -> None:
    model = learner("classification", ("regions",), experts=2, regions=GROUPS)
    model.step(*stream("classification", 100))
    regions = model.state.regions
    regions.usage_GE[:, 1] = 0.0
    x_D = stream("classification", 1).x_ND
    surprise = int(model.predict(x_D).predicted[0].argmin())
    model.state.regions.weight_GECA[:, :, surprise, 0] -= 9.0
    model.step(x_D, np.array([surprise]))
    assert (regions.birth_record_G == 100).all()
    expected = np.zeros((3, 4))
    expected[surprise, 0] = 2.0
    np.testing.assert_array_equal(regions.weight_GECA[:, 1], [expected, expected])
    np.testing.assert_array_equal(regions.curvature_SEQQ[0, 1], 10.0 * np.eye(4))
