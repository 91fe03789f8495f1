import pytest
import torch
from torch import Tensor

from stream_hmoe.gates import Gate, LaplaceGate, SoftmaxGate, make_gate

KINDS = ["S", "L"]
TYPES = [torch.float32, torch.float64]


def make(kind: str, *shape: int, dtype: torch.dtype = torch.float64, learn_scale: bool = False) -> Gate:
    generator = torch.Generator().manual_seed(len(shape))
    weight = torch.randn(shape, generator=generator, dtype=dtype)
    bias = torch.randn(shape[:-1], generator=generator, dtype=dtype)
    scale = torch.rand(shape[0], generator=generator, dtype=dtype) + 0.5
    return make_gate(kind, weight, bias, scale, learn_scale=learn_scale)  # type: ignore[arg-type]


def batch(size: int, features: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(size, features, generator=torch.Generator().manual_seed(9), dtype=dtype)


def test_softmax_logits_follow_the_formula() -> None:
    gate, x = make("S", 2, 3, 4), batch(5, 4)
    expected = torch.einsum("ged,bd->bge", gate.weight, x) + gate.bias
    torch.testing.assert_close(gate.logits(x), expected)


def test_laplace_logits_follow_the_formula_with_one_scale_a_group() -> None:
    inner, x = make("L", 2, 3, 4), batch(5, 4)
    assert isinstance(inner, LaplaceGate)
    norm = (inner.weight - x[:, None, None]).norm(dim=-1)
    torch.testing.assert_close(inner.logits(x), inner.bias - inner.kappa_G()[:, None] * norm)
    outer = make("L", 3, 4)
    assert isinstance(outer, LaplaceGate)
    norm = (outer.weight - x[:, None]).norm(dim=-1)
    torch.testing.assert_close(outer.logits(x), outer.bias - outer.kappa_G() * norm)


def test_a_laplace_gate_without_scale_is_the_papers() -> None:
    gate = LaplaceGate(torch.zeros(1, 2), torch.zeros(1))
    assert gate.logits(torch.tensor([[3.0, 4.0]])).item() == -5.0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4)])
def test_weights_sum_to_one_on_the_last_axis(kind: str, shape: tuple[int, ...]) -> None:
    weights = make(kind, *shape)(batch(7, 4)).exp()
    assert weights.shape == (7, *shape[:-1])
    torch.testing.assert_close(weights.sum(-1), torch.ones(7, *shape[:-2], dtype=torch.float64))


@pytest.mark.parametrize("kind", KINDS)
def test_groups_own_their_gate(kind: str) -> None:
    gate, x = make(kind, 2, 3, 4), batch(1, 4)
    before = gate(x)
    with torch.no_grad():
        gate.weight[1, 0] += 1.0
    after = gate(x)
    assert torch.equal(before[:, 0], after[:, 0])
    assert not torch.allclose(before[:, 1], after[:, 1])


@pytest.mark.parametrize("learn_scale", [False, True])
def test_a_learned_scale_is_a_parameter_and_a_fixed_one_a_buffer(learn_scale: bool) -> None:
    gate = make("L", 2, 3, 4, learn_scale=learn_scale)
    names = {"weight", "bias", "log_scale"} if learn_scale else {"weight", "bias"}
    assert {name for name, _ in gate.named_parameters()} == names
    gate(batch(5, 4))[..., 0].sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in gate.parameters())
    twin = make("L", 2, 3, 4, learn_scale=learn_scale)
    with torch.no_grad():
        twin.born_at(torch.zeros(2, 3, 4, dtype=torch.float64), scale=9.0)
    twin.load_state_dict(gate.state_dict())
    assert torch.equal(twin(batch(5, 4)), gate(batch(5, 4)))


def test_learned_and_fixed_scales_give_the_same_function() -> None:
    x = batch(5, 4)
    torch.testing.assert_close(make("L", 2, 3, 4, learn_scale=True)(x), make("L", 2, 3, 4)(x))


@pytest.mark.parametrize("dtype", TYPES)
def test_the_gradient_at_a_centre_is_zero(dtype: torch.dtype) -> None:
    x = batch(1, 4, dtype).requires_grad_()
    gate = LaplaceGate(x.detach().clone(), torch.zeros(1, dtype=dtype))
    gate.logits(x).sum().backward()
    assert x.grad is not None and gate.weight.grad is not None
    assert not x.grad.any() and not gate.weight.grad.any()


@pytest.mark.parametrize("dtype", TYPES)
def test_the_influence_of_any_record_is_bounded(dtype: torch.dtype) -> None:
    largest = torch.finfo(dtype).max
    x = torch.tensor([[1e-30, 0.0], [largest, -largest], [1e20, 3.0]], dtype=dtype)
    gate = LaplaceGate(torch.zeros(1, 2, dtype=dtype), torch.zeros(1, dtype=dtype))
    for row in x:
        (gradient,) = torch.autograd.grad(gate.logits(row[None]).sum(), gate.weight)
        assert gradient.norm() <= 1 + 1e-6


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", TYPES)
def test_huge_records_give_finite_weights_and_gradients(kind: str, dtype: torch.dtype) -> None:
    largest = torch.finfo(dtype).max
    gate = make(kind, 2, 3, 2, dtype=dtype)
    x = torch.tensor([[largest, largest], [largest, -largest], [1e30, 0.0]], dtype=dtype)
    log_weights = gate(x)
    assert log_weights.isfinite().all()
    torch.testing.assert_close(log_weights.exp().sum(-1), torch.ones(3, 2, dtype=dtype))
    log_weights.exp()[..., 0].sum().backward()
    for parameter in gate.parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", [0.5, 8.0])
def test_born_at_gives_the_largest_logit_to_the_nearest_point(kind: str, scale: float) -> None:
    gate, x = make(kind, 2, 3, 4), batch(200, 4)
    points = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert gate.born_at(points, scale) is gate
    nearest = (points - x[:, None, None]).norm(dim=-1).argmin(-1)
    assert torch.equal(gate.logits(x).argmax(-1), nearest)


def test_born_at_sets_the_scale_of_both_kinds() -> None:
    points = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    x = batch(5, 4)
    for learn_scale in (False, True):
        gate = make("L", 2, 3, 4, learn_scale=learn_scale).born_at(points, 5.0)
        torch.testing.assert_close(gate.logits(x), -5.0 * (points - x[:, None, None]).norm(dim=-1))
    softmax = make("S", 2, 3, 4).born_at(points, 5.0)
    squares = (points - x[:, None, None]).square().sum(-1)
    torch.testing.assert_close(softmax(x), (-2.5 * squares).log_softmax(-1))


def test_shapes_and_scales_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(2, 3\) with \(3,\)"):
        SoftmaxGate(torch.zeros(2, 3), torch.zeros(3))
    with pytest.raises(ValueError, match="2 positive scales"):
        LaplaceGate(torch.zeros(2, 3), torch.zeros(2), torch.tensor([1.0, -1.0]))
    for scale in (0.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="scale must be positive"):
            make("S", 2, 3).born_at(torch.zeros(2, 3), scale)
