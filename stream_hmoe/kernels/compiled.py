"""How kernels are compiled: cached on disk, and free to reorder sums but not to ignore NaN.

Kernels own no memory, so reference counting is left out (``_nrt``): a quarter less time a record.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

__all__ = ["compiled", "inlined"]

Function = TypeVar("Function", bound=Callable[..., Any])

_FASTMATH = {"nsz", "arcp", "contract", "reassoc", "afn"}
_OPTIONS = {"cache": True, "fastmath": _FASTMATH, "error_model": "numpy", "_nrt": False}


def compiled(function: Function) -> Function:
    """Compile a kernel on its first call and keep the machine code beside the source file."""
    return cast(Function, cast(Any, numba.njit)(**_OPTIONS)(function))


def inlined(function: Function) -> Function:
    """Make a kernel part of those that call it: a quarter less time to compile them all."""
    return cast(Function, cast(Any, numba.njit)(**_OPTIONS, inline="always")(function))
