"""NetworkProblem: value, gradient and Gauss-Newton curvature are those that autograd gives, whatever the network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from edgewise.losses import CrossEntropy, Loss, SquaredError
from edgewise.model import KAN
from edgewise.ops import normal
from edgewise.train.problems import kan
from edgewise.train.problems.flat import free_masks
from edgewise.train.problems.kan import NetworkProblem
from edgewise.transforms import remove, set_symbolic
from helpers import assert_close, assert_equal, state_of


def stirred(widths: tuple[Any, ...], seed: int = 0, **settings: Any) -> KAN:
    """A network whose every parameter is away from its special initial value, scaled on both sides."""
    model = KAN(widths, seed=seed, **{"grid_size": 3, **settings})
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.3 * torch.randn(p.shape, dtype=p.dtype, generator=generator))
    outputs = model.output_shift.numel()
    return model.build(
        scaling={
            "input_shift": torch.full_like(model.input_shift, 0.1),
            "input_scale": torch.full_like(model.input_scale, 1.3),
            "output_shift": torch.arange(outputs, dtype=torch.float64),
            "output_scale": 1.5 + torch.arange(outputs, dtype=torch.float64),
        }
    )


def cut(model: KAN) -> KAN:
    """Without two edges of the first layer and one input's edges to the first node."""
    return remove(model, edges=model.active_edges()[:2])


def sparse(model: KAN) -> KAN:
    """Without the first layer's edges from an input to another subnode than its own, and without any of the last
    input."""
    last = model.topology.features - 1
    return remove(model, edges=[e for e in model.active_edges() if e[0] == 0 and (e[1] != e[2] or e[1] == last)])


def named(model: KAN) -> KAN:
    """With closed forms: two edges of one primitive, one of another, in different layers."""
    last = model.topology.depth - 1
    first = model.active_edges()[0], model.active_edges()[-1]
    middle = next(e for e in model.active_edges() if e[0] == last and e not in first)
    return set_symbolic(
        model,
        {
            first[0]: ("sin", 1.5, 0.2, -0.7, 0.3),
            first[1]: ("sin", 0.6, -0.2, 0.4, 0.1),
            middle: ("exp", 0.4, 0.1, 0.5, 0.0),
        },
    )


NETWORKS: dict[str, Callable[[], KAN]] = {
    "one layer": lambda: stirred((2, 1)),
    "sums": lambda: stirred((3, 4, 2, 2)),
    "no base": lambda: stirred((2, 3, 2), base="none"),
    "degree 1": lambda: stirred((2, 3, 2), degree=1, base="identity"),
    "products of mixed arity": lambda: stirred((3, (2, (2, 3)), (1, (2,)), 2)),
    "product output": lambda: stirred((2, 3, (1, (3,)))),
    "removed edges": lambda: cut(stirred((3, 4, 2))),
    "removed edges of products": lambda: cut(stirred((3, (2, (2, 3)), 2))),
    "few edges": lambda: sparse(stirred((6, 6, 2))),
    "few edges of products": lambda: sparse(stirred((5, (2, (2, 2)), 1))),
    "few edges and closed forms": lambda: named(sparse(stirred((6, 6, 2)))),
    "closed forms": lambda: named(stirred((2, 3, 2))),
    "closed forms and removed edges": lambda: cut(named(stirred((3, 3, 2, 2)))),
}
LOSSES: list[Loss] = [SquaredError(), CrossEntropy()]


def data(model: KAN, loss: Loss, rows: int = 17) -> tuple[Tensor, Tensor, Tensor]:
    """X in user units, inside the grids and beyond them, targets in network units, weights with a zero."""
    generator = torch.Generator().manual_seed(5)
    X = 2.8 * torch.rand(rows, model.topology.features, dtype=torch.float64, generator=generator) - 1.3
    outputs = model.output_shift.numel()
    y = torch.randn(rows, outputs, dtype=torch.float64, generator=generator)
    weight = torch.rand(rows, dtype=torch.float64, generator=generator)
    weight[3] = 0.0
    return X, torch.arange(rows) % outputs if isinstance(loss, CrossEntropy) else y, weight


