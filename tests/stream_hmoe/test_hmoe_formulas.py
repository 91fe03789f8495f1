"""The derivatives that theory and the compiled learner rely on, against autograd, for all four combinations.

Shapes as in stream_hmoe.hmoe. h are responsibilities, g gate weights.
"""

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor

from stream_hmoe.experts import CategoricalExperts, GaussianExperts
from stream_hmoe.gates import Gate, LaplaceGate, SoftmaxGate
from stream_hmoe.hmoe import HMoE

D, G, E, C = 3, 3, 2, 4
COMBOS = ["SS", "SL", "LS", "LL"]
KAPPA = 1.7


def make(gates: str, task: str) -> tuple[HMoE, Tensor]:
    generator = torch.Generator().manual_seed(3)
    model = HMoE(
        D,
        num_groups=G,
        num_experts=E,
        gates=gates,  # type: ignore[arg-type]
        task=task,  # type: ignore[arg-type]
        num_classes=C,
        learn_scale=True,
        scale=KAPPA,
        generator=generator,
    ).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64), alpha=0.1)
    return model, torch.randn(D, generator=generator, dtype=torch.float64)


def gate_gradients(gate: Gate, surplus: Tensor, x: Tensor) -> dict[str, Tensor]:
    """Gradients from ``surplus``, responsibilities less gate weights (times h_i on the inner level)."""
    if isinstance(gate, SoftmaxGate):
        return {"weight": surplus[..., None] * x, "bias": surplus}
    assert isinstance(gate, LaplaceGate)
    kappa = gate.kappa_G().reshape(-1, *(1,) * (surplus.dim() - 1))
    difference = x - gate.weight
    norm = difference.norm(dim=-1)
    log_scale = -kappa * surplus * norm
    return {
        "weight": (kappa * surplus / norm)[..., None] * difference,
        "bias": surplus,
        "log_scale": log_scale if surplus.dim() == 1 else log_scale.sum(-1),
    }


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("gates", COMBOS)
def test_gradients_of_one_record_have_their_closed_form(gates: str, task: str) -> None:
    model, x = make(gates, task)
    y = torch.tensor([2]) if task == "classification" else torch.tensor([0.7], dtype=torch.float64)
    mixture = model(x[None])
    mixture.log_likelihood(y).sum().backward()
    with torch.no_grad():
        outer, inner = (part[0] for part in mixture.responsibilities(y))
        leaf = outer[:, None] * inner
        expected = {
            "outer": gate_gradients(model.outer, outer - mixture.log_outer_BG[0].exp(), x),
            "inner": gate_gradients(model.inner, leaf - outer[:, None] * mixture.log_inner_BGE[0].exp(), x),
        }
        experts = model.experts
        if isinstance(experts, GaussianExperts):
            error = y - mixture.density.mean_BGE[0]
            variance = experts.log_variance_GE.exp()
            expected["experts"] = {
                "slope_GED": (leaf * error / variance)[..., None] * x,
                "intercept_GE": leaf * error / variance,
                "log_variance_GE": leaf * (error**2 / variance - 1) / 2,
            }
        else:
            assert isinstance(experts, CategoricalExperts)
            surprise = torch.eye(C, dtype=torch.float64)[y[0]] - mixture.density.log_prob_BGEC[0].exp()
            expected["experts"] = {
                "weight_GECD": (leaf[..., None] * surprise)[..., None] * x,
                "bias_GEC": leaf[..., None] * surprise,
            }
    formulas = {
        f"{part}.{name}": value for part, gradients in expected.items() for name, value in gradients.items()
    }
    assert formulas.keys() == dict(model.named_parameters()).keys()
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(parameter.grad, formulas[name], msg=name)


@pytest.mark.parametrize(("gates", "level"), list(itertools.product(COMBOS, ["outer", "inner"])))
def test_gates_and_expert_slopes_interact_under_softmax_only(gates: str, level: str) -> None:
    """d2u/dtau dw = du/deta holds at a softmax level only; d2u/dtau2 = 2 du/dnu always."""
    model, x = make(gates, "regression")
    y = torch.tensor([0.7], dtype=torch.float64)
    experts = model.experts
    assert isinstance(experts, GaussianExperts)
    outer, inner = model.outer.logits(x[None])[0, 0], model.inner.logits(x[None])[0, 0, 0]
    density = experts(x[None]).log_likelihood(y)[0, 0, 0]
    # The numerator of one leaf: both exponentials before normalising, times the expert's density.
    u = (outer + inner + density).exp()
    slope, intercept, log_variance = torch.autograd.grad(
        u, [experts.slope_GED, experts.intercept_GE, experts.log_variance_GE], create_graph=True
    )
    gate = getattr(model, level).weight
    (mixed,) = torch.autograd.grad(intercept[0, 0], gate, create_graph=True)
    (twice,) = torch.autograd.grad(intercept[0, 0], experts.intercept_GE)
    row = mixed[0] if level == "outer" else mixed[0, 0]
    interacts = np.allclose(row.detach(), slope[0, 0].detach())
    assert interacts == (gates[level == "inner"] == "S")
    per_variance = log_variance[0, 0] / experts.log_variance_GE[0, 0].exp()
    torch.testing.assert_close(twice[0, 0], 2 * per_variance.detach())
