import numpy as np
import pytest
import torch
from torch import Tensor

from stream_hmoe.gates import LaplaceGate
from stream_hmoe.hmoe import HMoE

B, D, G, E, C = 7, 3, 3, 2, 4
COMBOS = ["SS", "SL", "LS", "LL"]
TASKS = ["classification", "regression"]
DEVICES = ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]


def make(gates: str, task: str, **options: object) -> HMoE:
    generator = torch.Generator().manual_seed(5)
    return HMoE(
        D,
        num_groups=G,
        num_experts=E,
        gates=gates,  # type: ignore[arg-type]
        task=task,  # type: ignore[arg-type]
        num_classes=C,
        generator=generator,
        **options,  # type: ignore[arg-type]
    ).double()


def data(task: str, size: int = B) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(6)
    x = torch.randn(size, D, generator=generator, dtype=torch.float64)
    if task == "classification":
        return x, torch.randint(C, (size,), generator=generator)
    return x, torch.randn(size, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("gates", COMBOS)
@pytest.mark.parametrize("learn_scale", [False, True])
def test_every_parameter_gets_a_gradient(gates: str, task: str, learn_scale: bool) -> None:
    model = make(gates, task, learn_scale=learn_scale)
    x, y = data(task)
    (-model(x).log_likelihood(y).mean()).backward()
    names = {name for name, _ in model.named_parameters()}
    assert {"outer.weight", "outer.bias", "inner.weight", "inner.bias"} < names
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and (parameter.grad != 0).any(), name


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("gates", COMBOS)
def test_gradients_are_those_of_finite_differences(gates: str, task: str) -> None:
    model = make(gates, task, learn_scale=True)
    x, y = data(task)
    names, values = zip(*model.named_parameters(), strict=True)

    def log_likelihood(x: Tensor, *parameters: Tensor) -> Tensor:
        state = dict(zip(names, parameters, strict=True))
        likelihood: Tensor = torch.func.functional_call(model, state, (x,)).log_likelihood(y)
        return likelihood

    assert torch.autograd.gradcheck(log_likelihood, (x.requires_grad_(), *values))


def test_the_four_combinations_are_four_functions() -> None:
    x, _ = data("classification")
    outputs = [make(gates, "classification")(x).probabilities() for gates in COMBOS]
    for first in range(4):
        for second in range(first):
            assert not torch.allclose(outputs[first], outputs[second], atol=1e-3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("gates", COMBOS)
def test_any_finite_batch_gives_finite_answers_on_every_device(
    gates: str, task: str, device: str, dtype: torch.dtype
) -> None:
    model = make(gates, task).to(device, dtype)
    largest = torch.finfo(dtype).max
    rows = [[0.0] * D, model.outer.weight[0].tolist(), [1e30, -1e30, 0.0], [largest, -largest, largest]]
    mixture = model(torch.tensor(rows, dtype=dtype, device=device))
    y = torch.tensor([0, 1, 2, 3], device=device)
    loss = mixture.log_likelihood(y if task == "classification" else y.to(dtype))
    assert loss.isfinite().all() and loss.dtype == dtype
    torch.testing.assert_close(mixture.gate_weights().sum(1), torch.ones(4, dtype=dtype, device=device))
    for gradient in torch.autograd.grad(loss[:3].sum(), list(model.parameters())):
        assert gradient.isfinite().all()


@pytest.mark.parametrize("task", TASKS)
def test_a_batch_is_its_rows_and_may_be_empty(task: str) -> None:
    model = make("LL", task)
    x, y = data(task)
    whole = model(x).log_likelihood(y)
    single = torch.cat([model(x[row : row + 1]).log_likelihood(y[row : row + 1]) for row in range(B)])
    torch.testing.assert_close(whole, single)
    empty = model(x[:0])
    assert empty.gate_weights().shape == (0, G * E)
    assert empty.log_likelihood(y[:0]).shape == (0,)
    assert [part.shape for part in empty.responsibilities(y[:0])] == [(0, G), (0, G, E)]


@pytest.mark.parametrize("gates", COMBOS)
def test_the_state_is_complete(gates: str) -> None:
    model, twin = make(gates, "regression", scale=3.0), make(gates, "regression")
    x, _ = data("regression")
    twin.born_at(torch.zeros(G, D), torch.zeros(G, E, D))
    twin.load_state_dict(model.state_dict())
    assert torch.equal(twin(x).mean(), model(x).mean())


def test_the_start_follows_its_generator_and_leaves_torchs_own_alone() -> None:
    x, _ = data("classification")
    before = torch.random.get_rng_state()
    first, second = make("LL", "classification"), make("LL", "classification")
    assert torch.equal(first(x).probabilities(), second(x).probabilities())
    share(arrays("classification"))
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("gates", COMBOS)
def test_leaves_born_at_data_serve_what_is_nearest(gates: str) -> None:
    generator = torch.Generator().manual_seed(1)
    outer = 10 * torch.randn(G, D, generator=generator, dtype=torch.float64)
    inner = outer[:, None] + torch.randn(G, E, D, generator=generator, dtype=torch.float64)
    model = make(gates, "classification").born_at(outer, inner, scale=30.0)
    served = model(inner.flatten(0, 1)).gate_weights().argmax(1)
    assert served.tolist() == list(range(G * E))


@pytest.mark.parametrize("gates", COMBOS)
def test_growing_classes_keeps_the_old_answer_up_to_normalisation(gates: str) -> None:
    model = make(gates, "classification")
    x, _ = data("classification")
    before = model(x).density.log_prob_BGEC
    model.grow_classes(C + 2)
    after = model(x)
    assert after.probabilities().shape == (B, C + 2)
    torch.testing.assert_close(after.density.log_prob_BGEC[..., :C].log_softmax(-1), before)
    with pytest.raises(TypeError, match="no classes"):
        make(gates, "regression").grow_classes(5)


@pytest.mark.parametrize("task", TASKS)
def test_a_few_gradient_steps_raise_the_likelihood(task: str) -> None:
    model = make("LL", task, learn_scale=True)
    x, y = data(task, 200)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    start = model(x).log_likelihood(y).mean().item()
    for _ in range(50):
        optimizer.zero_grad()
        (-model(x).log_likelihood(y).mean()).backward()
        optimizer.step()
    assert model(x).log_likelihood(y).mean().item() > start + 0.1


@pytest.mark.parametrize("task", TASKS)
def test_the_model_compiles_without_a_graph_break(task: str) -> None:
    model = make("LS", task)
    x, y = data(task)
    torch.compiler.reset()
    compiled = torch.compile(lambda x, y: model(x).log_likelihood(y), backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(x, y), model(x).log_likelihood(y))


def arrays(task: str) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    shapes = {"outer_weight": (G, D), "outer_bias": (G,), "inner_weight": (G, E, D), "inner_bias": (G, E)}
    if task == "classification":
        shapes |= {"expert_weight": (G, E, C, D), "expert_bias": (G, E, C)}
    else:
        shapes |= {"expert_weight": (G, E, D), "expert_bias": (G, E), "expert_log_variance": (G, E)}
    scales = {"outer_scale": np.full(G, 2.0), "inner_scale": np.full(G, 3.0)}
    # A learner keeps a constant beside the features: what it gives away are views without that column.
    padded = {name: generator.normal(size=(*shape[:-1], shape[-1] + 1)) for name, shape in shapes.items()}
    return {name: array[..., 1:] for name, array in padded.items()} | scales


def share(store: dict[str, np.ndarray], gates: str = "LL") -> HMoE:
    return HMoE.from_arrays(**store, gates=gates)  # type: ignore[arg-type]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("gates", COMBOS)
def test_a_model_lives_in_the_arrays_of_a_learner(gates: str, task: str) -> None:
    store = arrays(task)
    model = share(store, gates)
    x, y = data(task)
    unused = {f"{level}_scale" for level, kind in zip(("outer", "inner"), gates, strict=True) if kind == "S"}
    for name, array in store.items():
        if name in unused:
            continue
        before = model(x).log_likelihood(y)
        array += np.linspace(0.5, 1.5, array.size).reshape(array.shape)
        assert not torch.allclose(model(x).log_likelihood(y), before), name
    before_step = {name: array.copy() for name, array in store.items()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    (-model(x).log_likelihood(y).mean()).backward()
    optimizer.step()
    for name, array in store.items():
        assert ("scale" in name) == np.array_equal(array, before_step[name]), name


def test_scales_in_arrays_are_kappa_itself() -> None:
    store = arrays("classification")
    model = share(store)
    assert isinstance(model.inner, LaplaceGate)
    store["inner_scale"][:] = [1.0, 5.0, 9.0]
    assert model.inner.kappa_G().tolist() == [1.0, 5.0, 9.0]
    ones = {name: array for name, array in store.items() if "scale" not in name}
    plain = share(ones)
    assert isinstance(plain.outer, LaplaceGate)
    assert plain.outer.kappa_G().tolist() == [1.0] * G


def test_arrays_that_do_not_fit_are_refused() -> None:
    store = arrays("classification")
    with pytest.raises(ValueError, match="must have one type"):
        share(store | {"expert_weight": store["expert_weight"].astype(np.float32)})
    with pytest.raises(ValueError, match="inner_weight has G, E"):
        share(store | {"outer_weight": np.zeros((G, D + 1))})
    with pytest.raises(ValueError, match="inner_weight has G, E"):
        share(store | {"expert_weight": np.zeros((G, E + 1, C, D)), "expert_bias": np.zeros((G, E + 1, C))})
    with pytest.raises(ValueError, match="inner_weight must be"):
        share(store | {"inner_weight": np.zeros((G, D))})
    with pytest.raises(ValueError, match="writeable float32 or float64"):
        share(store | {"outer_bias": np.zeros(G, dtype=np.int64)})
    frozen = np.zeros(G)
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="writeable float32 or float64"):
        share(store | {"outer_bias": frozen})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_groups": 0}, "at least 1"),
        ({"gates": "LX"}, "outer letter first"),
        ({"task": "ranking"}, "'classification' or 'regression'"),
        ({"scale": -1.0}, "scale must be positive"),
    ],
)
def test_settings_that_cannot_be_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        HMoE(D, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(D,), (B, D + 1), (B, D, 1)])
def test_only_batches_of_the_right_width_are_taken(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=rf"\(B, {D}\)"):
        make("LL", "classification")(torch.zeros(shape))
