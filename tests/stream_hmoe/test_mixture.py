import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Categorical as Weights
from torch.distributions import MixtureSameFamily, Normal

from stream_hmoe.hmoe import HMoE
from stream_hmoe.mixture import Expectation, Mixture

B, D, G, E, C = 6, 4, 3, 2, 5


def mixture(task: str) -> tuple[Mixture, Tensor]:
    generator = torch.Generator().manual_seed(0)
    model = HMoE(
        D,
        num_groups=G,
        num_experts=E,
        task=task,  # type: ignore[arg-type]
        num_classes=C,
        generator=generator,
    ).double()
    x = torch.randn(B, D, generator=generator, dtype=torch.float64)
    if task == "classification":
        return model(x), torch.randint(C, (B,), generator=generator)
    return model(x), torch.randn(B, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_leaf_weights_are_the_product_of_both_gates(task: str) -> None:
    m, _ = mixture(task)
    weights = m.gate_weights()
    assert weights.shape == (B, G * E)
    torch.testing.assert_close(weights.sum(1), torch.ones(B, dtype=torch.float64))
    product = m.log_outer_BG.exp()[:, :, None] * m.log_inner_BGE.exp()
    torch.testing.assert_close(weights.reshape(B, G, E), product)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_likelihood_and_responsibilities_follow_bayes(task: str) -> None:
    m, y = mixture(task)
    joint = (m.log_gate_BGE() + m.density.log_likelihood(y)).exp()
    torch.testing.assert_close(m.log_likelihood(y), joint.sum((1, 2)).log())
    outer, inner = m.responsibilities(y)
    posterior = joint / joint.sum((1, 2), keepdim=True)
    torch.testing.assert_close(outer[:, :, None] * inner, posterior)
    torch.testing.assert_close(outer, posterior.sum(2))


def test_probabilities_are_likelihoods_of_every_class() -> None:
    m, _ = mixture("classification")
    probabilities = m.probabilities()
    torch.testing.assert_close(probabilities.sum(1), torch.ones(B, dtype=torch.float64))
    for label in range(C):
        torch.testing.assert_close(probabilities[:, label], m.log_likelihood(torch.full((B,), label)).exp())


def test_moments_are_those_of_the_gaussian_mixture() -> None:
    m, y = mixture("regression")
    density = m._gaussian()
    leaves = Normal(density.mean_BGE.flatten(1), (density.log_variance_BGE / 2).exp().flatten(1))
    reference = MixtureSameFamily(Weights(m.gate_weights()), leaves)
    torch.testing.assert_close(m.mean(), reference.mean)
    torch.testing.assert_close(m.variance(), reference.variance)
    torch.testing.assert_close(m.log_likelihood(y), reference.log_prob(y))


def test_asking_for_the_wrong_kind_of_answer_says_which_there_is() -> None:
    with pytest.raises(TypeError, match=r"has probabilities\(\)"):
        mixture("classification")[0].mean()
    with pytest.raises(TypeError, match=r"has a mean\(\)"):
        mixture("regression")[0].probabilities()


def test_a_model_stands_inside_a_sequential_and_learns_end_to_end() -> None:
    generator = torch.Generator().manual_seed(0)
    for task, width in (("classification", C), ("regression", 1)):
        hmoe = HMoE(3, task=task, num_classes=C, generator=generator)  # type: ignore[arg-type]
        network = nn.Sequential(nn.Linear(D, 3), hmoe, Expectation(), nn.Linear(width, 2))
        output = network(torch.randn(B, D, generator=generator))
        assert output.shape == (B, 2)
        output.square().sum().backward()
        first = network[0].weight.grad
        assert isinstance(first, Tensor) and first.any()
