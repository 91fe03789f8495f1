"""The mixture a model gives for a batch: gate weights of both levels and what every expert says.

Shapes: B batch, G groups, E experts of a group, K = G * E leaves (expert last), C classes.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from stream_hmoe.experts import Categorical, Density, Gaussian

__all__ = ["Expectation", "Mixture"]


@dataclass(frozen=True, eq=False)
class Mixture:
    """``p(y|x) = sum_i g_i sum_j g_{j|i} f_ij(y|x)`` for every row of a batch, in logarithms.

    Args:
        log_outer_BG: (B, G) log weights of the groups, in nats.
        log_inner_BGE: (B, G, E) log weights of the experts within their group, in nats.
        density: what the experts say.
    """

    log_outer_BG: Tensor
    log_inner_BGE: Tensor
    density: Density

    def log_gate_BGE(self) -> Tensor:
        """Return log weights of all leaves in nats, (B, G, E); over G and E together they sum to 1."""
        return self.log_outer_BG.unsqueeze(-1) + self.log_inner_BGE

    def gate_weights(self) -> Tensor:
        """Return the weights of all leaves, (B, K), group by group; rows sum to 1."""
        return self.log_gate_BGE().exp().flatten(1)

    def log_likelihood(self, y_B: Tensor) -> Tensor:
        """Return log p(y|x) in nats, (B,), for class indices or real targets (B,)."""
        return (self.log_gate_BGE() + self.density.log_likelihood(y_B)).flatten(1).logsumexp(1)

    def responsibilities(self, y_B: Tensor) -> tuple[Tensor, Tensor]:
        """Return the posterior given ``y_B``: of the groups (B, G), of the experts in a group (B, G, E)."""
        log_joint_BGE = self.log_inner_BGE + self.density.log_likelihood(y_B)
        log_group_BG = self.log_outer_BG + log_joint_BGE.logsumexp(2)
        return log_group_BG.softmax(1), log_joint_BGE.softmax(2)

    def probabilities(self) -> Tensor:
        """Return class probabilities, (B, C); rows sum to 1.

        Raises:
            TypeError: the experts are not categorical.
        """
        if not isinstance(self.density, Categorical):
            raise TypeError("a regression mixture has a mean() and a variance(), no probabilities()")
        log_joint = self.log_gate_BGE().unsqueeze(-1) + self.density.log_prob_BGEC
        return log_joint.flatten(1, 2).logsumexp(1).exp()

    def mean(self) -> Tensor:
        """Return E[y|x], (B,), in the target's unit.

        Raises:
            TypeError: the experts are not Gaussian.
        """
        return (self.gate_weights() * self._gaussian().mean_BGE.flatten(1)).sum(1)

    def variance(self) -> Tensor:
        """Return Var[y|x], (B,): mean of the experts' variances plus variance of their means.

        Raises:
            TypeError: the experts are not Gaussian.
        """
        density = self._gaussian()
        spread_BGE = (density.mean_BGE - self.mean().reshape(-1, 1, 1)).square()
        return (self.log_gate_BGE().exp() * (density.log_variance_BGE.exp() + spread_BGE)).flatten(1).sum(1)

    def _gaussian(self) -> Gaussian:
        if not isinstance(self.density, Gaussian):
            raise TypeError("a classification mixture has probabilities(), no mean() and no variance()")
        return self.density


class Expectation(nn.Module):
    """E[y|x] as a plain tensor: class probabilities (B, C), or the mean as one column (B, 1).

    It stands behind a model in ``nn.Sequential``, where the next layer wants a tensor.
    """

    def forward(self, mixture: Mixture) -> Tensor:
        """Return the expectation of the one-hot class, or of the target."""
        if isinstance(mixture.density, Categorical):
            return mixture.probabilities()
        return mixture.mean().unsqueeze(-1)
