"""How kernels are compiled: cached on disk, and free to reorder sums but not to ignore NaN.

Kernels own no memory, so reference counting is left out (``_nrt``): a quarter less time a record. They let
other threads run (``nogil``): one thread learns, others may answer requests meanwhile.
Kernels become part of each other, so machine code is stale once any file with kernels has changed; Numba
alone looks at a kernel's own file only.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

__all__ = ["Entry", "compiled", "inlined", "linked"]

Function = TypeVar("Function", bound=Callable[..., Any])

_FASTMATH = {"nsz", "arcp", "contract", "reassoc", "afn"}
_OPTIONS = {
    "cache": True,
    "fastmath": _FASTMATH,
    "error_model": "numpy",
    "_nrt": False,
    "nogil": True,
    "no_cfunc_wrapper": True,
}
_PACKAGE = Path(__file__).parents[1]
_SOURCES = sorted(
    (str(path.relative_to(_PACKAGE)), path.stat().st_mtime_ns, path.stat().st_size)
    for pattern in ("kernels/*.py", "evidence/*.py", "detectors/*.py", "paired_bets.py")
    for path in _PACKAGE.glob(pattern)
)


def compiled(function: Function) -> Function:
    """Compile a kernel on its first call and keep the machine code beside the source file."""
    return cast(Function, _fresh(cast(Any, numba.njit)(**_OPTIONS)(function)))


def linked(function: Function) -> Function:
    """Compile a kernel that other kernels call: its machine code becomes part of theirs.

    Were it called instead, each of them would hold a copy of it, the copies would differ in the last bit, and
    which copy is called would depend on what the process compiled or loaded before.
    """
    return cast(Function, _fresh(cast(Any, numba.njit)(**_OPTIONS, forceinline=True)(function)))


def inlined(function: Function) -> Function:
    """Make a kernel part of those that call it: a quarter less time to compile them all."""
    return cast(Function, _fresh(cast(Any, numba.njit)(**_OPTIONS, inline="always")(function)))


def _fresh(kernel: Any) -> Any:
    """Let no machine code be used that was compiled before a change in any kernel."""
    index = getattr(getattr(kernel, "_cache", None), "_cache_file", None)
    if index is not None:  # the interpreter (NUMBA_DISABLE_JIT) has no cache
        index._source_stamp = _SOURCES  # noqa: SLF001  (Numba has no public way)
    return kernel


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