def by_autograd(model: KAN, X: Tensor) -> tuple[Callable[[Tensor], Tensor], Tensor]:
    """Network outputs (b, k), in network units, as a differentiable function of the parameters that may move; and these
    (P,)."""
    kinds = ("coef", "base_scale", "bias", "affine")
    names = [
        f"layers.{n}.{kind}"
        for n, layer in enumerate(model.edge_layers)
        for kind in kinds
        if getattr(layer, kind) is not None
    ]
    parameters = dict(model.named_parameters())
    assert set(names) == set(parameters)
    free = torch.cat([mask.reshape(-1) for layer in model.edge_layers for mask in free_masks(layer)])
    whole = torch.cat([parameters[name].detach().reshape(-1) for name in names])
    sizes = [parameters[name].numel() for name in names]

    def outputs(theta: Tensor) -> Tensor:
        parts = whole.masked_scatter(free, theta).split(sizes)
        values = {name: part.view(parameters[name].shape) for name, part in zip(names, parts, strict=True)}
        return (torch.func.functional_call(model, values, X) - model.output_shift) / model.output_scale

    return outputs, whole[free]


def posed(name: str, loss: Loss) -> tuple[NetworkProblem, Callable[[Tensor], Tensor], Tensor, Tensor, Tensor]:
    """A network's problem on `data`, its outputs by autograd, its parameters (P,), targets, and each row's share in the
    mean (b,)."""
    model = NETWORKS[name]()
    X, y, weight = data(model, loss)
    outputs, theta = by_autograd(model, X)
    return (
        NetworkProblem(model.build(), model.scale_inputs(X), y, loss, weight),
        outputs,
        theta,
        y,
        weight / weight.sum(),
    )


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
@pytest.mark.parametrize("name", NETWORKS)
def test_value_gradient_and_curvature_are_those_of_autograd(name: str, loss: Loss):
    problem, outputs, theta, y, share = posed(name, loss)
    assert_equal(problem.start(), theta)
    value, gradient, curvature = problem.quadratic(theta)

    objective: Callable[[Tensor], Tensor] = lambda t: share @ loss.rows(outputs(t), y)  # noqa: E731
    want = theta.clone().requires_grad_()
    assert_close(value, objective(theta).item())
    assert_close(gradient, torch.autograd.grad(objective(want), want)[0])
    jacobian = torch.autograd.functional.jacobian(outputs, theta)  # (b, k, P)
    prediction, second = outputs(theta), torch.autograd.functional.hessian
    bends: list[Any] = [
        second(lambda p, r=r: loss.rows(p[None], y[r : r + 1])[0], prediction[r].detach()) for r in range(len(y))
    ]
    bend = torch.stack(bends)
    assert_close(curvature, torch.einsum("b,bkp,bkl,blq->pq", share, jacobian, bend, jacobian))
    assert_close(problem.value(theta), value)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
