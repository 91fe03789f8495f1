"""Constant experts under Laplace gates centred on data: the last records, and prototypes born on error.

Shapes: N remembered records, V prototypes, C classes, A = 1 + features. Both keep features along the
first axis, so that one pass over the records computes every distance.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .arrays import Axes, scratch
from .compiled import inlined, linked

__all__ = [
    "MEMORY_AXES",
    "PROTOTYPE_AXES",
    "Memory",
    "Prototypes",
    "learn_memory",
    "learn_prototypes",
    "predict_memory",
    "predict_memory_mean",
    "predict_prototypes",
]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

SCALE = 10.0
FARTHEST_LOGIT = 7.0
UNIFORM = 0.05
PULL = 0.1
FADE = 0.05


class Memory(NamedTuple):
    """The last N scaled records with their targets, as a ring; ``count_1`` is how many there were."""

    record_AN: Floats
    target_N: Floats
    count_1: Integers
    square_N: Floats


class Prototypes(NamedTuple):
    """Centres with the class frequencies they served, and the record at which each last helped."""

    centre_AV: Floats
    frequency_VC: Floats
    used_V: Integers
    count_1: Integers
    square_V: Floats


MEMORY_AXES = {
    "record_AN": Axes("AN"),
    "target_N": Axes("N"),
    "count_1": Axes("1", 0, np.int64),
    "square_N": scratch("N"),
}
PROTOTYPE_AXES = {
    "centre_AV": Axes("AV"),
    "frequency_VC": Axes("VC"),
    "used_V": Axes("V", 0, np.int64),
    "count_1": Axes("1", 0, np.int64),
    "square_V": scratch("V"),
}


@linked
def _squares(centre_AN: Floats, count: int, z_A: Floats, square_N: Floats) -> float:
    """Squared distance from z to the first ``count`` columns -> the smallest."""
    for n in range(count):
        square_N[n] = 0.0
    for a in range(1, z_A.size):
        z = z_A[a]
        for n in range(count):
            difference = centre_AN[a, n] - z
            square_N[n] += difference * difference
    smallest = 1e300
    for n in range(count):
        smallest = min(smallest, square_N[n])
    return smallest


@linked
def _reach(smallest: float) -> float:
    """Squared distance beyond which a weight is less than exp(-FARTHEST_LOGIT) of the nearest one's."""
    return (math.sqrt(smallest) + FARTHEST_LOGIT / SCALE) ** 2


@inlined
def predict_memory(memory: Memory, z_A: Floats, probability_C: Floats) -> None:
    """p(c) = sum of exp(-kappa (d_n - d_min)) over records of class c, with a little uniform mass."""
    count = min(memory.count_1[0], memory.target_N.size)
    square_N = memory.square_N
    smallest = _squares(memory.record_AN, count, z_A, square_N)
    nearest, reach = math.sqrt(smallest), _reach(smallest)
    classes = probability_C.size
    for c in range(classes):
        probability_C[c] = UNIFORM / classes
    total = UNIFORM
    for n in range(count):
        if square_N[n] < reach:
            weight = math.exp(-SCALE * (math.sqrt(square_N[n]) - nearest))
            probability_C[int(memory.target_N[n])] += weight
            total += weight
    for c in range(classes):
        probability_C[c] /= total


@inlined
def predict_memory_mean(memory: Memory, z_A: Floats, centre: float, spread: float) -> float:
    """Weighted mean of the remembered targets, on the scale (target - centre) / spread."""
    count = min(memory.count_1[0], memory.target_N.size)
    square_N = memory.square_N
    smallest = _squares(memory.record_AN, count, z_A, square_N)
    nearest, reach = math.sqrt(smallest), _reach(smallest)
    total = UNIFORM
    mean = 0.0
    for n in range(count):
        if square_N[n] < reach:
            weight = math.exp(-SCALE * (math.sqrt(square_N[n]) - nearest))
            mean += weight * (memory.target_N[n] - centre) / spread
            total += weight
    return min(max(mean / total, -10.0), 10.0)


@inlined
def learn_memory(memory: Memory, z_A: Floats, target: float) -> None:
    """Remember the record in place of the oldest."""
    n = memory.count_1[0] % memory.target_N.size
    for a in range(z_A.size):
        memory.record_AN[a, n] = z_A[a]
    memory.target_N[n] = target
    memory.count_1[0] += 1


@inlined
def predict_prototypes(prototypes: Prototypes, z_A: Floats, probability_C: Floats) -> None:
    """p(c) = sum_v exp(-kappa (d_v - d_min)) frequency_v(c), with a little uniform mass."""
    count = prototypes.count_1[0]
    square_V = prototypes.square_V
    smallest = _squares(prototypes.centre_AV, count, z_A, square_V)
    nearest, reach = math.sqrt(smallest), _reach(smallest)
    classes = probability_C.size
    for c in range(classes):
        probability_C[c] = UNIFORM / classes
    total = UNIFORM
    for v in range(count):
        if square_V[v] < reach:
            weight = math.exp(-SCALE * (math.sqrt(square_V[v]) - nearest))
            for c in range(classes):
                probability_C[c] += weight * prototypes.frequency_VC[v, c]
            total += weight
    for c in range(classes):
        probability_C[c] /= total


@inlined
def learn_prototypes(prototypes: Prototypes, z_A: Floats, y: int, probability_C: Floats, record: int) -> None:
    """A miss bears a prototype in place of the least useful; a hit pulls the nearest of the class."""
    best = 0
    for c in range(1, probability_C.size):
        if probability_C[c] > probability_C[best]:
            best = c
    count = prototypes.count_1[0]
    nearest = -1
    friend = -1
    for v in range(count):
        if nearest < 0 or prototypes.square_V[v] < prototypes.square_V[nearest]:
            nearest = v
        if prototypes.frequency_VC[v, y] > 0.5 and (
            friend < 0 or prototypes.square_V[v] < prototypes.square_V[friend]
        ):
            friend = v
    if nearest >= 0:
        for c in range(probability_C.size):
            prototypes.frequency_VC[nearest, c] *= 1.0 - FADE
        prototypes.frequency_VC[nearest, y] += FADE
    if count == 0 or best != y:
        _bear(prototypes, z_A, y, record)
    elif friend >= 0:
        for a in range(1, z_A.size):
            prototypes.centre_AV[a, friend] += PULL * (z_A[a] - prototypes.centre_AV[a, friend])
        prototypes.used_V[friend] = record


@linked
def _bear(prototypes: Prototypes, z_A: Floats, y: int, record: int) -> None:
    v = prototypes.count_1[0]
    if v < prototypes.used_V.size:
        prototypes.count_1[0] += 1
    else:
        v = 0
        for other in range(prototypes.used_V.size):
            if prototypes.used_V[other] < prototypes.used_V[v]:
                v = other
    for a in range(z_A.size):
        prototypes.centre_AV[a, v] = z_A[a]
    for c in range(prototypes.frequency_VC.shape[1]):
        prototypes.frequency_VC[v, c] = 0.0
    prototypes.frequency_VC[v, y] = 1.0
    prototypes.used_V[v] = record
