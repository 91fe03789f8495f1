"""Values of facts in the form that JSON can hold exactly."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["finite", "plain"]


def plain(value: Any) -> Any:
    """Mappings, lists, text, truth values and finite numbers; NaN and infinities become text (``"-inf"``).

    Args:
        value: a fact's value: also tuples, sets of names, NumPy scalars and arrays, enumerations.
    """
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else repr(float(value))
    return str(value)


def finite(value: float) -> float | None:
    """A number where there is no word for NaN and infinities: those become None."""
    return float(value) if math.isfinite(value) else None
