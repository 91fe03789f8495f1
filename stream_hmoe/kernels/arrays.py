"""Named tuples of arrays whose axes have names, so that one function can widen any of them.

Axes: D features, A = 1 + D (a constant 1 comes first), C classes, and whatever a part adds. A part
declares for each array the letters of its axes and the value that new entries start with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
import numpy.typing as npt

__all__ = ["Axes", "allocate", "resize", "scratch"]

Part = TypeVar("Part", bound=tuple[Any, ...])


class Axes(NamedTuple):
    """One array of a part: its axes in order, what new entries start with, its type.

    Scratch is written by every prediction before it is read, and so is not part of the state.
    """

    letters: str
    fill: float = 0.0
    dtype: Any = np.float64
    scratch: bool = False


def scratch(letters: str, dtype: Any = np.float64) -> Axes:
    """An array that every prediction writes before anything reads it."""
    return Axes(letters, 0.0, dtype, True)


def allocate(part: Callable[..., Part], layout: dict[str, Axes], sizes: dict[str, int]) -> Part:
    """Build a part with every array at its starting value.

    Args:
        part: the named-tuple class.
        layout: the axes of each field.
        sizes: length of each axis letter.
    """
    return part(**{name: _filled(axes, sizes) for name, axes in layout.items()})


def resize(state: Part, layout: dict[str, Axes], sizes: dict[str, int]) -> Part:
    """Copy a part into longer axes; old entries keep their place, new ones get their fill value."""
    grown: dict[str, npt.NDArray[Any]] = {}
    for name, axes in layout.items():
        old = getattr(state, name)
        new = _filled(axes, sizes)
        if new.shape == old.shape:
            grown[name] = old
            continue
        common = tuple(slice(0, min(a, b)) for a, b in zip(old.shape, new.shape, strict=True))
        new[common] = old[common]
        grown[name] = new
    renewed: Part = cast(Any, type(state))(**grown)
    return renewed


def _filled(axes: Axes, sizes: dict[str, int]) -> npt.NDArray[Any]:
    shape = tuple(sizes[letter] for letter in axes.letters)
    return np.full(shape, axes.fill, dtype=axes.dtype)
