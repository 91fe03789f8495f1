"""A place in a journal that it can go back to."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Mark"]


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the journal had come: rows beyond it are removed by ``rewind``.

    Args:
        interval: ``record`` of the last interval row; -1 when there is none.
        topology: ``record`` of the last topology rows; -1 when there are none.
        event: ``id`` of the last event row; 0 when there is none.
        feature: ``record`` of the last feature rows; -1 when there are none.
        bad: ``id`` of the last row about what could not be used; 0 when there is none.
        flow: ``time_seconds`` of the last flow row; 0 when there is none.
    """

    interval: int = -1
    topology: int = -1
    event: int = 0
    feature: int = -1
    bad: int = 0
    flow: float = 0.0
