"""Streams made with River's generators, of 50,000 records each.

``INDEXED`` are the four that belong to the ten streams the comparison is about. ``UNSEEN`` are for checks
that nothing was fitted to those ten, and for nothing else: choose no default by looking at them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

from river.datasets import synth

from .records import as_stream
from .stream import Stream, Task

__all__ = ["INDEXED", "UNSEEN", "make"]

ROWS = 50_000
Pairs = Iterator[tuple[dict[Any, Any], Any]]
Recipe = tuple[Task, Callable[[], Pairs]]


def make(name: str) -> Stream:
    """Generate one stream; the same name gives the same records."""
    task, pairs = {**INDEXED, **UNSEEN}[name]
    return as_stream(name, task, pairs())


def _concepts(generators: Sequence[Any]) -> Pairs:
    """One concept after the other, for equally many records; an abrupt drift between any two."""
    each = ROWS // len(generators)
    return chain.from_iterable(islice(iter(generator), each) for generator in generators)


def _agrawal(functions: Sequence[int], seed: int) -> Pairs:
    return _concepts([synth.Agrawal(f, seed=seed + i, perturbation=0.05) for i, f in enumerate(functions)])


def _hyperplane(seed: int, num_features: int, num_drifting: int, change: float) -> Pairs:
    return _concepts(
        [
            synth.Hyperplane(
                seed=seed,
                n_features=num_features,
                n_drift_features=num_drifting,
                mag_change=change,
                noise_percentage=0.05,
                sigma=0.1,
            )
        ]
    )


def _led(drifting: Sequence[int], seed: int) -> Pairs:
    return _concepts(
        [
            synth.LEDDrift(
                seed=seed + i, noise_percentage=0.1, irrelevant_features=True, n_drift_features=count
            )
            for i, count in enumerate(drifting)
        ]
    )


def _moving_clusters(seed: int, num_classes: int, num_centroids: int, speed: float) -> Pairs:
    return _concepts(
        [
            synth.RandomRBFDrift(
                seed_model=seed,
                seed_sample=seed,
                n_classes=num_classes,
                n_features=10,
                n_centroids=num_centroids,
                change_speed=speed,
                n_drift_centroids=num_centroids,
            )
        ]
    )


def _random_trees(num_classes: int, num_categorical: int, seed: int) -> Pairs:
    return _concepts(
        [
            synth.RandomTree(
                seed_tree=seed + i,
                seed_sample=seed + i,
                n_classes=num_classes,
                n_cat_features=num_categorical,
            )
            for i in range(4)
        ]
    )


def _friedman(drift: str, seed: int) -> Pairs:
    positions = (12_500, 25_000, 37_500) if drift == "lea" else (17_500, 32_500)
    return _concepts(
        [synth.FriedmanDrift(drift_type=drift, position=positions, transition_window=2_000, seed=seed)]
    )


INDEXED: dict[str, Recipe] = {
    "agrawal_drift": ("classification", lambda: _agrawal((0, 3, 6, 8), seed=20)),
    "hyperplane": ("classification", lambda: _hyperplane(42, 10, 5, 0.001)),
    "led_drift": ("classification", lambda: _led((0, 3, 5, 7), seed=10)),
    "rbf_drift": ("classification", lambda: _moving_clusters(42, 5, 50, 0.001)),
}

UNSEEN: dict[str, Recipe] = {
    "random_tree": ("classification", lambda: _random_trees(2, 5, seed=100)),
    "random_tree_numbers": ("classification", lambda: _random_trees(4, 0, seed=200)),
    "stagger": ("classification", lambda: _concepts([synth.STAGGER(f, seed=31 + f) for f in (0, 1, 2, 1)])),
    "mixed": ("classification", lambda: _concepts([synth.Mixed(i % 2, seed=41 + i) for i in range(4)])),
    "sine": ("classification", lambda: _concepts([synth.Sine(f, seed=51 + f) for f in (0, 1, 2, 3)])),
    "sine_noise": (
        "classification",
        lambda: _concepts([synth.Sine(f, seed=55 + f, has_noise=True) for f in (2, 0, 3, 1)]),
    ),
    "sea_switching": (
        "classification",
        lambda: _concepts(
            [synth.SEA(v, noise=0.1, seed=61 + i) for i, v in enumerate((3, 0, 2, 1, 3, 0, 2, 1))]
        ),
    ),
    "waveform": ("classification", lambda: _concepts([synth.Waveform(seed=71, has_noise=True)])),
    "agrawal_others": ("classification", lambda: _agrawal((1, 7, 4, 9, 2), seed=81)),
    "hyperplane_fast": ("classification", lambda: _hyperplane(7, 20, 10, 0.01)),
    "hyperplane_still": ("classification", lambda: _hyperplane(8, 5, 0, 0.0)),
    "led_others": ("classification", lambda: _led((6, 2, 4, 1), seed=91)),
    "rbf_slow": ("classification", lambda: _moving_clusters(5, 3, 20, 0.0001)),
    "rbf_fast": ("classification", lambda: _moving_clusters(6, 8, 30, 0.005)),
    "friedman_local": ("regression", lambda: _friedman("lea", seed=101)),
    "friedman_abrupt": ("regression", lambda: _friedman("gra", seed=102)),
    "friedman_gradual": ("regression", lambda: _friedman("gsg", seed=103)),
    "planes": ("regression", lambda: _concepts([synth.Planes2D(seed=111)])),
    "mv": ("regression", lambda: _concepts([synth.Mv(seed=121)])),
}
