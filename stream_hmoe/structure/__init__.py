"""How many experts: edits of the set of experts, evidence for them, and trials before they count.

Reading order: ``edits`` (grow, split, merge, prune, revive) with ``pooling`` (two experts as one) and
``imitation`` (borders that stay), ``lineage`` (names), ``evidence`` (what an edit would be worth), ``count``
(which edit to propose), ``trial`` (the test) and ``shadow`` (an edit on trial).
"""

from .count import ExpertCount, Limits, Proposal
from .edits import Cut, Edit, grow, merge, prune, revive, split
from .evidence import (
    allocate_watch,
    cuts,
    expert_price,
    fade,
    forget,
    mean_input,
    merge_cost,
    removals,
    suspicions,
)
from .lineage import LeafNames
from .shadow import Shadow, nobody, put_back, taken_out
from .trial import Trial

__all__ = [
    "Cut",
    "Edit",
    "ExpertCount",
    "LeafNames",
    "Limits",
    "Proposal",
    "Shadow",
    "Trial",
    "allocate_watch",
    "cuts",
    "expert_price",
    "fade",
    "forget",
    "grow",
    "mean_input",
    "merge",
    "merge_cost",
    "nobody",
    "prune",
    "put_back",
    "removals",
    "revive",
    "split",
    "suspicions",
    "taken_out",
]
