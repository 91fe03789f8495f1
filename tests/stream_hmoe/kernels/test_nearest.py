"""Memory and prototypes, against plain NumPy.

Shapes: N remembered records, V prototypes, C classes.
"""

from typing import Any

import numpy as np

from stream_hmoe.kernels.nearest import FADE, FARTHEST_LOGIT, PULL, SCALE, UNIFORM
from tests.stream_hmoe.kernels.steps import Floats, assert_close, steps
from tests.stream_hmoe.learners import GROUPS, learned, stream

ROW = 2 + len(GROUPS)
SMALL: dict[str, Any] = {"regions": GROUPS, "remembered": 60, "prototypes": 20}


def kernel_weights(centre_ND: Floats, z_D: Floats) -> tuple[Floats, Floats]:
    """exp(-kappa (d - d_min)) of every centre, 0 where that is hardly anything -> weights, distances."""
    distance_N = np.linalg.norm(centre_ND - z_D, axis=1)
    beyond_N = SCALE * (distance_N - distance_N.min())
    return np.where(beyond_N < FARTHEST_LOGIT, np.exp(-beyond_N), 0.0), distance_N


def test_the_memory_votes_by_distance() -> None:
    for step in steps("classification", "memory", **SMALL):
        memory = step.before.memory
        weight_N, _ = kernel_weights(memory.record_AN[1:].T, step.z_A[1:])
        vote_C = UNIFORM / 3 + np.bincount(memory.target_N.astype(int), weight_N, minlength=3)
        assert_close(step.before.pool.probability_TC[ROW], vote_C / vote_C.sum())


def test_the_memory_averages_targets_by_distance() -> None:
    model = learned("regression", ("memory",), 150, **SMALL)
    for x_D in stream("regression", 180).x_ND[150:]:
        _, mean, variance = model.target_3
        model.predict(x_D[None])
        memory = model.state.memory
        weight_N, _ = kernel_weights(memory.record_AN[1:].T, model.state.z_A[1:])
        scaled_N = (memory.target_N - mean) / np.sqrt(variance)
        assert_close(model.state.pool.mean_T[ROW], weight_N @ scaled_N / (UNIFORM + weight_N.sum()))


def test_the_memory_is_a_ring_of_the_last_records() -> None:
    model = learned("classification", ("memory",), 0, **SMALL)
    rows, scaled = stream("classification", 150), []
    for x_D, y in zip(*rows, strict=True):
        model.step(x_D[None], np.array([y]))
        scaled.append(model.state.z_A.copy())
    memory = model.state.memory
    assert memory.count_1[0] == 150
    in_order = (np.arange(60) + 150) % 60
    np.testing.assert_array_equal(memory.record_AN[:, in_order].T, scaled[-60:])
    np.testing.assert_array_equal(memory.target_N[in_order], rows.y_N[-60:])


def test_prototypes_vote_by_distance_with_the_classes_they_served() -> None:
    for step in steps("classification", "prototypes", **SMALL):
        prototypes = step.before.prototypes
        count = prototypes.count_1[0]
        weight_V, _ = kernel_weights(prototypes.centre_AV[1:, :count].T, step.z_A[1:])
        vote_C = UNIFORM / 3 + weight_V @ prototypes.frequency_VC[:count]
        assert_close(step.before.pool.probability_TC[ROW + 1], vote_C / (UNIFORM + weight_V.sum()))


def test_a_miss_bears_a_prototype_in_place_of_the_least_useful_and_a_hit_pulls_a_friend() -> None:
    born = pulled = 0
    for step in steps("classification", "prototypes", checked=80, **SMALL):
        before, after, y = step.before.prototypes, step.after.prototypes, step.target
        record = step.before.records_1[0]
        assert before.count_1[0] == 20
        _, distance_V = kernel_weights(before.centre_AV[1:].T, step.z_A[1:])
        expected_VC = before.frequency_VC.copy()
        expected_VC[distance_V.argmin()] *= 1 - FADE
        expected_VC[distance_V.argmin(), y] += FADE
        centre_VD, used_V = before.centre_AV[1:].T.copy(), before.used_V.copy()
        friends = np.flatnonzero(before.frequency_VC[:, y] > 0.5)
        if step.before.pool.probability_TC[ROW + 1].argmax() != y:
            born += 1
            oldest = used_V.argmin()
            centre_VD[oldest], expected_VC[oldest], used_V[oldest] = step.z_A[1:], np.eye(3)[y], record
        elif friends.size:
            pulled += 1
            friend = friends[distance_V[friends].argmin()]
            centre_VD[friend] += PULL * (step.z_A[1:] - centre_VD[friend])
            used_V[friend] = record
        assert_close(after.centre_AV[1:].T, centre_VD)
        assert_close(after.frequency_VC, expected_VC)
        np.testing.assert_array_equal(after.used_V, used_V)
    assert born > 5 and pulled > 5
