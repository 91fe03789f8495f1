"""Memory is what this process holds, and the peak can start anew."""

from __future__ import annotations

import numpy as np

from benchmarks.measuring.memory import FORGET, forget_peak, peak_bytes, resident_bytes


def test_an_array_is_seen() -> None:
    before = resident_bytes()
    array = np.ones(8_000_000)
    held = resident_bytes() - before
    assert 0.9 * array.nbytes < held < 1.5 * array.nbytes
    assert peak_bytes() >= before + 0.9 * array.nbytes


def test_the_peak_can_be_forgotten() -> None:
    np.ones(8_000_000).sum()
    peak = peak_bytes()
    forget_peak()
    assert peak_bytes() <= peak - 32_000_000 or not FORGET.exists()
