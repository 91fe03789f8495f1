"""A learner that goes on learning, watched through gates that are rolled over or frozen.

Shapes: N records, D features.
"""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt

from stream_hmoe.detectors import GateWatch
from stream_hmoe.detectors.gate_watch import distinct_scales
from stream_hmoe.kernels.frozen_gates import freeze_gates
from stream_hmoe.learner import Learner
from stream_hmoe.settings import Settings

__all__ = ["watch_learner", "watch_seconds"]

Floats = npt.NDArray[np.float64]
FEATURES, BLOCK = 6, 1000


def watch_learner(
    records: int, change_at: int, shift: float, seed: int, arl: float, roll_every: int
) -> int | None:
    """Record of the first alarm on a stream whose third feature's mean moves, or ``None``.

    Args:
        records: of the stream.
        change_at: first record after the change.
        shift: of the mean, in standard deviations; 0 for no change.
        seed: of the stream.
        arl: wanted average run length.
        roll_every: records between roll-overs.
    """
    x_ND, y_N = _stream(records, change_at, shift, seed)
    learner = Learner(Settings(kinds=("linear", "regions")), "classification")
    learner.widen(FEATURES, 2)
    gates = distinct_scales(learner.state.regions.scale_G)
    names = [f"{gate}/{expert}" for gate in gates for expert in range(learner.settings.experts)]
    watch = GateWatch(names, arl, roll_every=roll_every, seed=seed)
    begin = 0
    while begin < records:
        if watch.records_until_gates == 0:
            laplace = bool(learner.state.laplace_2[1])
            watch.freeze(freeze_gates(learner.state.scale, learner.state.regions, laplace, gates))
        end = min(records, begin + min(BLOCK, watch.records_until_gates))
        learner.step(x_ND[begin:end], y_N[begin:end])
        reached_N = watch.update(x_ND[begin:end]) >= 0.0
        if reached_N.any():
            return begin + int(reached_N.argmax())
        begin = end
    return None


def watch_seconds(seed: int) -> float:
    """Processor seconds a record of watching alone, over 40,000 records after the threshold was found."""
    x_ND, y_N = _stream(60_000, 60_000, 0.0, seed)
    learner = Learner(Settings(kinds=("linear", "regions")), "classification")
    learner.widen(FEATURES, 2)
    learner.step(x_ND[:5000], y_N[:5000])
    gates = distinct_scales(learner.state.regions.scale_G)
    watch = GateWatch([str(leaf) for leaf in range(len(gates) * learner.settings.experts)], 10_000)
    spent, begin = 0.0, 0
    while begin < len(x_ND):
        started = time.process_time()
        if watch.records_until_gates == 0:
            watch.freeze(freeze_gates(learner.state.scale, learner.state.regions, True, gates))
        end = min(len(x_ND), begin + min(BLOCK, watch.records_until_gates))
        watch.update(x_ND[begin:end])
        spent += time.process_time() - started if begin >= 20_000 else 0.0
        begin = end
    return spent / 40_000


def _stream(records: int, change_at: int, shift: float, seed: int) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Correlated normal features; a class that depends on two of them, with noise."""
    random = np.random.default_rng(seed)
    x_ND = random.normal(size=(records, FEATURES))
    x_ND[:, 1] += 0.5 * x_ND[:, 0]
    x_ND[change_at:, 2] += shift
    score_N = x_ND[:, 0] + np.sin(2.0 * x_ND[:, 1]) + 0.3 * random.normal(size=records)
    return x_ND, (score_N > 0.0).astype(np.int64)
