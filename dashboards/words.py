"""How numbers, ages and metrics are written on the page."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Metric", "age", "count", "duration", "size"]


@dataclass(frozen=True, slots=True)
class Metric:
    """The metric of the run: how it is called and written, and which way is better.

    Args:
        name: as the journal calls it, for example ``"accuracy"``.
        is_share: between 0 and 1, larger is better; otherwise an error in the target's unit.
    """

    name: str
    is_share: bool

    @property
    def title(self) -> str:
        """The name at the start of a sentence; abbreviations are written out in capitals."""
        return self.name.upper() if len(self.name) <= 4 else self.name[:1].upper() + self.name[1:]

    @property
    def axis_format(self) -> str:
        """The format of axis labels, in d3's language."""
        return ".0%" if self.is_share else "~g"

    def write(self, value: float | None) -> str:
        """A value for people; a dash where there is none."""
        if value is None or math.isnan(value):
            return "-"
        return f"{100 * value:.1f} %" if self.is_share else f"{value:.4g}"

    def gain(self, now: float, then: float) -> float:
        """How much better ``now`` is than ``then``: in shares, or for an error relative to ``then``."""
        if self.is_share:
            return now - then
        return (then - now) / then if then > 0.0 else float(then) - float(now)


def count(value: float | None) -> str:
    """A whole number with a comma between thousands; a dash where there is none."""
    return "-" if value is None or math.isnan(value) else f"{round(value):,}"


def age(seconds: float) -> str:
    """A stretch of time in its largest unit: ``"4 s"``, ``"12 min"``, ``"3 h"``, ``"2 days"``."""
    for unit, length in (("day", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            whole = int(seconds // length)
            return f"{whole} days" if unit == "day" and whole > 1 else f"{whole} {unit}"
    return f"{max(0, int(seconds))} s"


def duration(seconds: float | None) -> str:
    """A stretch of time in the unit that suits it: ``"0.8 ms"``, ``"250 ms"``, ``"1.5 s"``, ``"12 min"``."""
    if seconds is None or math.isnan(seconds):
        return "-"
    if seconds < 1.0:
        return f"{1_000 * seconds:.3g} ms"
    return f"{seconds:.1f} s" if seconds < 60.0 else age(seconds)


def size(number: float | None) -> str:
    """Bytes in the unit that suits them: ``"1.5 MiB"``."""
    if number is None or math.isnan(number):
        return "-"
    for unit in ("B", "KiB", "MiB"):
        if number < 1_024:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1_024
    return f"{number:.1f} GiB"
