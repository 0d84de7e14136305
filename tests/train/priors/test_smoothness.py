"""Smoothness: jumps are those of the spline, polynomials are free, the term is the quadratic it says, and its weight is
found from the data."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

import edgewise as ew
from edgewise import grid
from edgewise.fitting import dense_basis, project
from edgewise.layers import KANLayer
from edgewise.losses import CrossEntropy, SquaredError
from edgewise.train.priors.smoothness import Intensity, Roughness, estimate, jumps, places
from edgewise.train.problems.kan import NetworkProblem
from edgewise.train.solvers import levenberg_marquardt
from edgewise.transforms import remove
from helpers import assert_close

from ..problems.test_kan import data, stirred


def layer_on(knots: Tensor, degree: int, outputs: int = 2) -> KANLayer:
    generator = torch.Generator().manual_seed(3)
    layer = KANLayer(
        knots.shape[0],
        outputs,
        grid_size=knots.shape[1] - 1 - 2 * degree,
        degree=degree,
        base="none",
        dtype=torch.float64,
    )
    parts = layer.parts()
    coef = torch.randn(parts["coef"].shape, generator=generator, dtype=torch.float64)
    return KANLayer.build(**{**parts, "knots": knots, "coef": coef, "uniform": None})


def uneven(degree: int, grid_size: int = 6, inputs: int = 2) -> Tensor:
    steps = torch.rand(inputs, grid_size, generator=torch.Generator().manual_seed(1), dtype=torch.float64) + 0.2
    breaks = torch.cat([steps.new_zeros(inputs, 1), steps.cumsum(1)], 1) - 1
    return grid.from_breaks(breaks, degree)


@pytest.mark.parametrize("degree", range(1, 8))
def test_jumps_are_those_of_the_highest_derivative(degree: int):
    layer = layer_on(uneven(degree), degree)
    breaks = grid.breaks_of(layer.knots, degree)
    middles = (0.5 * (breaks[:, 1:] + breaks[:, :-1])).T  # (G, i): that derivative is constant within an interval
    pieces = torch.stack(
        [
            ew.ops.edge_values(row[None], layer.coef.detach(), layer.knots, degree=degree, derivative=degree)[0]
            for row in middles
        ]
    )
    widths = breaks.diff(dim=1)
    mean = 0.5 * (widths[:, 1:] + widths[:, :-1])
    want = pieces.diff(dim=0).permute(1, 0, 2) / mean.sqrt()[..., None]
    got = jumps(layer) @ layer.coef.detach()
    assert_close(got / want.abs().max(), want / want.abs().max())


@pytest.mark.parametrize("degree", range(0, 8))
def test_polynomials_are_free(degree: int):
    layer = layer_on(uneven(degree), degree, outputs=1)
    coef, _ = project(lambda x: ((x + 0.3) ** degree)[..., None], layer.knots, degree)
    found, size = jumps(layer) @ coef, jumps(layer).abs().amax((1, 2), keepdim=True) * coef.abs().amax()
    assert float((found / size).abs().max()) < 1e-11


@pytest.mark.parametrize("loss", [SquaredError(), CrossEntropy()], ids=lambda loss: loss.name)
@pytest.mark.parametrize("shape", [(2, 3, 2), (3, (2, (2, 3)), 2)], ids=str)
def test_the_term_is_the_quadratic_it_says(shape, loss):
    model = stirred(shape)
    model = remove(model, edges=model.active_edges()[:1])
    X, y, weight = data(model, loss)
    term = Roughness.first(model.edge_layers, 0.1).term(model.edge_layers, 17)
    problem = NetworkProblem(model.build(), model.scale_inputs(X), y, loss, weight, (term,))
    plain = NetworkProblem(model.build(), model.scale_inputs(X), y, loss, weight)
    theta = problem.start()
    more, less = problem.quadratic(theta), plain.quadratic(theta)
    gradient, curvature = more[1] - less[1], more[2] - less[2]
    assert_close(more[0], problem.value(theta))
    assert problem.last_diagonal is not None
    assert_close(problem.last_diagonal, less[2].diagonal())
    step = torch.randn(theta.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    rise = (problem.value(theta + step) - plain.value(theta + step)) - (more[0] - less[0])
    assert_close(torch.tensor(rise, dtype=torch.float64), gradient @ step + 0.5 * step @ curvature @ step)
    assert float(torch.linalg.eigvalsh(curvature)[0]) > -1e-10 * float(curvature.diagonal().max())


def test_the_term_can_be_evaluated_on_other_knots():
    layer = layer_on(uneven(3, 8), 3)
    values = torch.linspace(-2, 3, 14, dtype=torch.float64).exp().view(2, 7, 1).expand(2, 7, 2).contiguous()
    known = Intensity(places(layer), values)
    assert_close(known.at(places(layer)), values)
    between = 0.5 * (known.places[:, 1:] + known.places[:, :-1])
    assert_close(known.at(between), (values[:, 1:] * values[:, :-1]).sqrt())
    ends = torch.tensor([[0.0, 1.0], [0.0, 1.0]], dtype=torch.float64)
    assert_close(known.at(ends), values[:, [0, -1]])


@pytest.mark.parametrize(("noise", "scale"), [(0.3, 30.0), (0.01, 300.0), (1.0, 300.0)])
def test_intensity_and_noise_are_recovered_from_data_drawn_with_them(noise: float, scale: float):
    """A spline whose jumps are drawn with intensity scale^2, seen through noise: both are found, up to what so many
    jumps can tell. (Jumps worth one parameter, as of scale 3 under noise 1, are no case: there the most likely
    intensity is none at all on half of the seeds.)"""
    found = []
    for seed in range(6):
        generator = torch.Generator().manual_seed(seed)
        knots = grid.uniform(-torch.ones(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64), 60, 3)
        model = ew.KAN((1, 1), grid_size=60, base="none", seed=0)
        layer = model.edge_layers[0]
        assert_close(layer.knots, knots)
        d = jumps(layer)[0]
        drawn = scale * torch.randn(d.shape[0], generator=generator, dtype=torch.float64)
        truth = torch.linalg.pinv(d) @ drawn
        x = 2 * torch.rand(2000, 1, generator=generator, dtype=torch.float64) - 1
        y = dense_basis(x, knots, degree=3)[:, 0] @ truth + noise * torch.randn(
            2000, generator=generator, dtype=torch.float64
        )
        known = Roughness(
            tuple([Intensity(places(layer), torch.full((1, 59, 1), 1e4 * scale**2, dtype=torch.float64))]), 4 * noise**2
        )
        for _ in range(12):
            term = known.term(model.edge_layers, 2000)
            problem = NetworkProblem(model.build(), x, y[:, None], SquaredError(), terms=(term,))
            end = levenberg_marquardt.minimize(problem, problem.start(), steps=30)
            known = estimate(problem, end.theta, term, known)
        [intensity] = known.layers
        assert intensity is not None
        found.append(
            [
                math.log(known.dispersion / 2) - 2 * math.log(noise),
                float(intensity.values.log().mean()) - 2 * math.log(scale),
            ]
        )
    noises, scales = np.median(found, 0)
    assert abs(noises) < 0.1
    assert abs(scales) < 1.0


@pytest.mark.slow
def test_a_fine_grid_on_noisy_data_is_as_good_as_a_coarse_one():
    generator = torch.Generator().manual_seed(0)
    X = 2 * torch.rand(300, 1, generator=generator, dtype=torch.float64) - 1
    clean: Tensor = torch.sin(3 * X[:, 0])
    y = clean + 0.1 * torch.randn(300, generator=generator, dtype=torch.float64)

    def error(size: int) -> float:
        model = ew.fit(ew.KAN((1, 1), grid_size=size), X, y, grids=(size,), progress=False).model
        with torch.no_grad():
            return float((model(X)[:, 0] - clean).square().mean().sqrt())

    coarse, fine = error(5), error(100)
    assert fine < 1.2 * coarse
    assert fine < 0.03


@pytest.mark.parametrize(("degree", "fine"), [(3, 400), (4, 150)])
def test_noise_takes_as_many_parameters_on_a_fine_grid_as_on_a_coarse_one(degree: int, fine: int):
    generator = torch.Generator().manual_seed(0)
    X = 2 * torch.rand(1000, 1, generator=generator, dtype=torch.float64) - 1
    y = torch.sin(3 * X) + 0.05 * torch.randn(1000, 1, generator=generator, dtype=torch.float64)

    def effective(size: int, rounds: int, known: Roughness | None) -> tuple[float, Roughness]:
        model = ew.KAN((1, 1), grid_size=size, degree=degree, base="none", seed=0)
        known = known.on(model.edge_layers) if known else Roughness.first(model.edge_layers, 1.0)
        for _ in range(rounds):
            term = known.term(model.edge_layers, 1000)
            problem = NetworkProblem(model.build(), model.scale_inputs(X), y, SquaredError(), terms=(term,))
            end = levenberg_marquardt.minimize(problem, problem.start(), steps=30)
            known = estimate(problem, end.theta, term, known)
        return 1000 * (1 - 2 * problem.last_loss / known.dispersion), known

    coarse, known = effective(30, 30, None)
    assert effective(fine, 5, known)[0] == pytest.approx(coarse, abs=0.2)


def test_a_noise_below_zero_as_a_memory_may_leave_it_smooths_nothing():
    model = ew.KAN((2, 1), grid_size=8, seed=0)
    known = Roughness.first(model.edge_layers, -1.0)
    assert all(torch.equal(w, torch.zeros_like(w)) for w in known.term(model.edge_layers, 100).precision)


def test_data_without_noise_are_hardly_smoothed():
    X = torch.linspace(-1, 1, 400, dtype=torch.float64)[:, None]
    y = torch.sin(6 * X[:, 0])
    model = ew.fit(ew.KAN((1, 1), grid_size=20), X, y, grids=(20,), progress=False).model
    layer = model.edge_layers[0]
    basis = dense_basis(model.scale_inputs(X), layer.knots, degree=3)[:, 0]
    best = torch.linalg.lstsq(basis, y[:, None]).solution[:, 0]
    with torch.no_grad():
        assert float((model(X)[:, 0] - y).square().mean()) < 1.05 * float((basis @ best - y).square().mean())


@pytest.mark.parametrize("degree", [1, 3, 5])
def test_demand_is_the_root_that_makes_the_error_of_a_spline_even(degree: int):
    layer = ew.KAN((1, 1), grid_size=8, degree=degree).edge_layers[0]
    where = places(layer)
    known = Intensity(where, torch.where(where < 0.5, 1.0, 16.0 ** (degree + 1))[..., None].double())
    demand = known.demand(layer.knots, degree)[0]
    assert_close(demand[-1] / demand[0], torch.tensor(4.0, dtype=torch.float64))
