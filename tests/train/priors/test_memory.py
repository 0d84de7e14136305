"""Memory: rows that are gone count as those that are there, exactly where the network is linear in its parameters;
grids may grow meanwhile."""

from __future__ import annotations

import pickle
import statistics
from typing import Any

import pytest
import torch
from torch import Tensor

import edgewise as ew
from edgewise.errors import ConfigError
from edgewise.fitting import dense_basis
from edgewise.losses import CrossEntropy, SquaredError
from edgewise.train.priors.memory import Certain, Memory, Seen, View, flat
from edgewise.train.priors.tuning import TUNED
from edgewise.train.problems.kan import NetworkProblem
from edgewise.transforms import adapt, extend, refine, remove
from helpers import assert_close, assert_equal, state_of

from ..problems.test_kan import NETWORKS, data, stirred

STEPS: dict[str, Any] = {"steps": 40, "progress": False}


def drawn(count: int, columns: int, seed: int = 0) -> Tensor:
    return 2 * torch.rand(count, columns, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) - 1


def error(model: ew.KAN, X: Tensor, y: Tensor) -> float:
    with torch.no_grad():
        return float((model(X)[:, 0] - y).square().mean().sqrt())


def seen(model: ew.KAN, X: Tensor, y: Tensor, before: Memory | None = None, loss: Any = None) -> Memory:
    return Seen(model, X, y, None, loss or SquaredError(), before).remember()


def problem(model: ew.KAN, X: Tensor, y: Tensor, memory: Memory | None = None) -> NetworkProblem:
    y = (y - model.output_shift) / model.output_scale
    return NetworkProblem(model.build(), model.scale_inputs(X), y, SquaredError(), earlier=memory and memory.on(model))


# ------------------------------------------------------------------ networks that are linear in their parameters


@pytest.mark.parametrize("shape", [(1, 1), (3, 2)], ids=str)
@pytest.mark.parametrize("cut", [False, True], ids=["whole", "without an edge"])
def test_the_objective_with_a_memory_is_that_of_all_rows(shape: tuple[int, ...], cut: bool):
    model = stirred(shape)
    model = remove(model, edges=model.active_edges()[:1]) if cut and shape != (1, 1) else model
    X = drawn(90, shape[0])
    y = torch.sin(2 * X[:, : shape[1]]) + 0.1 * drawn(90, shape[1], 1)
    model = extend(model, X)
    moved = model.build()
    with torch.no_grad():
        for layer in moved.edge_layers:
            layer.coef.add_(layer.spline_edges()[:, None])
    memory = seen(moved, X[40:70], y[40:70], seen(model, X[:40], y[:40]))
    assert memory.rows == 70
    part, whole = problem(model, X[70:], y[70:], memory), problem(model, X, y)
    theta = whole.start() + 0.3 * torch.randn(
        whole.start().shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64
    )
    for got, want in zip(part.quadratic(theta), whole.quadratic(theta), strict=True):
        assert_close(got, want, like="formula")  # all but TUNED.trust_linear
    assert_close(part.value(theta), whole.value(theta), like="formula")
    assert_close(part.last_loss, whole.last_loss, like="formula")
    assert_close(part.loss_value(theta, part.x, part.y), whole.loss_value(theta, whole.x, whole.y), like="formula")


def peaks_after(count: int, keep: bool, **settings: Any) -> float:
    """The error over what was shown after so many peaks, one after the other, with a memory or without."""
    centres = 0.4 * (torch.arange(5, dtype=torch.float64) - 2)

    def peaks(x: Tensor) -> Tensor:
        return torch.exp(-300 * (x[:, None] - centres).square()).sum(1)

    model, memory = ew.KAN((1, 1), grid_size=200), None
    for centre in centres[:count]:
        x = torch.linspace(-0.2, 0.2, 100, dtype=torch.float64) + centre
        result = ew.fit(model, x[:, None], peaks(x), memory=memory, progress=False, **settings)
        model, memory = result.model, result.memory if keep else None
    x = torch.linspace(-1, float(centres[count - 1]) + 0.2, 2001, dtype=torch.float64)
    return error(model, x[:, None], peaks(x))


