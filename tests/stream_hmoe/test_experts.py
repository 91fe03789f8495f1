import math

import pytest
import torch
from torch import Tensor
from torch.distributions import Normal

from stream_hmoe.experts import CategoricalExperts, GaussianExperts


def normal(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def categorical(num_classes: int = 3) -> CategoricalExperts:
    return CategoricalExperts(normal(2, 3, num_classes, 4), normal(2, 3, num_classes, seed=1))


def gaussian(variance_floor: float = 1e-3) -> GaussianExperts:
    return GaussianExperts(normal(2, 3, 4), normal(2, 3, seed=1), normal(2, 3, seed=2), variance_floor)


def test_categorical_experts_are_logistic_regressions() -> None:
    experts, x = categorical(), normal(5, 4, seed=3)
    log_prob = experts(x).log_prob_BGEC
    expected = torch.einsum("gecd,bd->bgec", experts.weight_GECD, x) + experts.bias_GEC
    torch.testing.assert_close(log_prob, expected.log_softmax(-1))
    y = torch.tensor([0, 2, 1, 1, 0])
    picked = experts(x).log_likelihood(y)
    for row, label in enumerate(y.tolist()):
        assert torch.equal(picked[row], log_prob[row, :, :, label])


def test_gaussian_experts_are_linear_regressions() -> None:
    experts, x, y = gaussian(), normal(5, 4, seed=3), normal(5, seed=4)
    mean = torch.einsum("ged,bd->bge", experts.slope_GED, x) + experts.intercept_GE
    expected = Normal(mean, (experts.log_variance_GE / 2).exp()).log_prob(y[:, None, None])
    torch.testing.assert_close(experts(x).log_likelihood(y), expected)


def test_the_variance_never_falls_below_its_floor_and_can_rise_from_there() -> None:
    experts = gaussian(variance_floor=0.25)
    with torch.no_grad():
        experts.log_variance_GE.fill_(-50.0)
    x, y = normal(5, 4, seed=3), normal(5, seed=4) + 100
    density = experts(x)
    floor = torch.full((5, 2, 3), 0.25, dtype=torch.float64)
    torch.testing.assert_close(density.log_variance_BGE.exp(), floor)
    density.log_likelihood(y).sum().backward()
    assert experts.log_variance_GE.grad is not None
    assert (experts.log_variance_GE.grad > 0).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_huge_records_and_targets_have_finite_likelihoods(dtype: torch.dtype) -> None:
    largest = torch.finfo(dtype).max
    x = torch.tensor([[largest, largest, -largest, 0.0]], dtype=dtype)
    assert categorical().to(dtype)(x).log_prob_BGEC.isfinite().all()
    density = gaussian(variance_floor=1e-12).to(dtype)(x)
    assert density.log_likelihood(torch.tensor([largest], dtype=dtype)).isfinite().all()


def test_growing_classes_changes_the_old_ones_by_normalisation_only() -> None:
    experts, x = categorical(3), normal(5, 4, seed=3)
    before = experts(x).log_prob_BGEC
    experts.grow_classes(5)
    after = experts(x).log_prob_BGEC
    assert experts.num_classes == 5
    torch.testing.assert_close(after[..., :3].log_softmax(-1), before)


def test_a_new_class_starts_with_at_most_an_equal_share_whatever_constant_the_logits_carry() -> None:
    experts, x = categorical(3), normal(50, 4, seed=3)
    shifted = CategoricalExperts(experts.weight_GECD.detach() + 2, experts.bias_GEC.detach() + 7)
    experts.grow_classes(4)
    shifted.grow_classes(4)
    torch.testing.assert_close(experts(x).log_prob_BGEC, shifted(x).log_prob_BGEC)
    assert (experts(x).log_prob_BGEC[..., 3] <= math.log(1 / 4)).all()


def test_growing_keeps_what_was_learned_and_never_shrinks() -> None:
    experts = categorical(3)
    weight = experts.weight_GECD.detach().clone()
    experts.grow_classes(3)
    assert torch.equal(experts.weight_GECD, weight)
    experts.grow_classes(4)
    assert torch.equal(experts.weight_GECD[:, :, :3], weight)
    assert {name for name, _ in experts.named_parameters()} == {"weight_GECD", "bias_GEC"}
    with pytest.raises(ValueError, match="know 4 classes; got 2"):
        experts.grow_classes(2)


def test_shapes_and_floors_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(G, E, C, D\)"):
        CategoricalExperts(normal(2, 3, 4), normal(2, 3))
    with pytest.raises(ValueError, match=r"\(2, 3, 4\) and \(2, 4\)"):
        GaussianExperts(normal(2, 3, 4), normal(2, 3), normal(2, 4))
    with pytest.raises(ValueError, match="variance_floor must be positive"):
        gaussian(variance_floor=0.0)
