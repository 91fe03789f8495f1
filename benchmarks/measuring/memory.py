"""How much memory this process holds, and how much it held at most."""

from __future__ import annotations

import re
import resource
import sys
from pathlib import Path

__all__ = ["forget_peak", "peak_bytes", "resident_bytes"]

STATUS = Path("/proc/self/status")
FORGET = Path("/proc/self/clear_refs")


def resident_bytes() -> int:
    """Memory held now; the most so far where the system does not say."""
    return _status("VmRSS")


def peak_bytes() -> int:
    """Most memory held since the start or since ``forget_peak``."""
    return _status("VmHWM")


def forget_peak() -> None:
    """Let the peak be measured from now on, where the system can do that."""
    if FORGET.exists():
        FORGET.write_text("5", encoding="ascii")


def _status(field: str) -> int:
    # getrusage would count the parent's memory too: a child inherits its peak.
    if STATUS.exists():
        found = re.search(rf"^{field}:\s+(\d+) kB$", STATUS.read_text(encoding="ascii"), re.MULTILINE)
        assert found is not None
        return int(found[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
