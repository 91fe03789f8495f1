"""No kernel reaches beyond its arrays, and compiling a kernel does not change what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from tests.stream_hmoe.kernels.interpreted import predictions

ROOT = Path(__file__).parents[3]


def test_interpreted_kernels_stay_inside_their_arrays_and_say_the_same() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.stream_hmoe.kernels.interpreted"],
        cwd=ROOT,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        stdout=subprocess.PIPE,
        check=True,
    )
    interpreted, compiled = json.loads(done.stdout), predictions()
    assert interpreted.keys() == compiled.keys()
    for name, rows in interpreted.items():
        for one, other in zip(rows, compiled[name], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-9, err_msg=name)