@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_training_on_two_halves_in_turn_is_least_squares_on_both(noise: float):
    X = torch.linspace(-1, 1, 56, dtype=torch.float64)[
        :, None
    ]  # so few that none are held out of a half, and steps are not smoothed
    y = torch.sin(4 * X[:, 0]) + noise * drawn(56, 1)[:, 0]
    half = torch.arange(56) % 2 == 0
    y[half] += (X[half, 0] > 0).double()  # the halves do not agree
    first = ew.fit(
        ew.KAN((1, 1), base="none"), X[half], y[half], grids=(6,), **STEPS
    )  # a base is nearly a spline: slow in its last digits
    second = ew.fit(first.model, X[~half], y[~half], grids=(6,), memory=first.memory, **STEPS)
    [layer] = second.model.edge_layers
    a = second.model.scale_inputs(X)
    design = dense_basis(a, layer.knots, degree=3)[:, 0]
    want = design @ torch.linalg.lstsq(design, y).solution
    with torch.no_grad():
        assert (
            float((second.model(X)[:, 0] - want).abs().max()) < 1e-7
        )  # where steps stop, as they hardly lower the loss
        assert float((first.model(X)[:, 0] - want).abs().max()) > 0.1


def test_memories_add_up():
    X = drawn(120, 1)
    y = torch.cos(3 * X[:, 0])
    memory, model = None, ew.KAN((1, 1), grid_size=4)
    for part in X[:, 0].argsort().view(3, 40):
        result = ew.fit(model, X[part], y[part], memory=memory, **STEPS)
        model, memory = result.model, result.memory
    assert isinstance(memory, Memory)
    assert memory.rows == 108  # of 40 rows of each fit, 4 only judge
    assert error(model, X, y) < 1e-3
    alone = seen(memory.model, X, y[:, None]).quadratic.value
    assert_close(memory.quadratic.value / 120, alone / 120, like="adapt", scale=1.0)


@pytest.mark.slow
def test_five_peaks_shown_one_after_the_other_are_all_there_at_the_end():
    """The continual learning experiment of arXiv 2404.19756, section 3.5 (figure 3.4)."""
    assert peaks_after(5, True) < 1e-5
    assert peaks_after(5, False) > 0.1


@pytest.mark.slow
def test_directions_that_no_row_sees_do_not_run_away():
    assert peaks_after(4, True, grids=(200,)) < 1e-4  # more parameters than rows


