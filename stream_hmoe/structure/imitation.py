"""A group's gate fitted to wanted weights: how the gate without an expert draws the borders of the one with.

Minimises the divergence of the gate from the wanted weights over remembered inputs,

    KL = mean_n sum_e t_ne log(t_ne / g_e(x_n)),

by the exact gradient (t - g) d logit in Adam's steps. Where experts stay as they are, the group's density
loses at most KL nats per record by this (data processing inequality).

Source: Adam, Kingma and Ba (2015); the bound, derived.

Shapes: N inputs, E experts, A = 1 + features (the constant first).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Gate", "gate_weights", "imitate"]

Floats = npt.NDArray[np.float64]

STEPS = 100
LARGEST_STEP = 0.05
MOMENTUM, SQUARES = 0.9, 0.99
TINY = 1e-12


class Gate(NamedTuple):
    """Rows (their first entry is 0) and biases of a group's live experts, kappa, and the kind."""

    row_EA: Floats
    bias_E: Floats
    scale: float
    laplace: bool


def gate_weights(gate: Gate, input_NA: Floats) -> Floats:
    """(N, E) weights; rows sum to 1."""
    weight_NE: Floats = np.exp(_log_weights(gate, input_NA)[0])
    return weight_NE


def imitate(gate: Gate, input_NA: Floats, wanted_NE: Floats) -> tuple[Gate, float]:
    """Move a gate towards wanted weights -> the best gate on the way, its divergence in nats per record.

    Args:
        gate: where to start.
        input_NA: (N, A) inputs, scaled.
        wanted_NE: (N, E) weights; rows sum to 1.
    """
    momentum_EA = np.zeros((gate.bias_E.size, input_NA.shape[1]))
    square_EA = np.zeros_like(momentum_EA)
    sure_NE = np.maximum(wanted_NE, TINY)
    entropy = float((wanted_NE * np.log(sure_NE)).sum(axis=1).mean())
    best, least = gate, np.inf
    for step in range(1, STEPS + 2):
        log_NE, distance_NE = _log_weights(gate, input_NA)
        divergence = entropy - float(np.vdot(wanted_NE, log_NE)) / len(input_NA)
        if divergence < least:
            best, least = gate, divergence
        slope_EA = _slope(gate, input_NA, wanted_NE - np.exp(log_NE), distance_NE)
        momentum_EA += (1.0 - MOMENTUM) * (slope_EA - momentum_EA)
        square_EA += (1.0 - SQUARES) * (slope_EA * slope_EA - square_EA)
        size = LARGEST_STEP * (1.0 - step / (STEPS + 2)) / (1.0 - MOMENTUM**step)
        move_EA = size * momentum_EA / (np.sqrt(square_EA / (1.0 - SQUARES**step)) + TINY)
        row_EA = gate.row_EA.copy()
        # A softmax row is kappa times a place, so that a step moves either kind of gate as far.
        row_EA[:, 1:] += move_EA[:, 1:] * (1.0 if gate.laplace else gate.scale)
        gate = gate._replace(row_EA=row_EA, bias_E=gate.bias_E + move_EA[:, 0])
    return best, least


def _log_weights(gate: Gate, input_NA: Floats) -> tuple[Floats, Floats]:
    """(N, E) logarithms of the weights, and distances from the rows (of a Laplace gate; else zeros)."""
    along_NE: Floats = input_NA[:, 1:] @ gate.row_EA[:, 1:].T
    distance_NE = np.zeros_like(along_NE)
    if gate.laplace:
        square_NE = (input_NA[:, 1:] ** 2).sum(axis=1)[:, None] + (gate.row_EA[:, 1:] ** 2).sum(axis=1)
        distance_NE = np.sqrt(np.maximum(square_NE - 2.0 * along_NE, TINY))
    logit_NE = gate.bias_E + (-gate.scale * distance_NE if gate.laplace else along_NE)
    logit_NE -= logit_NE.max(axis=1, keepdims=True)
    logit_NE -= np.log(np.exp(logit_NE).sum(axis=1, keepdims=True))
    return logit_NE, distance_NE


def _slope(gate: Gate, input_NA: Floats, surplus_NE: Floats, distance_NE: Floats) -> Floats:
    """Mean of (t - g) d logit / d (bias, row), (E, A); the bias stands in the constant's column."""
    slope_EA: Floats = np.empty(gate.row_EA.shape)
    slope_EA[:, 0] = surplus_NE.sum(axis=0)
    if gate.laplace:
        pull_NE = gate.scale * surplus_NE / distance_NE
        slope_EA[:, 1:] = pull_NE.T @ input_NA[:, 1:] - pull_NE.sum(axis=0)[:, None] * gate.row_EA[:, 1:]
    else:
        slope_EA[:, 1:] = surplus_NE.T @ input_NA[:, 1:]
    return slope_EA / len(input_NA)
