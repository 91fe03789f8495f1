import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stream_hmoe.geometry import affine, bounded, distance

any_float = st.floats(allow_nan=False, allow_infinity=False, width=32)
vectors = st.lists(any_float, min_size=3, max_size=3)


@given(vectors, vectors, any_float)
def test_products_and_distances_are_finite_for_any_finite_input(
    row: list[float], features: list[float], offset: float
) -> None:
    weight, x = torch.tensor([row]), torch.tensor([features])
    assert affine(weight, torch.tensor([offset]), x).isfinite().all()
    assert distance(weight, x).isfinite().all()


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e6, 1e150])
def test_both_maps_are_exact_at_any_size(size: float) -> None:
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(2, 3, 4, generator=generator, dtype=torch.float64)
    x = size * torch.randn(5, 4, generator=generator, dtype=torch.float64)
    bias = torch.randn(2, 3, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(affine(weight, bias, x), torch.einsum("ged,bd->bge", weight, x) + bias)
    # Differences are divided before they are squared: the plain norm would overflow at the last size.
    expected = ((weight - x[:, None, None]) / size).norm(dim=-1) * size
    torch.testing.assert_close(distance(weight, x), expected)


def test_gradients_of_both_maps_are_those_of_finite_differences() -> None:
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(2, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    bias = torch.randn(2, generator=generator, dtype=torch.float64, requires_grad=True)
    x = (4 * torch.randn(3, 3, generator=generator, dtype=torch.float64)).requires_grad_()
    torch.autograd.gradcheck(affine, (weight, bias, x))
    torch.autograd.gradgradcheck(affine, (weight, bias, x))
    torch.autograd.gradcheck(distance, (weight, x))
    torch.autograd.gradgradcheck(distance, (weight, x))


def test_three_bounded_logs_add_up_to_a_finite_number() -> None:
    infinite = torch.tensor([float("-inf"), float("inf")])
    log_probability = bounded(infinite).log_softmax(-1)
    assert (3 * log_probability).isfinite().all()
