"""Penalties: the least-squares form touches and majorises, counts spreads only, and prefers one node to two; the
paper's form is the paper's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from edgewise.errors import ConfigError
from edgewise.losses import SquaredError
from edgewise.model import KAN
from edgewise.train.priors.sparsity import EdgePenalty, L1Entropy
from edgewise.train.priors.tuning import TUNED
from edgewise.train.problems.kan import NetworkProblem
from edgewise.transforms import remove, set_symbolic
from helpers import assert_close, assert_equal

from ..problems.test_kan import data, stirred

POWERS = (1.0, 0.5, 0.25)
SHAPES = ((2, 3, 1), (3, (2, (2, 3)), 2))


def network(shape, power: float) -> tuple[NetworkProblem, EdgePenalty]:
    model = stirred(shape)
    model = remove(model, edges=model.active_edges()[:1])
    X, y, _ = data(model, SquaredError(), rows=30)
    penalty = EdgePenalty(0.3, power, eps=1e-2).relative_to(model.trace(X)[1])
    return NetworkProblem(model.build(), model.scale_inputs(X), y, SquaredError(), terms=(penalty,)), penalty


def at_frozen_activations(problem: NetworkProblem, penalty: EdgePenalty):
    """The penalty as a function of the parameters, with every layer's inputs held."""
    theta = problem.start()
    problem.flat.load(theta)
    with torch.no_grad():
        bases = problem.predict(problem.x).bases

    def value(t: Tensor) -> float:
        problem.flat.load(t)
        with torch.no_grad():
            return penalty.value(bases)

    gradient, curvature = torch.zeros_like(problem.flat.theta), theta.new_zeros(len(theta), len(theta))
    with torch.no_grad():
        at = penalty.add_quadratic(bases, gradient, problem.flat.over_moving(curvature))
    return theta, value, at, problem.flat.moving(gradient), curvature


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("power", POWERS)
def test_the_quadratic_touches_in_value_and_slope(shape, power: float):
    problem, penalty = network(shape, power)
    theta, value, at, gradient, _ = at_frozen_activations(problem, penalty)
    assert_close(at, value(theta))
    step, found = 1e-6, []
    for n in range(theta.numel()):
        unit = torch.zeros_like(theta)
        unit[n] = step
        found.append((value(theta + unit) - value(theta - unit)) / (2 * step))
    assert_close(gradient, torch.tensor(found, dtype=torch.float64), like="difference")


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("power", POWERS)
def test_the_quadratic_lies_above_everywhere(shape, power: float):
    problem, penalty = network(shape, power)
    theta, value, at, gradient, curvature = at_frozen_activations(problem, penalty)
    generator = torch.Generator().manual_seed(1)
    for size in (1e-3, 1e-2, 0.1, 1.0, 10.0):
        for _ in range(20):
            d = size * torch.randn(theta.shape, dtype=torch.float64, generator=generator)
            above = at + float(gradient @ d) + 0.5 * float(d @ curvature @ d)
            assert above >= value(theta + d) - 1e-10 * abs(above)
    towards_constants = -theta.clone()
    above = at + float(gradient @ towards_constants) + 0.5 * float(towards_constants @ curvature @ towards_constants)
    assert above >= value(theta + towards_constants) - 1e-10
    assert float(torch.linalg.eigvalsh(curvature)[0]) >= -1e-10 * float(curvature.diagonal().max())


def test_the_problem_counts_loss_and_penalty_together():
    problem, penalty = network((2, 3, 1), 0.5)
    plain = NetworkProblem(problem.model.build(), problem.x, problem.y, SquaredError())
    theta = problem.start()
    value, gradient, _ = problem.quadratic(theta)
    assert_close(value, problem.value(theta))
    assert_close(problem.last_loss, plain.value(theta))
    with torch.no_grad():
        bases = problem.predict(problem.x).bases
        assert_close(value, plain.value(theta) + penalty.value(bases))
    assert not torch.allclose(gradient, plain.quadratic(theta)[1])


def test_constant_edges_cost_nothing_and_closed_forms_are_not_penalised():
    model = KAN((2, 2, 1), grid_size=3, base="none")
    with torch.no_grad():
        for layer in model.edge_layers:
            layer.coef.fill_(0.7)  # a partition of unity: constants
    X = 2 * torch.rand(20, 2, dtype=torch.float64) - 1
    for network in (model, set_symbolic(model, {(0, 0, 0): ("sin", 1.0, 0.0, 2.0, 0.0)})):
        problem = NetworkProblem(network.build(), X, X[:, :1], SquaredError())
        with torch.no_grad():
            bases = problem.predict(X).bases
            assert_close(EdgePenalty(1.0, 0.5, gauge=(1.0, 1.0)).value(bases), 0.0)


