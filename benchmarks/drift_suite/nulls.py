"""False alarms: realised over asked run length where nothing changes, for every kind of gate."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from stream_hmoe.detectors import GateShiftDetector

from .run_lengths import RunLength, run_length
from .worlds import Floats, falling, lazy, one_hot, smooth, soft

__all__ = ["ARL", "Null", "measure_null", "null_table"]

ARL = 10_000.0
REFERENCE, REFERENCES = 10_000, 25
Draw = Callable[[np.random.Generator, int], Floats]


class Null:
    """One row: what the gate is like, how many references, how many streams of each.

    Args:
        name: of the row.
        make: a world's random state -> what draws weights.
        known_K: the mean, where it is known.
        references: how many; the streams are shared out over them.
        streams: how many streams.
    """

    def __init__(
        self,
        name: str,
        make: Callable[[np.random.Generator], Draw],
        known_K: Floats | None,
        references: int,
        streams: int,
    ) -> None:
        self.name, self.make, self.known_K = name, make, known_K
        self.references = min(references, streams)
        self.streams_each = max(streams // self.references, 1)


def null_table(streams: int) -> list[Null]:
    """All rows; the streams of an estimated reference are shared out over 25 references."""
    rows = [_fixed(f"K {k}, known mean", falling(k), one_hot, streams, True) for k in (2, 16, 64, 256)]
    rows += [_fixed(f"K {k}, estimated", falling(k), one_hot, streams, False) for k in (2, 16, 64, 256)]
    rows += [
        _fixed("K 16 soft, estimated", falling(16), lambda r, p, n: soft(r, p, n, 2.0), streams, False),
        _fixed("K 16 sticky rho 0.8", falling(16), lambda r, p, n: lazy(r, p, n, 0.8), streams, False),
    ]
    for phi in (0.5, 0.9):
        rows.append(Null(f"K 16 softmax, AR(1) phi {phi}", _wandering(phi), None, REFERENCES, streams))
    return rows


def measure_null(null: Null, seed: int) -> Iterator[RunLength | None]:
    """One step for each reference, the last of which is the outcome."""
    worlds: list[list[tuple[int, bool]]] = []
    for world in range(null.references):
        draw = null.make(np.random.default_rng((seed, world, 0)))
        random = np.random.default_rng((seed, world, 1))
        reference = draw(random, REFERENCE) if null.known_K is None else null.known_K
        detector = GateShiftDetector(reference, ARL, seed=world)
        runs = []
        for _ in range(null.streams_each):
            detector.reset()
            runs.append(_run(detector, draw, random))
        worlds.append(runs)
        yield None
    yield run_length(worlds, ARL, seed)


def _run(detector: GateShiftDetector, draw: Draw, random: np.random.Generator) -> tuple[int, bool]:
    longest = int(2 * ARL)
    found = detector.scan(draw(random, longest))
    return (longest, False) if found is None else (found + 1, True)


def _fixed(
    name: str,
    p_K: Floats,
    sample: Callable[[np.random.Generator, Floats, int], Floats],
    streams: int,
    known: bool,
) -> Null:
    def make(_: np.random.Generator) -> Draw:
        return lambda random, records: sample(random, p_K, records)

    references = streams if known else REFERENCES
    return Null(name, make, p_K if known else None, references, streams)


def _wandering(phi: float) -> Callable[[np.random.Generator], Draw]:
    return lambda world: smooth(world, 16, phi)