@pytest.mark.parametrize("name", NETWORKS)
def test_both_ways_to_the_curvature_agree(name: str, loss: Loss, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("llvmlite", reason="llvmlite is not installed")
    model = NETWORKS[name]()
    X, y, weight = data(model, loss)
    found = []
    for method in ("sparse", "dense"):
        monkeypatch.setattr(normal, "method_for", lambda *_, method=method: method)
        problem = NetworkProblem(model.build(), model.scale_inputs(X), y, loss, weight)
        found.append(problem.quadratic(problem.start()))
    for got, want in zip(*found, strict=True):
        assert_close(got, want)


def test_a_pass_that_is_kept_changes_nothing():
    model = NETWORKS["closed forms"]()
    X, y, weight = data(model, SquaredError())
    here = NetworkProblem(model.build(), model.scale_inputs(X), y, SquaredError(), weight)
    start = here.start()
    there = start + 0.1
    here.value(there)
    here.loss_value(start, here.x[:5], y[:5])  # moves the parameters in between
    got = here.quadratic(there)
    fresh = NetworkProblem(model.build(), model.scale_inputs(X), y, SquaredError(), weight)
    for one, want in zip(got, fresh.quadratic(there), strict=True):
        assert_close(one, want, like="exact")
    there.sub_(0.1)  # in place
    assert_close(here.value(there), fresh.value(start))


def test_without_weights_rows_count_alike():
    model = stirred((2, 2, 1))
    X, y, _ = data(model, SquaredError())
    plain = NetworkProblem(model.build(), model.scale_inputs(X), y, SquaredError())
    weighed = NetworkProblem(
        model.build(), model.scale_inputs(X), y, SquaredError(), torch.full((len(X),), 7.0, dtype=torch.float64)
    )
    for got, want in zip(plain.quadratic(plain.start()), weighed.quadratic(weighed.start()), strict=True):
        assert_close(got, want)


def test_a_row_of_weight_zero_is_a_row_less():
    model = stirred((2, 2, 1))
    X, y, weight = data(model, SquaredError())
    used = weight > 0
    whole = NetworkProblem(model.build(), model.scale_inputs(X), y, SquaredError(), weight)
    less = NetworkProblem(model.build(), model.scale_inputs(X[used]), y[used], SquaredError(), weight[used])
    for got, want in zip(whole.quadratic(whole.start()), less.quadratic(less.start()), strict=True):
        assert_close(got, want)


def test_edges_without_a_spline_have_no_parameters_to_move():
    model = NETWORKS["closed forms and removed edges"]()
    X, y, _ = data(model, SquaredError())
    problem = NetworkProblem(model.build(), model.scale_inputs(X), y, SquaredError())
    before = state_of(problem.model)
    theta = problem.start()
    problem.value(theta + 1.0)
    for layer in problem.model.edge_layers:
        off = ~layer.spline_edges()
        assert float(layer.coef.detach().abs().sum(1)[off].sum()) == 0.0
        assert layer.base_scale is not None and float(layer.base_scale.detach()[off].abs().sum()) == 0.0
    problem.value(theta)
    for key, value in state_of(problem.model).items():
        if isinstance(value, tuple) and value and isinstance(value[0], Tensor):
            assert_equal(value[0], before[key][0])


def test_the_networks_own_gradients_can_be_asked_for_afterwards():
    model = stirred((2, 2, 1))
    X, y, _ = data(model, SquaredError())
    problem = NetworkProblem(model.build(), model.scale_inputs(X), y, SquaredError())
    problem.quadratic(problem.start())
    assert all(p.requires_grad for p in problem.model.build().parameters())


@pytest.mark.parametrize("rows", [5, 100])
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
@pytest.mark.parametrize("name", NETWORKS)
def test_the_gradient_of_the_loss_is_that_of_the_quadratic(monkeypatch, name: str, loss: Loss, rows: int):
    monkeypatch.setattr(kan, "TUNED", replace(kan.TUNED, rows=rows))  # in one block or several
    problem, _, theta, _, _ = posed(name, loss)
    value, gradient, _ = problem.quadratic(theta)
    assert_close(problem.loss_gradient(theta)[1], gradient)
    assert problem.loss_gradient(theta)[0] == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
@pytest.mark.parametrize("name", NETWORKS)
def test_turning_is_the_second_derivative_along_a_step_pulled_back(name: str, loss: Loss):
    problem, outputs, theta, y, share = posed(name, loss)
    step = 1e-3 * torch.randn(theta.shape, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    jvp: Callable[..., Any] = torch.autograd.functional.jvp
    second = jvp(lambda t: jvp(outputs, t, step, create_graph=True)[1], theta, step)[1]  # (b, k)
    here = outputs(theta)
    curvature = loss.curvature(here, y)
    bent = torch.einsum("bkl,bl->bk", curvature, second) if isinstance(curvature, Tensor) else curvature * second
    moving = theta.clone().requires_grad_()
    (pulled,) = torch.autograd.grad(outputs(moving), moving, share[:, None] * bent)
    scale = float(pulled.abs().max()) + 1e-8
    assert_close(problem.turning(theta, step) / scale, pulled / scale, like="difference")


@pytest.mark.parametrize("name", ["few edges", "few edges of products"])
def test_edges_without_splines_are_not_laid_out(name: str):
    problem = posed(name, SquaredError())[0]
    edges = sum(int(layer.spline_edges().sum()) for layer in problem.layers)
    moving, stored = problem.start().numel(), problem.flat.theta.numel()
    assert moving <= problem.blocks.size <= moving + edges  # a bias may be there once more for every edge
    assert problem.blocks.size < 0.6 * stored
