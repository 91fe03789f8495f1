"""Machine code on disk is used again, unless any kernel's source has changed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stream_hmoe.kernels import compiled
from stream_hmoe.kernels.categorical import run_classes
from stream_hmoe.kernels.compiled import Entry
from stream_hmoe.kernels.gaussian import run_means
from stream_hmoe.layout import Task
from tests.stream_hmoe.learners import learned

INNER = """
from .compiled import inlined

@inlined
def inner(x: float) -> float:
    return x + {added}
"""
OUTER = """
from .compiled import compiled
from .inner import inner

@compiled
def outer(x: float) -> float:
    return inner(x)
"""
CALL = "from package.kernels.outer import outer; print(outer(1.0), sum(outer.stats.cache_hits.values()))"


def call(folder: Path) -> str:
    without = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    done = subprocess.run(
        [sys.executable, "-c", CALL], cwd=folder, env=without, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout.strip()


def test_a_kernel_is_compiled_again_when_one_that_became_part_of_it_changes(tmp_path: Path) -> None:
    package = tmp_path / "package" / "kernels"
    package.mkdir(parents=True)
    shutil.copy(compiled.__file__, package)
    (package / "inner.py").write_text(INNER.format(added="1.0"))
    (package / "outer.py").write_text(OUTER)
    assert call(tmp_path) == "2.0 0"
    assert call(tmp_path) == "2.0 1"
    (package / "inner.py").write_text(INNER.format(added="10.0"))
    assert call(tmp_path) == "11.0 0"


def test_the_short_way_into_a_kernel_does_what_the_first_call_did() -> None:
    @compiled.compiled
    def double(values: np.ndarray) -> None:
        for n in range(values.size):
            values[n] *= 2.0

    entry, values = Entry(double), np.arange(3.0)
    for _ in range(3):
        entry(values)
    np.testing.assert_array_equal(values, [0.0, 8.0, 16.0])


def test_kernels_divide_as_arrays_do_and_keep_nan() -> None:
    @compiled.compiled
    def quotient(a: float, b: float) -> float:
        return a / b

    assert quotient(1.0, 0.0) == np.inf
    assert np.isnan(quotient(0.0, 0.0)) and np.isnan(quotient(np.nan, 1.0))


@pytest.mark.parametrize(("kernel", "task"), [(run_classes, "classification"), (run_means, "regression")])
def test_machine_code_calls_no_other_kernel(kernel: Any, task: Task) -> None:
    """Which copy of a called kernel runs, and so the last bit, would depend on what was loaded before."""
    learned(task, records=1)
    cache = kernel._cache
    (file,) = Path(cache.cache_path).glob(f"{cache._impl.filename_base}.*.nbc")
    machine_code = file.read_bytes().partition(b"\x7fELF")[2].partition(b"BC\xc0\xde")[0]
    names = re.findall(rb"_ZN11stream_hmoe7kernels\d+[a-z_]+\d+([a-z_]+)B", machine_code)
    assert {name.decode() for name in names} == {kernel.__name__}