def test_one_node_is_cheaper_than_the_same_function_from_two_under_a_concave_power():
    X = 2 * torch.rand(50, 1, dtype=torch.float64) - 1
    whole, halves = KAN((1, 2, 1), grid_size=3, base="none"), KAN((1, 2, 1), grid_size=3, base="none")
    line = torch.linspace(-5 / 3, 5 / 3, 6, dtype=torch.float64)  # on the Greville points: the identity
    with torch.no_grad():
        for model, hidden, out in ((whole, (1.0, 0.0), (1.0, 0.0)), (halves, (1.0, 1.0), (0.5, 0.5))):
            model.edge_layers[0].coef[0] = line[:, None] * torch.tensor(hidden, dtype=torch.float64)
            model.edge_layers[1].coef[:, :, 0] = torch.tensor(out, dtype=torch.float64)[:, None] * line
    assert_close(whole(X), halves(X))
    cost = {}
    for power in (1.0, 0.5):
        for name, model in (("whole", whole), ("halves", halves)):
            penalty = EdgePenalty(1.0, power).relative_to(model.trace(X)[1])
            problem = NetworkProblem(model.build(), X, X, SquaredError())
            with torch.no_grad():
                cost[name, power] = penalty.value(problem.predict(X).bases)
    assert cost["whole", 0.5] < 0.75 * cost["halves", 0.5]


def test_spreads_count_relative_to_their_layer():
    """Hidden activations ten times smaller, the outer edges read ten times faster: the same cost."""
    model = stirred((2, 3, 1), base="none")
    X = data(model, SquaredError(), rows=30)[0]
    first, second = model.edge_layers
    smaller = model.build(
        layers=[
            type(first).build(**{**first.parts(), "coef": first.coef * 0.1, "bias": first.bias * 0.1}),
            type(second).build(**{**second.parts(), "knots": second.knots * 0.1}),
        ]
    )
    costs = []
    for network in (model, smaller):
        penalty = EdgePenalty(1.0).relative_to(network.trace(X)[1])
        problem = NetworkProblem(network.build(), network.scale_inputs(X), X[:, :1], SquaredError())
        with torch.no_grad():
            costs.append(penalty.value(problem.predict(problem.x).bases))
    assert_close(costs[1], costs[0], like="derivative")


def test_the_papers_penalty_is_the_papers():
    model = stirred((2, 3, 2))
    X = data(model, SquaredError())[0]
    want = 0.0
    for edges in model.trace(X)[1].edges:
        size = edges.detach().abs().mean(0).numpy()
        share = size / size.sum()
        want += 2.0 * size.sum() - 0.5 * float((share * np.log(share)).sum())
    assert_close(L1Entropy(0.1, X, l1=2.0, entropy=0.5)(model, X).item(), 0.1 * want)


def test_the_papers_penalty_takes_networks_without_activity():
    model = KAN((2, 2, 1))
    with torch.no_grad():
        for p in model.parameters():
            p.zero_()
    x = torch.rand(5, 2, dtype=torch.float64)
    value = L1Entropy.of(x, 0.1, seed=0)(model, x)
    value.backward()
    assert value.item() == 0.0
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


def test_the_papers_penalty_refuses_other_modules():
    with pytest.raises(ConfigError, match="sparsity is for edgewise.KAN, got Linear"):
        L1Entropy(0.1, torch.rand(5, 2))(nn.Linear(2, 1), torch.rand(5, 2))


def test_a_large_table_has_a_sample_of_its_rows():
    x = torch.arange(3.0 * TUNED.sample)[:, None]
    one, other, third = (L1Entropy.of(x, 0.1, seed).sample for seed in (0, 0, 1))
    assert_equal(one, other)
    assert one.shape == (TUNED.sample, 1) and len(one.unique()) == TUNED.sample
    assert not torch.equal(one, third)


def test_a_batch_is_penalised_on_its_own_rows_and_a_table_on_its_sample():
    model = KAN((2, 3, 1), seed=1)
    x = 2 * torch.rand(20 * TUNED.sample, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) - 1
    penalty = L1Entropy.of(x, 1.0, seed=0)
    with torch.no_grad():
        assert_equal(penalty(model, x), penalty(model, penalty.sample))
        assert_equal(penalty(model, x[:100]), L1Entropy(1.0, x[:100])(model, x[:100]))
        whole = float(L1Entropy(1.0, x)(model, x))
        assert abs(float(penalty(model, x)) / whole - 1) < 0.03
