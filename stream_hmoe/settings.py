"""What a learner is made of: the choices a user may change, checked once.

The defaults are one setting for every stream; the benchmarks measure them and nothing else.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["COUNTED_REGIONS", "GATES", "KINDS", "RegionGroup", "Settings"]

GATES = ("SS", "SL", "LS", "LL")
KINDS = ("linear", "regions", "memory", "prototypes", "additive", "boosted")


@dataclass(frozen=True, slots=True)
class RegionGroup:
    """One group of local experts.

    Args:
        scale: kappa of the inner gate, in 1 / standard deviation; larger regions need smaller scales.
        step: step size of first-order experts (responsibility-weighted, normalised).
        centre_step: step size of the gate's centres.
        forgetting: how much of the past a second-order expert keeps at each record it serves; ``None``
            makes the experts first-order.
        scale_step: step size of log kappa along the gradient of the log-likelihood (Laplace gates); 0
            leaves the scale as it is. A softmax gate's rows have a length of their own.
        bias_step: step size of the gate's biases.
        least: fewest live experts that edits leave; births never take one away.
        most: most live experts, for births and for edits; ``None`` is ``Settings.experts``.
    """

    scale: float
    step: float = 0.5
    centre_step: float = 0.05
    forgetting: float | None = None
    scale_step: float = 0.0
    bias_step: float = 0.1
    least: int = 1
    most: int | None = None


_REGIONS = (
    RegionGroup(scale=2.0, step=0.5),
    RegionGroup(scale=4.0, step=8.0, centre_step=0.03),
    RegionGroup(scale=8.0, step=2.0),
    RegionGroup(scale=1.0, forgetting=0.99),
    RegionGroup(scale=4.0, forgetting=0.99),
    RegionGroup(scale=8.0, forgetting=0.97),
)
# Steps small enough that a gate at rest does not blur its density (a softmax row is longer than a centre is
# far, and steps as much larger), and a scale that finds itself: with a wrong one more experts are needed to
# draw the same borders.
COUNTED_REGIONS = {
    "L": RegionGroup(scale=4.0, centre_step=0.003, bias_step=0.01, forgetting=0.99, scale_step=0.01),
    "S": RegionGroup(scale=4.0, centre_step=0.03, bias_step=0.01, forgetting=0.99),
}
COUNTED_CUTOFF = 1e-3


@dataclass(frozen=True, slots=True)
class Settings:
    """The learner's shape.

    Args:
        gates: outer then inner gate, S (softmax) or L (Laplace).
        kinds: which kinds of groups take part, of ``KINDS``.
        experts: slots for local experts in each region group.
        regions: the region groups; those with second-order experts come last.
        remembered: records in the memory.
        prototypes: prototypes born on error.
        bins: quantile bins of a feature.
        stages: trees of a boosted ensemble.
        leaves: most leaves of a tree.
        cutoff: inner gate weights below this are skipped.
        seed: seed of the one random choice, which features a tree may split on.
        adapt_experts: whether each region group's number of experts follows the evidence, between the
            group's limits; otherwise experts are born until the group is full.
        first_experts: experts that births make in each group before the evidence decides; ``None`` is as
            many as the group may have.
    """

    gates: str = "LL"
    kinds: tuple[str, ...] = KINDS
    experts: int = 24
    regions: tuple[RegionGroup, ...] = field(default=_REGIONS)
    remembered: int = 512
    prototypes: int = 128
    bins: int = 16
    stages: int = 10
    leaves: int = 64
    cutoff: float = 1e-2
    seed: int = 0
    adapt_experts: bool = False
    first_experts: int | None = None

    def __post_init__(self) -> None:
        if self.gates not in GATES:
            raise ValueError(
                f"gates: got {self.gates!r}; choose one of {', '.join(GATES)} (outer letter first)"
            )
        unknown = [kind for kind in self.kinds if kind not in KINDS]
        if unknown or not self.kinds:
            raise ValueError(f"kinds: got {self.kinds!r}; choose some of {', '.join(KINDS)}")
        for name in ("experts", "remembered", "prototypes", "stages"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: got {getattr(self, name)}; it must be at least 1")
        for name in ("bins", "leaves"):
            if getattr(self, name) < 2:
                raise ValueError(f"{name}: got {getattr(self, name)}; it must be at least 2")
        if not 0.0 <= self.cutoff < 1.0:
            raise ValueError(f"cutoff: got {self.cutoff}; it must be at least 0 and below 1")
        if any(not region.scale > 0.0 for region in self.regions):
            raise ValueError("regions: every scale must be above 0")
        if not self.regions or list(self.regions) != sorted(
            self.regions, key=lambda r: r.forgetting is not None
        ):
            raise ValueError("regions: at least one group, and those with second-order experts last")

        if self.first_experts is not None and self.first_experts < 1:
            raise ValueError(f"first_experts: got {self.first_experts}; it must be at least 1, or None")
        for region in self.regions:
            if not 1 <= region.least <= self.most_experts(region) <= self.experts:
                raise ValueError(
                    f"regions: a group has limits {region.least} to {self.most_experts(region)};"
                    f" they must be in order and within 1 to experts={self.experts}"
                )

    @classmethod
    def counted(
        cls, gates: str, kinds: tuple[str, ...], experts: int, seed: int, first_experts: int | None = None
    ) -> Settings:
        """One region group whose number of experts is itself of interest: small steps, a learned scale.

        The default groups differ in scale and step so that one of them fits; each then has a number of
        its own. This one is slower to follow a drift and closer to the density of a stream at rest.
        """
        return cls(
            gates=gates,
            kinds=kinds,
            experts=experts,
            regions=(COUNTED_REGIONS[gates[-1:]],) if gates in GATES else _REGIONS,
            cutoff=COUNTED_CUTOFF,
            seed=seed,
            adapt_experts=True,
            first_experts=first_experts,
        )

    def most_experts(self, region: RegionGroup) -> int:
        """Most live experts of a group."""
        return self.experts if region.most is None else region.most

    def to_json(self) -> dict[str, Any]:
        """Plain values for a checkpoint's manifest."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Settings:
        """The inverse of ``to_json``."""
        regions = tuple(RegionGroup(**group) for group in values["regions"])
        return cls(**{**values, "kinds": tuple(values["kinds"]), "regions": regions})
