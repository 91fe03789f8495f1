"""What a person should do in each state, and where the runbook says more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dashboards.states import State

__all__ = ["RUNBOOKS", "Advice", "advice"]

RUNBOOKS = "docs/runbooks.md"


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do now.

    Args:
        text: in one sentence.
        anchor: the section of the runbooks; empty where there is nothing to do.
    """

    text: str
    anchor: str = ""

    def link(self, runbooks: str) -> str:
        """Where the section is, given where the runbooks are."""
        return f"{runbooks}#{self.anchor}" if self.anchor else ""


_ADVICE: Mapping[State, Advice] = {
    State.WAITING: Advice("Wait for the first figures."),
    State.HEALTHY: Advice("Nothing to do."),
    State.WATCHING: Advice(
        "Nothing to do yet: the page Drift shows how near the evidence is to its threshold."
    ),
    State.DRIFTING: Advice(
        "See on the page Drift what moved and where; the controller acts by itself.", "hmoedrift"
    ),
    State.ADAPTING: Advice(
        "Wait: the page Actions shows what is being tested and when it ends.", "hmoedrift"
    ),
    State.DEGRADED: Advice(
        "No signal explains it: look on the page Data for bad input and late labels.", "hmoedriftharmful"
    ),
    State.HELD: Advice(
        "Decide whether the model may adapt again, and release the controller.", "hmoecontrollerheld"
    ),
    State.STALE: Advice("Check that the process runs and that its source still sends.", "hmoenoevents"),
    State.HALTED: Advice(
        "Remove the cause that is named here, then start the stream again.", "hmoestreamhalted"
    ),
}


def advice(state: State) -> Advice:
    """What to do in this state."""
    return _ADVICE[state]
