"""Who does the work: gate weights of the experts, and how evenly they are spread."""

from __future__ import annotations

import math
from collections.abc import Sequence

from monitor.metrics.families import OTHER, Families
from monitor.status import LeafShare, Status

__all__ = ["DEAD_SHARE", "MAX_EXPERTS", "MAX_GROUPS", "collect_gates"]

MAX_EXPERTS = 64
MAX_GROUPS = 64
DEAD_SHARE = 0.01


def collect_gates(status: Status, families: Families) -> None:
    """Add the gate weights of the last interval."""
    stream = status.stream
    if status.interval is not None and status.interval.gate_entropy_nats is not None:
        families.add("hmoe_gate_entropy_nats", status.interval.gate_entropy_nats, stream=stream)
    shares = status.shares
    if not shares:
        return
    groups = {share.group for share in shares}
    families.add("hmoe_experts", len(shares), stream=stream, level="expert")
    families.add("hmoe_experts", len(groups), stream=stream, level="group")
    families.add("hmoe_gate_entropy_ratio", evenness(shares), stream=stream)
    dead = sum(share.weight < DEAD_SHARE / len(shares) for share in shares)
    families.add("hmoe_dead_experts", dead, stream=stream)
    for (group, expert), weight in _named(shares).items():
        families.add("hmoe_gate_assignment_ratio", weight, stream=stream, group=group, expert=expert)


def evenness(shares: Sequence[LeafShare]) -> float:
    """``exp(H) / K`` of the mean gate weights of K experts, H their entropy: 1 is even, 1/K is one alone."""
    total = sum(share.weight for share in shares)
    parts = [share.weight / total for share in shares if share.weight > 0.0] if total > 0.0 else []
    entropy_nats = -sum(part * math.log(part) for part in parts)
    return math.exp(entropy_nats) / len(shares)


def _named(shares: Sequence[LeafShare]) -> dict[tuple[str, str], float]:
    """Weights by group and expert; experts beyond the largest, and groups beyond the first, as ``other``."""
    largest = sorted(shares, key=lambda share: -share.weight)[:MAX_EXPERTS]
    own = {share.leaf for share in largest}
    groups = set(list(dict.fromkeys(share.group for share in shares))[:MAX_GROUPS])
    sums: dict[tuple[str, str], float] = {}
    for share in shares:
        is_own = share.leaf in own
        group = share.group if share.group in groups else OTHER
        key = group, share.leaf if is_own else OTHER
        sums[key] = sums.get(key, 0.0) + share.weight
    return sums
