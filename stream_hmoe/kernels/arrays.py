"""Named tuples of arrays whose axes have names, so that one function can widen any of them.

Axes: D features, A = 1 + D (a constant 1 comes first), C classes, and whatever a part adds. A part
declares for each array the letters of its axes and the value that new entries start with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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


def resize(
    state: Part, layout: dict[str, Axes], sizes: dict[str, int], used: Mapping[str, int] | None = None
) -> Part:
    """Copy a part into longer axes; old entries keep their place, new ones get their fill value.

    Args:
        state: the part.
        layout: the axes of each field.
        sizes: new length of each axis letter.
        used: axis letters of which only so many entries differ from the fill value: the rest is not copied.
    """
    grown: dict[str, npt.NDArray[Any]] = {}
    for name, axes in layout.items():
        old = getattr(state, name)
        if _shape(axes, sizes) == old.shape:
            grown[name] = old
            continue
        new = _filled(axes, sizes)
        lengths = zip(axes.letters, old.shape, new.shape, strict=True)
        limits = {} if used is None else used
        common = tuple(slice(0, min(a, b, limits.get(letter, a))) for letter, a, b in lengths)
        new[common] = old[common]
        grown[name] = new
    renewed: Part = cast(Any, type(state))(**grown)
    return renewed


def _shape(axes: Axes, sizes: dict[str, int]) -> tuple[int, ...]:
    return tuple(sizes[letter] for letter in axes.letters)


def _filled(axes: Axes, sizes: dict[str, int]) -> npt.NDArray[Any]:
    if axes.fill == 0.0:
        return np.zeros(_shape(axes, sizes), dtype=axes.dtype)  # memory is only touched when it is used
    return np.full(_shape(axes, sizes), axes.fill, dtype=axes.dtype)
