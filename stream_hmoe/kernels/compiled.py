"""How kernels are compiled: cached on disk, and free to reorder sums but not to ignore NaN.

Kernels own no memory, so reference counting is left out (``_nrt``): a quarter less time a record.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

__all__ = ["Entry", "compiled", "inlined"]

Function = TypeVar("Function", bound=Callable[..., Any])

_FASTMATH = {"nsz", "arcp", "contract", "reassoc", "afn"}
_OPTIONS = {"cache": True, "fastmath": _FASTMATH, "error_model": "numpy", "_nrt": False}


def compiled(function: Function) -> Function:
    """Compile a kernel on its first call and keep the machine code beside the source file."""
    return cast(Function, cast(Any, numba.njit)(**_OPTIONS)(function))


def inlined(function: Function) -> Function:
    """Make a kernel part of those that call it: a quarter less time to compile them all."""
    return cast(Function, cast(Any, numba.njit)(**_OPTIONS, inline="always")(function))


class Entry:
    """The way into a kernel that is always called with the same types.

    The first call goes through Numba, which compiles. Later ones go straight to the machine code: looking
    up the types of a hundred arrays takes longer than learning a record. The caller vouches for the types:
    C-contiguous arrays of the dimensions and dtypes of the first call.
    """

    def __init__(self, kernel: Callable[..., None]) -> None:
        self._kernel: Any = kernel
        self._call: Callable[..., None] | None = None

    def __call__(self, *arguments: object) -> None:
        """Run the kernel."""
        if self._call is None:
            self._kernel(*arguments)
            (overload,) = self._kernel.overloads.values()
            self._call = overload.entry_point
        else:
            self._call(*arguments)