# ------------------------------------------------------------------ hidden layers


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_a_network_with_a_hidden_layer_forgets_much_less(noise: float):
    X = drawn(600, 2)
    clean = X[:, 0] * X[:, 1]
    y = clean + noise * torch.randn(600, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    old = X[:, 0] < 0
    options: dict[str, Any] = {"grids": (5,), "progress": False}
    first = ew.fit(ew.KAN((2, 3, 1), seed=1), X[old], y[old], **options)
    with_memory, without = (
        ew.fit(first.model, X[~old], y[~old], memory=memory, **options).model for memory in (first.memory, None)
    )
    assert error(with_memory, X[old], clean[old]) < 0.2 * error(without, X[old], clean[old])
    assert error(with_memory, X[~old], clean[~old]) < max(noise, 1e-3)


@pytest.mark.slow
def test_classes_that_were_learned_first_are_forgotten_much_less():
    """In the median of some seeds. That they are known still is another matter: see `tests/slow/test_over_seeds.py`."""
    wrong: dict[bool, list[float]] = {True: [], False: []}
    for seed in range(7):
        X = drawn(400, 2, seed + 5)
        y, old = (X[:, 0] * X[:, 1] > 0).long(), X[:, 0] < 0
        options: dict[str, Any] = {"loss": "cross_entropy", "grids": (4,), "steps": 15, "progress": False}
        first = ew.fit(ew.KAN((2, 3, 2), grid_size=4, seed=seed), X[old], y[old], restarts=2, **options)
        for keep, errors in wrong.items():
            model = ew.fit(first.model, X[~old], y[~old], memory=first if keep else None, **options).model
            errors.append(float((model(X[old]).argmax(1) != y[old]).double().mean()))
    assert statistics.median(wrong[True]) < 0.5 * statistics.median(wrong[False])


def test_two_classes_are_remembered_by_a_bound_from_above():
    margin = torch.linspace(-8, 8, 33, dtype=torch.float64)
    here, there = torch.meshgrid(margin, margin, indexing="ij")
    at, to = (torch.stack([0.3 + m.flatten(), torch.full_like(m.flatten(), 0.3)], 1) for m in (here, there))
    loss, y = Certain(), torch.zeros(at.shape[0], dtype=torch.long)
    d = to - at
    bound = (
        loss.rows(at, y)
        + (loss.gradient(at, y) * d).sum(1)
        + 0.5 * torch.einsum("bk,bkl,bl->b", d, loss.curvature(at, y), d)
    )
    gap = (bound - loss.rows(to, y)).view(33, 33)
    assert float(gap.min()) > -1e-12
    assert float(gap.diagonal().abs().max()) < 1e-12
    assert float(gap.fliplr().diagonal().abs().max()) < 1e-9


@pytest.mark.parametrize("loss", [SquaredError(), CrossEntropy()], ids=lambda loss: loss.name)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_memory_touches_the_losses_at_its_centre(name: str, loss: Any):
    model = NETWORKS[name]()
    X, y, _ = data(model, loss)
    memory = seen(model, X, y, loss=loss)
    target = (y - model.output_shift) / model.output_scale if loss.name == "squared_error" else y
    plain = NetworkProblem(memory.model.build(), model.scale_inputs(X), target, loss)
    value, gradient, curvature = plain.quadratic(plain.start())
    quadratic = memory.on(memory.model)
    free = plain.flat.free
    assert_close(quadratic.value / len(X), value)
    assert_close(quadratic.gradient[free] / len(X), gradient)
    if loss.name == "squared_error":
        held = curvature.diagonal() * (1 + (TUNED.trust if len(model.edge_layers) > 1 else TUNED.trust_linear))
        assert_close(quadratic.curvature.diagonal()[free] / len(X), held)
    assert float(torch.linalg.eigvalsh(quadratic.curvature[free][:, free] / len(X) - curvature)[0]) >= -1e-10 * float(
        curvature.diagonal().max()
    )
    assert not bool(quadratic.curvature[~free].any())


# ------------------------------------------------------------------ grids that grow


def grown(model: ew.KAN) -> ew.KAN:
    return refine(extend(model, 1.7 * torch.tensor([[-1.0] * 2, [1.0] * 2], dtype=torch.float64)), grid_size=[14, 9])


def test_a_refined_and_extended_network_is_remembered_as_it_was():
    model = stirred((2, 3, 1), grid_size=4)
    X = drawn(50, 2)
    memory = seen(model, X, torch.sin(3 * X[:, :1]))
    same = memory.on(memory.model)
    wide = grown(memory.model)
    assert [layer.grid_size for layer in wide.edge_layers] != [layer.grid_size for layer in memory.model.edge_layers]
    there = memory.on(wide)
    assert_close(there.value, same.value, like="refine")
    assert there.gradient.shape == flat(wide).shape
    assert float(torch.linalg.eigvalsh(there.curvature)[0]) > -1e-10 * float(there.curvature.diagonal().max())
    step = 0.1 * torch.randn(flat(memory.model).shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    moved = memory.model.build()
    start = 0
    for p in (p for layer in moved.edge_layers for p in (layer.coef, layer.base_scale, layer.bias) if p is not None):
        p.data += step[start : start + p.numel()].view(p.shape)
        start += p.numel()
    assert_close(there.at(flat(grown(moved))), same.at(flat(memory.model) + step), like="formula")


def test_what_lies_beyond_the_old_ends_is_free():
    model = ew.KAN((1, 1), grid_size=5)
    X = drawn(60, 1)
    memory = seen(model, X, X.square())
    wide = extend(memory.model, torch.tensor([[3.0]], dtype=torch.float64))
    quadratic, added = memory.on(wide), wide.edge_layers[0].grid_size - memory.model.edge_layers[0].grid_size
    count = wide.edge_layers[0].num_basis
    new = slice(count - added, count)
    assert added > 0
    assert float(quadratic.curvature[new].abs().max()) < 1e-12
    assert float(quadratic.gradient[new].abs().max()) < 1e-12
    assert_close(
        quadratic.curvature[: count - added, : count - added],
        memory.quadratic.curvature[: count - added, : count - added],
        like="formula",
    )


def test_detail_that_only_a_finer_grid_shows_is_charged_as_the_rows_would_have():
    model = ew.KAN((1, 1), grid_size=6, base="none")
    X = torch.linspace(-1, 1, 5001, dtype=torch.float64)[1:-1:2, None]
    y = torch.sin(3 * X)
    fine = refine(model, grid_size=24)
    got = seen(model, X, y).on(fine).curvature
    want = seen(fine, X, y).on(fine).curvature
    view = View.of(model.edge_layers[0], fine.edge_layers[0])
    assert view is not None
    count = fine.edge_layers[0].num_basis
    _, _, right = torch.linalg.svd(view.carry[0])
    hidden = right[view.carry.shape[1] :].T  # steps that the old grid does not see
    ratio = (hidden.T @ got[:count, :count] @ hidden).trace() / (hidden.T @ want[:count, :count] @ hidden).trace()
    assert 0.8 < float(ratio) < 1.25


def test_grids_of_a_fit_with_a_memory_keep_every_knot():
    X = drawn(200, 2)
    y = torch.sin(2 * X[:, 0]) * X[:, 1]
    old = X[:, 0] < 0.2
    first = ew.fit(ew.KAN((2, 2, 1), grid_size=4), X[old], y[old], grids=(4,), restarts=1, steps=10, progress=False)
    second = ew.fit(first.model, X[~old], y[~old], memory=first.memory, grids=(4, 9), steps=10, progress=False)
    for before, after in zip(first.model.edge_layers, second.model.edge_layers, strict=True):
        a, b = (layer.knots[:, layer.degree : -layer.degree] for layer in (before, after))
        assert float((a[:, :, None] - b[:, None]).abs().amin(2).max()) < 1e-9


# ------------------------------------------------------------------ a value


def test_a_memory_is_a_value_without_rows_that_can_be_stored():
    X = drawn(5000, 1)
    first = ew.fit(ew.KAN((1, 1)), X, X[:, 0] ** 2, steps=3, grids=(5,), progress=False)
    stored = pickle.dumps(first.memory)
    assert len(stored) < X.numel() * X.element_size() / 2
    before = state_of(first.model), state_of(first.memory.model), first.memory.quadratic
    results = []
    for memory in (first, first.memory, pickle.loads(stored), pickle.loads(pickle.dumps(first))):
        results.append(ew.fit(first.model, X[:50] + 1, X[:50, 0], memory=memory, steps=3, grids=(5,), progress=False))
        assert_equal(state_of(results[-1].model), state_of(results[0].model))
    assert_equal((state_of(first.model), state_of(first.memory.model), first.memory.quadratic), before)
    assert "4750 earlier rows remembered" in results[0].message
    assert repr(results[0].memory) == "Memory(4795 rows, [1, 1], squared_error)"


def test_a_network_in_float32_can_be_trained_on():
    X = torch.linspace(0, 1, 200)[:, None]
    y = torch.sin(6 * X[:, 0])
    first = ew.fit(ew.KAN((1, 1), grid_size=8, dtype=torch.float32), X[:100], y[:100], **STEPS)
    second = ew.fit(first.model, X[100:], y[100:], memory=first, **STEPS)
    assert second.model.dtype is torch.float32
    assert error(second.model, X, y) < 1e-3


def test_a_fit_by_another_optimizer_has_a_memory_too():
    X = drawn(50, 2)
    first = ew.fit(ew.KAN((2, 2, 1)), X, X[:, 0], optimizer="adam", steps=2, progress=False)
    assert (
        ew.fit(first.model, X, X[:, 0], memory=first, steps=2, progress=False).memory.rows == 85
    )  # of 50 rows, 5 only judge; the first, by Adam, held 5 more out


@pytest.mark.parametrize(
    ("change", "settings", "words"),
    [
        (None, {"optimizer": "lbfgs"}, "memory is for Levenberg-Marquardt, got optimizer='lbfgs'; use 'lm'"),
        (None, {"sparsity": 0.1}, "memory does not go with sparsity"),
        (
            None,
            {"loss": "cross_entropy", "y": torch.arange(20) % 2},
            "memory is of rows under squared_error, got cross_entropy",
        ),
        (lambda model: torch.nn.Linear(2, 2).double(), {}, "memory is for edgewise.KAN, the model is a Linear"),
        (lambda model: ew.KAN((2, 3, 2)), {}, r"memory is of a network \[2, 2\], degree 3, base silu, got \[2, 3, 2\]"),
        (lambda model: ew.KAN((2, 2), degree=2), {}, "got .* degree 2"),
        (lambda model: ew.KAN((2, 2)), {}, "input_shift is .*; give the model of the result that the memory is of"),
        (lambda model: remove(model, edges=[(0, 0, 0)]), {}, "edges that were removed"),
        (
            lambda model: adapt(model, drawn(20, 2), grid_size=7),
            {},
            "knots layer 0 of the model has left; .* not adapted",
        ),
    ],
)
def test_what_does_not_go_with_a_memory_is_named(change: Any, settings: dict[str, Any], words: str):
    X = drawn(20, 2) * 3 + 1
    first = ew.fit(ew.KAN((2, 2)), X, X, steps=2, progress=False)
    options = {"y": X, "memory": first, "progress": False} | settings
    with pytest.raises(ConfigError, match=words):
        ew.fit(change(first.model) if change else first.model, X, **options)


def test_a_residual_has_no_memory_and_takes_none():
    model = ew.KAN((1, 1))
    X = drawn(20, 1)
    result = ew.fit(model, residual=lambda m: (m(X) - X)[:, 0], steps=2, progress=False)
    with pytest.raises(ConfigError, match="only a fit of an edgewise.KAN to X and y has a memory"):
        _ = result.memory
    with pytest.raises(ConfigError, match="memory does not go with residual"):
        ew.fit(
            model,
            residual=lambda m: (m(X) - X)[:, 0],
            memory=ew.fit(model, X, X, steps=2, progress=False),
            progress=False,
        )
